import { environmentSettings } from '../../../layers/adapters/grid-settings.ts';
import { postgresScoringStore } from '../../../layers/adapters/postgres/anomaly-scoring.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { scoreReadings } from '../../../layers/domain/anomalies/score-readings.ts';
import { log } from '../../../layers/runtime/observability.ts';
import { scheduledHandler } from '../../../layers/runtime/scheduled.ts';

/** The time-out is 55 s; a bucket that has begun is finished. */
const BUDGET_MS = 35_000;

const settings = environmentSettings((failure) => log.error('SETTINGS_KEPT', failure));

export const handler = scheduledHandler(
  'READINGS_SCORED',
  scoreReadings({
    store: postgresScoringStore(database()),
    settings: async () => (await settings.current()).settings.anomalies,
    clock: Date.now,
    budgetMs: BUDGET_MS,
  }),
);
