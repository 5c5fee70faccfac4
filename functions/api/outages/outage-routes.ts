import type { MeterEventName } from '../../../layers/contracts/messages/events.ts';
import type { TopologyReader } from '../../../layers/domain/network/topology-store.ts';
import type { OutageReader } from '../../../layers/domain/outages/outage-store.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';
import type { ReadingStore } from '../../../layers/domain/readings/reading-store.ts';
import { noOutage, outageAnswer, outageDetailAnswer } from '../../../layers/runtime/answer-outage.ts';
import type { UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor } from '../../../layers/runtime/cursor.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';
import { answerReliability } from './reliability.ts';

export interface OutagePorts {
  outages: OutageReader;
  topology: Pick<TopologyReader, 'findMeter' | 'exists' | 'network'>;
  readings: Pick<ReadingStore, 'readIntervals'>;
}

const LIST_SPAN_MS = 28 * DAY_MS;
/** Energy measured in an interval that ended less than this ago says that supply is on. [proposed] */
const LATELY_MS = 2 * 3_600_000;
const POSITION = /^\d{1,15}\/out-[0-9a-f]{24}$/;

/** Use cases of outages, reliability and the supply of a meter. */
export function outageRoutes(
  ports: OutagePorts,
): UseCases<'listOutages' | 'getOutage' | 'getReliability' | 'getMeterStatus'> {
  return {
    async listOutages({ query, now }) {
      const range = requestedRange(query, now, LIST_SPAN_MS);
      if (range instanceof ApiProblem) return range;
      const position = decodeCursor(query.cursor, POSITION);
      if (position instanceof ApiProblem) return position;
      const [from, outageId = ''] = position?.split('/') ?? [];
      const found = await ports.outages.list({
        ...range,
        ...(query.status === undefined ? {} : { statuses: [query.status] }),
        ...(query.bbox === undefined ? {} : { bbox: boxOf(query.bbox) }),
        ...(from === undefined ? {} : { after: { from: Number(from), outageId } }),
        limit: query.limit + 1,
      });
      const last = found.length > query.limit ? found[query.limit - 1] : undefined;
      return {
        items: found.slice(0, query.limit).map(outageAnswer),
        next: last ? encodeCursor(`${last.from}/${last.outageId}`) : null,
      };
    },
    async getOutage({ params: { outageId } }) {
      const found = await ports.outages.find(outageId);
      return found ? outageDetailAnswer(found) : noOutage(outageId);
    },
    getReliability: (request) => answerReliability(ports, request),
    async getMeterStatus({ params: { meterId }, now }) {
      const meter = await ports.topology.findMeter(meterId);
      if (!meter) return apiProblem('not-found', `There is no meter ${meterId}`);
      const { open, lastEvent } = await ports.outages.supplyOf(meter.meterNo);
      const recent = await ports.readings.readIntervals({
        meterNo: meter.meterNo,
        channel: 1,
        from: now - LIST_SPAN_MS,
        to: now,
      });
      const newest = recent.at(-1)?.end;
      const lately = newest !== undefined && now - newest < LATELY_MS;
      const out = open?.status === 'confirmed' ? 'out' : 'suspectedOut';
      const since = open?.from ?? (lately ? undefined : newest);
      return {
        meterId,
        supply: open ? out : lately ? 'on' : 'unknown',
        since: since === undefined ? null : new Date(since).toISOString(),
        outageId: open?.outageId ?? null,
        newestReadingEnd: newest === undefined ? null : new Date(newest).toISOString(),
        lastEvent: lastEvent
          ? { event: lastEvent.event as MeterEventName, time: new Date(lastEvent.at).toISOString() }
          : null,
      };
    },
  };
}

const boxOf = (text: string): [number, number, number, number] =>
  text.split(',').map(Number) as [number, number, number, number];
