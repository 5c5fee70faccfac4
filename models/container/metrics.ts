/**
 * A figure as the training job's metric definitions find it on standard output: `[metric] wape=0.178;`.
 * Source: https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
 * @throws for a name or figure that no definition could read.
 */
export function metricLine(name: string, value: number): string {
  if (!/^[A-Za-z0-9_]{1,64}$/.test(name)) throw new Error(`"${name}" is no name of a metric`);
  if (!Number.isFinite(value)) throw new Error(`metric ${name} is ${value}`);
  return `[metric] ${name}=${value};`;
}
