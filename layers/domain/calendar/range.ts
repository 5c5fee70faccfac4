/** A half-open range, epoch ms. */
export interface Range {
  from: number;
  to: number;
}

/**
 * The range a query means: without `to` until `now`, without `from` so long before `to`.
 * @param bounds RFC 3339 instants
 */
export function rangeOf(
  bounds: { from?: string | undefined; to?: string | undefined },
  defaults: { now: number; spanMs: number },
): Range {
  const to = bounds.to === undefined ? defaults.now : Date.parse(bounds.to);
  const from = bounds.from === undefined ? to - defaults.spanMs : Date.parse(bounds.from);
  return { from, to };
}

export const isoRange = ({ from, to }: Range): { from: string; to: string } => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
});
