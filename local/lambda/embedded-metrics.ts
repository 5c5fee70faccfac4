import type { MetricDatum } from '../kernel/types.ts';

interface Directive {
  Namespace?: unknown;
  Dimensions?: unknown;
  Metrics?: unknown;
}

/**
 * The metrics in a log line of the embedded metric format; none if the line is something else.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function embeddedMetrics(line: string): MetricDatum[] {
  if (!line.startsWith('{') || !line.includes('"_aws"')) return [];
  let document: Record<string, unknown>;
  try {
    document = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return [];
  }
  const head = document._aws as { Timestamp?: unknown; CloudWatchMetrics?: unknown } | undefined;
  if (!Array.isArray(head?.CloudWatchMetrics) || typeof head.Timestamp !== 'number') return [];
  const time = head.Timestamp;
  return (head.CloudWatchMetrics as Directive[]).flatMap((directive) => data(document, directive, time));
}

function data(document: Record<string, unknown>, directive: Directive, time: number): MetricDatum[] {
  const { Namespace: namespace, Dimensions: sets, Metrics: metrics } = directive;
  if (typeof namespace !== 'string' || !Array.isArray(metrics)) return [];
  const found: MetricDatum[] = [];
  for (const metric of metrics as { Name?: unknown; Unit?: unknown; StorageResolution?: unknown }[]) {
    if (typeof metric.Name !== 'string') continue;
    const values = [document[metric.Name]].flat().filter((value) => typeof value === 'number');
    for (const names of Array.isArray(sets) && sets.length > 0 ? (sets as string[][]) : [[]]) {
      const dimensions = Object.fromEntries(names.map((name) => [name, String(document[name])]));
      for (const value of values)
        found.push({
          namespace,
          name: metric.Name,
          dimensions,
          value,
          time,
          ...(typeof metric.Unit === 'string' ? { unit: metric.Unit } : {}),
          ...(metric.StorageResolution === 1 ? { highResolution: true } : {}),
        });
    }
  }
  return found;
}
