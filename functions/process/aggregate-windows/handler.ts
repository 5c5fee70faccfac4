import { database } from '../../../layers/adapters/postgres/pool.ts';
import { postgresWindowAggregation } from '../../../layers/adapters/postgres/window-aggregation.ts';
import { aggregateWindows } from '../../../layers/domain/windows/aggregate-windows.ts';
import { scheduledHandler } from '../../../layers/runtime/scheduled.ts';

/** The function's time-out is 55 s: a started transaction is finished. */
const BUDGET_MS = 40_000;
const windows = postgresWindowAggregation(database());

export const handler = scheduledHandler('WINDOWS_AGGREGATED', async () => {
  const { summed, changed, more } = await aggregateWindows(windows, { budgetMs: BUDGET_MS });
  return { EntityDaysSummed: summed, EntityDaysChanged: changed, AggregationsWaiting: more ? 1 : 0 };
});
