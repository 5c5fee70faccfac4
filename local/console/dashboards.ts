import type { MetricReader } from './metrics.ts';
import type { WidgetView } from './view.ts';

type Entry = string | { stat?: string; label?: string };

/** Splits CloudWatch's `[namespace, name, dimension, value, …, options]`, in which `.` repeats what stood above and `...` all but the last. */
const expand = (
  metric: readonly Entry[],
  above: readonly string[],
): { words: string[]; options: { stat?: string; label?: string } } => {
  const options = metric.find((part) => typeof part === 'object') ?? {};
  let words = metric.filter((part) => typeof part === 'string');
  if (words[0] === '...') words = [...above.slice(0, above.length - words.length + 1), ...words.slice(1)];
  return { words: words.map((word, index) => (word === '.' ? (above[index] ?? word) : word)), options };
};

/**
 * A dashboard body of the template with the data of its metrics. Expressions are not computed.
 * Source: CloudWatch API reference, dashboard body structure and syntax.
 */
export const widgetsOf = (body: unknown, metrics: MetricReader): WidgetView[] => {
  const widgets = (body as { widgets?: unknown[] } | undefined)?.widgets ?? [];
  return widgets.map((widget): WidgetView => {
    const {
      type,
      width = 6,
      properties = {},
    } = widget as {
      type?: string;
      width?: number;
      properties?: { title?: string; markdown?: string; metrics?: Entry[][]; stat?: string };
    };
    let above: string[] = [];
    const lines = (properties.metrics ?? []).flatMap((metric) => {
      const { words, options } = expand(metric, above);
      above = words;
      const [namespace = '', name = '', ...pairs] = words;
      const dimensions: Record<string, string> = {};
      for (let at = 0; at + 1 < pairs.length; at += 2) dimensions[pairs[at] ?? ''] = pairs[at + 1] ?? '';
      const found = metrics.series(namespace, name, dimensions, options.stat ?? properties.stat ?? 'Average');
      return [
        {
          label: options.label ?? `${name} ${Object.values(dimensions).join(' ')}`.trim(),
          points: found[0]?.points ?? [],
        },
      ];
    });
    return {
      title: properties.title ?? '',
      markdown: type === 'text' ? (properties.markdown ?? '') : null,
      width,
      lines,
    };
  });
};
