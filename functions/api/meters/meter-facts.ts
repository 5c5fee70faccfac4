import { CHANNELS, kilowattHours } from '../../../layers/contracts/messages/channels.ts';
import type { MeterEventName } from '../../../layers/contracts/messages/events.ts';
import { isoRange } from '../../../layers/domain/calendar/range.ts';
import { registerAt } from '../../../layers/domain/readings/meter-registry.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor, ROW_POSITION } from '../../../layers/runtime/cursor.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';
import { type MeterPorts, noMeter } from './meter-routes.ts';

/** Reads and events are rare: a month by default. */
const SPAN_MS = 31 * 24 * 3_600_000;

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** Where the page of a cursor begins: an instant, and how many rows of that instant earlier pages showed. */
function pageStart(cursor: string | undefined, from: number): { from: number; skip: number } | ApiProblem {
  const position = decodeCursor(cursor, ROW_POSITION);
  if (position === undefined) return { from, skip: 0 };
  if (position instanceof ApiProblem) return position;
  const [instant = from, skip = 0] = position.split('.').map(Number);
  return instant < from ? { from, skip: 0 } : { from: instant, skip };
}

/** The page of rows read one beyond its limit, and the cursor of the next one. */
function pageOf<Row>(
  rows: readonly Row[],
  { limit, start, timeOf }: { limit: number; start: { from: number; skip: number }; timeOf: (row: Row) => number },
): { page: Row[]; next: string | null } {
  const page = rows.slice(0, limit);
  const following = rows[limit];
  if (following === undefined) return { page, next: null };
  const instant = timeOf(following);
  const shown = page.filter((row) => timeOf(row) === instant).length + (instant === start.from ? start.skip : 0);
  return { page, next: encodeCursor(`${instant}.${shown}`) };
}

export const meterRegisters = async (
  ports: MeterPorts,
  { params: { meterId }, query, now }: Parameters<UseCase<'getMeterRegisters'>>[0],
): ReturnType<UseCase<'getMeterRegisters'>> => {
  const range = requestedRange(query, now, SPAN_MS);
  if (range instanceof ApiProblem) return range;
  const start = pageStart(query.cursor, range.from);
  if (start instanceof ApiProblem) return start;
  const meter = await ports.topology.findMeter(meterId);
  if (!meter) return noMeter(meterId);
  const own = meter.channels.find(({ channel }) => channel === query.channel);
  if (!own) return apiProblem('not-found', `Meter ${meterId} has no channel ${query.channel}`);
  const channel = CHANNELS[query.channel].code;
  const [found, registers] = await Promise.all([
    ports.facts.registerReads({ meterNo: meter.meterNo, channel, ...start, to: range.to, limit: query.limit + 1 }),
    ports.registry.registers([meter.meterNo]),
  ]);
  const { page, next } = pageOf(found, { limit: query.limit, start, timeOf: ({ readAt }) => readAt });
  return {
    meterId,
    channel: query.channel,
    unit: own.unit,
    ...isoRange(range),
    reads: page.map((read) => {
      const isFinal = read.reason === 'exchange-final';
      const dated = registerAt(registers.get(meter.meterNo) ?? [], { channel, at: read.readAt, isFinal });
      return {
        time: iso(read.readAt),
        value: kilowattHours(read.registerWh),
        version: read.revision,
        reason: read.reason,
        serial: read.serial === '' ? null : read.serial,
        multiplier: read.multiplier || (dated?.multiplier ?? 1),
        digits: read.digits || (dated?.digits ?? null),
        recordedAt: iso(read.recordedAt),
      };
    }),
    next,
  };
};

export const meterEvents = async (
  ports: MeterPorts,
  { params: { meterId }, query, now }: Parameters<UseCase<'getMeterEvents'>>[0],
): ReturnType<UseCase<'getMeterEvents'>> => {
  const range = requestedRange(query, now, SPAN_MS);
  if (range instanceof ApiProblem) return range;
  const start = pageStart(query.cursor, range.from);
  if (start instanceof ApiProblem) return start;
  const meter = await ports.topology.findMeter(meterId);
  if (!meter) return noMeter(meterId);
  const found = await ports.facts.meterEvents({
    meterNo: meter.meterNo,
    ...(query.event === undefined ? {} : { event: query.event }),
    ...start,
    to: range.to,
    limit: query.limit + 1,
  });
  const { page, next } = pageOf(found, { limit: query.limit, start, timeOf: ({ occurredAt }) => occurredAt });
  return {
    meterId,
    ...isoRange(range),
    events: page.map(({ occurredAt, event, detail, recordedAt }) => ({
      time: iso(occurredAt),
      event: event as MeterEventName,
      ...(detail === '' ? {} : { detail }),
      recordedAt: iso(recordedAt),
    })),
    next,
  };
};
