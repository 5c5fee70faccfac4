import type { Hyperparameters, ModelRun } from '../../contracts/models/learning.ts';

const keyOf = (hyperparameters: Hyperparameters): string => JSON.stringify(Object.entries(hyperparameters).sort());

/**
 * The candidate whose losses over all folds are least, each metric in units of the best candidate's. Only those measured on
 * every fold are compared; of equals the first counts.
 */
export function bestCandidate({
  runs,
  folds,
  metrics,
}: {
  runs: readonly ModelRun[];
  folds: number;
  metrics: readonly string[];
}): Hyperparameters | undefined {
  const usable = runs.filter(
    ({ status, metrics: found }) => status === 'completed' && metrics.every((metric) => Number.isFinite(found[metric])),
  );
  const candidates = [...Map.groupBy(usable, ({ hyperparameters }) => keyOf(hyperparameters)).values()].filter(
    (own) => new Set(own.map(({ fold }) => fold)).size === folds,
  );
  const meanOf = (own: readonly ModelRun[], metric: string) =>
    own.reduce((sum, run) => sum + (run.metrics[metric] ?? Number.NaN), 0) / own.length;
  const least = metrics.map((metric) => Math.min(...candidates.map((own) => meanOf(own, metric))));
  const scored = candidates.map((own) => ({
    hyperparameters: own[0]?.hyperparameters,
    score: metrics.reduce((sum, metric, index) => sum + meanOf(own, metric) / ((least[index] as number) || 1), 0),
  }));
  return scored.sort((a, b) => a.score - b.score)[0]?.hyperparameters;
}
