import type { Granularity } from '../../contracts/api/values.ts';

const DAY_MS = 24 * 3_600_000;

/** How far back a query without `from` reaches. */
export const DEFAULT_SPAN_MS: Record<Granularity, number> = { hour: DAY_MS, day: 31 * DAY_MS, month: 366 * DAY_MS };
