import type { EnergyWindow, WindowSeries, WindowSize } from '../contracts/api/windows.ts';
import { WINDOW_MINUTES } from '../contracts/api/windows.ts';
import { CHANNELS, type ChannelName, kilowattHours } from '../contracts/messages/channels.ts';
import { isoRange } from '../domain/calendar/range.ts';
import type { Entity, TopologyReader } from '../domain/network/topology-store.ts';
import { isReleasable } from '../domain/privacy/release.ts';
import { entityTotals, type TotalsPorts } from '../domain/windows/entity-totals.ts';
import { windowMs, windowPeriods } from '../domain/windows/window-periods.ts';
import type { WindowTotals } from '../domain/windows/window-totals.ts';
import { ApiProblem, apiProblem } from './api-problem.ts';
import type { Caller } from './caller.ts';
import { decodeCursor, encodeCursor, INSTANT_POSITION } from './cursor.ts';
import { requestedRange } from './requested-range.ts';
import { readsSingleMeters } from './single-meters.ts';

const WATTS_PER_KILOWATT = 1000;

export interface WindowPorts extends TotalsPorts {
  topology: Pick<TopologyReader, 'exists' | 'timeZones' | 'serviceGroups'>;
}

/** Windows of an entity as a route asks for them, or the problem. */
export async function answerWindows(
  ports: WindowPorts,
  entity: Entity,
  request: {
    query: {
      size: WindowSize;
      channel: ChannelName;
      tz?: string | undefined;
      from?: string | undefined;
      to?: string | undefined;
      limit: number;
      cursor?: string | undefined;
    };
    caller: Pick<Caller, 'groups'>;
    now: number;
  },
): Promise<WindowSeries | ApiProblem> {
  const { size, channel, tz, limit, cursor } = request.query;
  const range = requestedRange(request.query, request.now);
  if (range instanceof ApiProblem) return range;
  const position = decodeCursor(cursor, INSTANT_POSITION);
  if (position instanceof ApiProblem) return position;
  if (!(await ports.topology.exists(entity))) {
    return apiProblem('not-found', `There is no ${entity.kind} ${entity.kind === 'system' ? '' : entity.id}`);
  }
  const timeZone = tz ?? onlyZone(await ports.topology.timeZones(entity));
  const from = position === undefined ? range.from : Math.max(range.from, Number(position));
  const to = Math.min(range.to, from + (limit + 2) * windowMs(size));
  const periods = windowPeriods({ from, to, size, timeZone }).slice(0, limit);
  const longestMinutes = WINDOW_MINUTES[size];
  const totals = await entityTotals(ports, { entity, channel, periods, now: request.now, longestMinutes });
  const end = periods.at(-1)?.end ?? range.to;
  const groups = await ports.topology.serviceGroups({ entity, channel, ...range });
  const { unit } = CHANNELS[channel];
  return {
    channel,
    size,
    timeZone,
    energyUnit: unit,
    powerUnit: unit === 'kWh' ? 'kW' : 'kvar',
    ...isoRange(range),
    leftOutIntervalMinutes: [...new Set(groups.map(({ intervalMinutes }) => intervalMinutes))]
      .filter((minutes) => minutes > longestMinutes)
      .sort((a, b) => a - b),
    windows: totals.map(readsSingleMeters(request.caller) ? energyWindow : releasedWindow),
    next: end < range.to ? encodeCursor(String(end)) : null,
  };
}

const onlyZone = (zones: readonly string[]): string => (zones.length === 1 ? (zones[0] as string) : 'UTC');

const kilowatts = (powerW: number | null): number | null => (powerW === null ? null : powerW / WATTS_PER_KILOWATT);

const energyWindow = (total: WindowTotals): EnergyWindow => {
  const { intervalsExpected, intervalsPresent, intervalsEstimated } = total;
  return {
    start: new Date(total.start).toISOString(),
    end: new Date(total.end).toISOString(),
    sum: intervalsPresent === 0 ? null : kilowattHours(total.energyWh),
    mean: kilowatts(total.meanW),
    minimum: kilowatts(total.leastW),
    maximum: kilowatts(total.mostW),
    peak: kilowatts(total.peakW),
    intervalsExpected,
    intervalsPresent,
    completeness: intervalsExpected === 0 ? null : intervalsPresent / intervalsExpected,
    estimatedShare: intervalsPresent === 0 ? null : intervalsEstimated / intervalsPresent,
  };
};

/** What may be told of a window to those who may not read single meters; its extremes are a single meter's. */
const releasedWindow = (total: WindowTotals): EnergyWindow => {
  const window = { ...energyWindow(total), minimum: null, maximum: null };
  if (total.peakOf === null || isReleasable(total)) return withReleasedPeak(window, total);
  return { ...window, sum: null, mean: null, peak: null, withheld: true };
};

const withReleasedPeak = (window: EnergyWindow, { peakOf }: WindowTotals): EnergyWindow => ({
  ...window,
  peak: peakOf !== null && isReleasable(peakOf) ? window.peak : null,
});
