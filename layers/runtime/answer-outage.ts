import type * as z from 'zod';
import type { outage, outageDetail } from '../contracts/api/outages.ts';
import type { OutageReader, OutageSummary } from '../domain/outages/outage-store.ts';
import { type ApiProblem, apiProblem } from './api-problem.ts';

const iso = (timeMs: number): string => new Date(timeMs).toISOString();
const isoOrNull = (timeMs: number | null): string | null => (timeMs === null ? null : iso(timeMs));

/** An outage as the API tells it. */
export const outageAnswer = (found: OutageSummary): z.infer<typeof outage> => ({
  ...found,
  from: iso(found.from),
  to: isoOrNull(found.to),
  steps: found.steps.map(({ at, customers }) => ({ at: iso(at), customers })),
  area: found.area && { type: 'Polygon', coordinates: found.area },
});

export const outageDetailAnswer = (
  found: NonNullable<Awaited<ReturnType<OutageReader['find']>>>,
): z.infer<typeof outageDetail> => ({
  ...outageAnswer(found),
  interruptions: found.interruptions.map((one) => ({ ...one, from: iso(one.from), to: isoOrNull(one.to) })),
});

export const noOutage = (outageId: string): ApiProblem => apiProblem('not-found', `There is no outage ${outageId}`);
