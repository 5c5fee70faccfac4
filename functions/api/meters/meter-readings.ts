import { CHANNELS, kilowattHours, QUALITY_BY_CODE } from '../../../layers/contracts/messages/channels.ts';
import { isoRange } from '../../../layers/domain/calendar/range.ts';
import { gaps } from '../../../layers/domain/consumption/gaps.ts';
import type { ReadingStore, StoredInterval } from '../../../layers/domain/readings/reading-store.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor, INSTANT_POSITION } from '../../../layers/runtime/cursor.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';
import { type MeterPorts, noMeter } from './meter-routes.ts';
import { settledReadings } from './settled-readings.ts';

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

const MAX_WINDOW_MS = 366 * 24 * 3_600_000;

/** Readings of a page and the gaps between them, also where a filter of quality hides what is there. */
export const meterReadings = async (
  ports: MeterPorts,
  { params: { meterId }, query, now }: Parameters<UseCase<'getMeterReadings'>>[0],
): ReturnType<UseCase<'getMeterReadings'>> => {
  const range = requestedRange(query, now);
  if (range instanceof ApiProblem) return range;
  const position = decodeCursor(query.cursor, INSTANT_POSITION);
  if (position instanceof ApiProblem) return position;
  const meter = await ports.topology.findMeter(meterId);
  if (!meter) return noMeter(meterId);
  const channel = meter.channels.find(({ channel: name }) => name === query.channel);
  if (!channel) return apiProblem('not-found', `Meter ${meterId} has no channel ${query.channel}`);

  if (query.view === 'final') {
    return settledReadings(ports, { meter, channel, query, range, from: Number(position ?? range.from) });
  }

  const asOf = query.asOf === undefined ? undefined : Date.parse(query.asOf);
  const from = position === undefined ? range.from : Math.max(range.from, Number(position));
  const matches = ({ quality }: StoredInterval) =>
    query.quality === undefined || QUALITY_BY_CODE[quality] === query.quality;
  const found = await firstIntervals(ports.readings, {
    selection: {
      meterNo: meter.meterNo,
      channel: CHANNELS[query.channel].code,
      ...(asOf === undefined ? {} : { asOf }),
    },
    from,
    to: range.to,
    windowMs: (query.limit + 1) * channel.intervalMinutes * 60_000,
    enough: (intervals) => intervals.filter(matches).length > query.limit,
  });
  const matching = found.filter(matches);
  const following = matching[query.limit];
  const services = await ports.topology.connections({ kind: 'meter', id: meterId }, query.channel);
  const missing = gaps({
    from,
    to: following?.start ?? range.to,
    now: asOf === undefined ? now : Math.min(asOf, now),
    services,
    present: new Set(found.map(({ start }) => start)),
  });
  return {
    meterId,
    channel: channel.channel,
    unit: channel.unit,
    intervalMinutes: channel.intervalMinutes,
    ...isoRange(range),
    intervals: matching.slice(0, query.limit).map(({ start, end, energyWh, quality, revision }) => ({
      start: iso(start),
      end: iso(end),
      value: kilowattHours(energyWh),
      quality: QUALITY_BY_CODE[quality] ?? 'raw',
      version: revision,
    })),
    gaps: missing.map(({ start, end, reason }) => ({ start: iso(start), end: iso(end), reason })),
    next: following ? encodeCursor(String(following.start)) : null,
  };
};

/** Intervals from a start until there are enough, read in windows that widen: a range of years costs what its page costs. */
async function firstIntervals(
  readings: Pick<ReadingStore, 'readIntervals'>,
  query: {
    selection: { meterNo: number; channel: number; asOf?: number };
    from: number;
    to: number;
    windowMs: number;
    enough: (intervals: readonly StoredInterval[]) => boolean;
  },
): Promise<StoredInterval[]> {
  const found: StoredInterval[] = [];
  let at = query.from;
  for (let windowMs = query.windowMs; at < query.to && !query.enough(found); windowMs *= 2) {
    const until = Math.min(query.to, at + Math.min(windowMs, MAX_WINDOW_MS));
    found.push(...(await readings.readIntervals({ ...query.selection, from: at, to: until })));
    at = until;
  }
  return found;
}
