import { CHANNEL_BY_CODE } from '../../../layers/contracts/messages/channels.ts';
import { dateOf, dateText } from '../../../layers/domain/calendar/local-days.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';
import {
  runSettlement,
  type SettlementPorts,
  type SettlementRefusal,
} from '../../../layers/domain/settlement/run-settlement.ts';
import type { SettlementReader } from '../../../layers/domain/settlement/settlement-reader.ts';
import type { ExceptionReader } from '../../../layers/domain/vee/exception-reader.ts';
import type { UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor } from '../../../layers/runtime/cursor.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';
import { determinants } from './determinants.ts';

export interface VeePorts extends SettlementPorts {
  reader: SettlementReader & ExceptionReader;
}

const LIST_SPAN_MS = 31 * DAY_MS;
/** The API's own limit is 29 s; a page of usage points that has begun is finished. */
const RUN_BUDGET_MS = 15_000;
const SKIPPED = /^\d{1,9}$/;

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

const REFUSALS: Readonly<Record<Exclude<SettlementRefusal, 'no-region'>, string>> = {
  'day-not-over': 'The day is not over at the cutoff',
  'too-early-to-be-final': 'The day may not be final yet; settle it without "final"',
  'cutoff-before-the-run-before': 'A run with a later cutoff exists; give a later cutoff, or none',
};

/** Use cases of validation, estimation and settlement. */
export function veeRoutes(ports: VeePorts): UseCases<'listVeeExceptions' | 'runVee' | 'getBillingDeterminants'> {
  return {
    async listVeeExceptions({ query, now }) {
      const range = requestedRange(query, now, LIST_SPAN_MS);
      if (range instanceof ApiProblem) return range;
      const position = decodeCursor(query.cursor, SKIPPED);
      if (position instanceof ApiProblem) return position;
      const { rule, severity, status, meterId, limit } = query;
      const skip = Number(position ?? 0);
      const filters = { rule, severity, status, meterId };
      const found = await ports.reader.exceptions({ ...range, ...filters, skip, limit: limit + 1 });
      return {
        items: found.slice(0, limit).map(({ channel, localDay, cim, from, to, meterNo, ...rest }) => ({
          ...rest,
          channel: CHANNEL_BY_CODE[channel] ?? 'activeEnergyImport',
          day: dateText(localDay),
          code: cim,
          from: iso(from),
          to: iso(to),
        })),
        next: found.length > limit ? encodeCursor(String(skip + limit)) : null,
      };
    },
    async runVee({ body: { regionId, day, final = false, cutoff } }) {
      const settled = await runSettlement(ports, {
        regionId,
        localDay: dateOf(day),
        final,
        cutoff: cutoff === undefined ? undefined : Date.parse(cutoff),
        budgetMs: RUN_BUDGET_MS,
      });
      if (settled === 'no-region') return apiProblem('not-found', `There is no region ${regionId}`);
      if (typeof settled === 'string') return apiProblem('conflict', REFUSALS[settled]);
      const { localDay, position, ...run } = settled;
      return { ...run, day: dateText(localDay), cutoff: iso(run.cutoff) };
    },
    getBillingDeterminants: (request) => determinants(ports.reader, request),
  };
}
