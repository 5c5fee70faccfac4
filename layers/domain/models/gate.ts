/** Losses of one held-out example; lower is better. Examples of one block (a day) are not independent of each other. */
export interface ExampleLoss {
  id: string;
  block: string;
  losses: Readonly<Record<string, number>>;
}

/** How a challenger compares with the champion on one guard metric. */
export interface Comparison {
  metric: string;
  champion: number;
  challenger: number;
  /** Upper end of the one-sided 95 % interval of the challenger's loss less the champion's. */
  differenceAtMost: number;
  better: boolean;
}

export interface GateDecision {
  passed: boolean;
  reason: string;
  blocks: number;
  comparisons: Comparison[];
}

/** Fewer blocks than this say nothing about the next one. [proposed] */
export const MIN_BLOCKS = 5;

/** One-sided 95 % points of Student's t by degrees of freedom; beyond the table its last value, which is on the safe side. Source: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2 */
const T95 = [
  6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.74,
  1.734, 1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
];

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Whether a challenger may take the champion's place: on every guard metric its loss must be lower by more than chance explains,
 * paired example by example and judged by block.
 * @param pairs losses of both on the same examples; an example that only one of them answered is not compared, but a
 * challenger that left one unanswered does not pass.
 */
export function judge({
  champion,
  challenger,
  metrics,
}: {
  champion: readonly ExampleLoss[];
  challenger: readonly ExampleLoss[];
  metrics: readonly string[];
}): GateDecision {
  const answered = new Map(challenger.map((example) => [example.id, example]));
  const pairs = champion.flatMap((before) => {
    const after = answered.get(before.id);
    return after ? [{ before, after }] : [];
  });
  const blocks = Map.groupBy(pairs, ({ before }) => before.block);
  // One block has no spread, so nothing is said of the next.
  const comparisons = blocks.size < 2 ? [] : metrics.map((metric) => compare(metric, [...blocks.values()], pairs));
  const decided = (passed: boolean, reason: string) => ({ passed, reason, blocks: blocks.size, comparisons });
  if (metrics.length === 0) throw new Error('a gate without guard metrics lets everything through');
  if (pairs.length < champion.length) {
    return decided(
      false,
      `the challenger left ${champion.length - pairs.length} of ${champion.length} examples unanswered`,
    );
  }
  if (blocks.size < MIN_BLOCKS) return decided(false, `${blocks.size} blocks are too few: ${MIN_BLOCKS} are needed`);
  const worse = comparisons.filter(({ better }) => !better).map(({ metric }) => metric);
  return worse.length > 0
    ? decided(false, `not surely better on ${worse.join(', ')}`)
    : decided(true, `better on ${metrics.join(', ')}`);
}

type Pair = { before: ExampleLoss; after: ExampleLoss };

function compare(metric: string, blocks: readonly (readonly Pair[])[], pairs: readonly Pair[]): Comparison {
  const lossOf = ({ losses, id }: ExampleLoss): number => {
    const loss = losses[metric];
    if (loss === undefined || !Number.isFinite(loss)) throw new Error(`example ${id} has no ${metric}`);
    return loss;
  };
  const differences = blocks.map((block) => mean(block.map(({ before, after }) => lossOf(after) - lossOf(before))));
  const n = differences.length;
  const center = mean(differences);
  const variance = differences.reduce((sum, value) => sum + (value - center) ** 2, 0) / (n - 1);
  const t = T95[Math.min(n - 1, T95.length) - 1] as number;
  const differenceAtMost = center + t * Math.sqrt(variance / n);
  return {
    metric,
    champion: mean(pairs.map(({ before }) => lossOf(before))),
    challenger: mean(pairs.map(({ after }) => lossOf(after))),
    differenceAtMost,
    better: differenceAtMost < 0,
  };
}
