import { CHANNEL_BY_CODE, CHANNELS } from '../../contracts/messages/channels.ts';
import type { VeeSettings } from '../../contracts/vee/settings.ts';
import type { ReadingStore } from '../readings/reading-store.ts';
import { type BoundaryReads, boundaryRead, type RegisterSources } from '../registers/boundary-reads.ts';
import { alignedSegments, registerEnergy } from '../registers/register-energy.ts';
import type { CalendarDay, DayCalendar } from '../vee/day-calendar.ts';
import type { Finding } from '../vee/finding.ts';
import { MeterHistory } from '../vee/meter-history.ts';
import { powerEvents, undisputed } from '../vee/meter-outages.ts';
import { emptySeries, type IntervalSeries, placeIntervals } from '../vee/series.ts';
import { determinantsOf } from './determinants.ts';
import { type JudgedDay, settleDay } from './settle-day.ts';
import type { SettledDay, SettledInterval } from './settled-day.ts';
import type {
  ServedChannel,
  ServedMeter,
  ServedUsagePoint,
  SettledUsagePoint,
  SettlementFacts,
} from './settlement-store.ts';

/** Days before the settled one that rules and estimates may look at. */
export const HISTORY_DAYS = 42;

export interface UsagePointPorts {
  readings: Pick<ReadingStore, 'readIntervals'>;
  facts: SettlementFacts;
}

/** What all usage points of a run share. */
export interface RunContext {
  calendar: DayCalendar;
  day: CalendarDay;
  cutoff: number;
  settings: VeeSettings;
  periodOf: (timeMs: number) => string;
  /** Mean energy of the class by start of interval, in a meter's own proportion, Wh. */
  profileOf(history: MeterHistory): Promise<((start: number) => number | undefined) | undefined>;
}

const CHANNELS_OF_REACTIVE: Readonly<Record<number, number>> = {
  [CHANNELS.activeEnergyImport.code]: CHANNELS.reactiveEnergyImport.code,
  [CHANNELS.activeEnergyExport.code]: CHANNELS.reactiveEnergyExport.code,
};

/** Settles one usage point from what was known at the cutoff, and from nothing else. */
export async function settleUsagePoint(
  ports: UsagePointPorts,
  usagePoint: ServedUsagePoint,
  context: RunContext,
): Promise<SettledUsagePoint> {
  const { usagePointId } = usagePoint;
  const days: SettledDay[] = [];
  const boundaries: (BoundaryReads & { channel: number })[] = [];
  const judged: SettledUsagePoint['judged'] = [];
  for (const meter of usagePoint.meters) {
    for (const channel of meter.channels) {
      const day = await settleChannel(ports, { usagePoint, meter, channel }, context);
      judged.push({
        meterNo: meter.meterNo,
        channel: channel.channel,
        findings: day.findings.map((finding) => ({ ...finding, status: statusOf(finding, day.intervals) })),
      });
      if (day.intervals.length === 0) continue;
      boundaries.push({ ...day.boundary, meterNo: meter.meterNo, channel: channel.channel });
      days.push({
        usagePointId,
        meterNo: meter.meterNo,
        channel: channel.channel,
        localDay: context.day.localDay,
        intervalMinutes: channel.intervalMinutes,
        intervals: day.intervals,
        billable: day.billable,
      });
    }
  }
  const channels = [...Map.groupBy(days, ({ channel }) => channel)].map(([channel, own]) => ({
    usagePointId,
    channel,
    days: own,
    determinants: {
      ...determinantsOf(own, context.periodOf),
      boundaryReads: boundaries.filter((one) => one.channel === channel).map(({ channel: _, ...reads }) => reads),
    },
  }));
  return { usagePointId, channels, judged };
}

async function settleChannel(
  ports: UsagePointPorts,
  served: { usagePoint: ServedUsagePoint; meter: ServedMeter; channel: ServedChannel },
  context: RunContext,
): Promise<JudgedDay & { boundary: Omit<BoundaryReads, 'meterNo'> }> {
  const { meter, channel, usagePoint } = served;
  const { calendar, day, cutoff, settings } = context;
  const period = {
    start: calendar.day(day.localDay - HISTORY_DAYS).period.start,
    end: calendar.day(day.localDay + settings.estimation.registerWindowDays).period.end,
  };
  const read = async (
    code: number,
    { meterNo, services }: Pick<ServedMeter, 'meterNo' | 'services'> = { meterNo: meter.meterNo, services: [period] },
    into = emptySeries(period, channel.intervalMinutes),
  ): Promise<IntervalSeries> => {
    for (const { start, end } of services) {
      const [from, to] = [Math.max(start, period.start), Math.min(end, period.end)];
      const query = { meterNo, channel: code, from, to, asOf: cutoff };
      if (from < to) placeIntervals(into, await ports.readings.readIntervals(query));
    }
    return into;
  };
  /** What check meters of the usage point measured, where there are any and something is to be estimated. */
  const readCheck = async (): Promise<IntervalSeries | undefined> => {
    const its = (one: ServedChannel) =>
      one.channel === channel.channel && one.intervalMinutes === channel.intervalMinutes;
    let check: IntervalSeries | undefined;
    for (const one of usagePoint.checks) if (one.channels.some(its)) check = await read(channel.channel, one, check);
    return check;
  };
  const reactiveCode = CHANNELS_OF_REACTIVE[channel.channel];
  const hasReactive = meter.channels.some(
    (one) => one.channel === reactiveCode && one.intervalMinutes === channel.intervalMinutes,
  );
  const facts = { meterNo: meter.meterNo, period, asOf: cutoff };
  const [series, reactive, reads, events, confirmed] = await Promise.all([
    read(channel.channel),
    hasReactive && reactiveCode !== undefined ? read(reactiveCode) : undefined,
    ports.facts.registerReads({ ...facts, channel: channel.channel }),
    ports.facts.events(facts),
    ports.facts.outages(facts),
  ]);
  const outages = undisputed(confirmed, series);
  const { flow } = CHANNELS[CHANNEL_BY_CODE[channel.channel] ?? 'activeEnergyImport'];
  const history = new MeterHistory({ series, calendar, flow, services: meter.services, outages });
  const register = { forms: channel.forms, ratingKva: usagePoint.ratingKva };
  const segments = registerEnergy(reads, register, settings.registers);
  const toleranceMs = settings.registers.alignmentSeconds * 1000;
  const likeDays = history.likeDays(day.localDay, settings.estimation.likeDayMaxAgeDays);
  const needsProfile = flow === 'forward' && likeDays.length === 0 && hasGap(history, day);
  const judged = settleDay(
    {
      history,
      reactive,
      ratingKva: usagePoint.ratingKva,
      segments,
      aligned: alignedSegments(segments, channel.intervalMinutes * 60_000, toleranceMs),
      outages,
      powerEvents: powerEvents(events),
      serviceFrom: Math.min(...meter.services.map(({ start }) => start)),
      check: hasGap(history, day) ? await readCheck() : undefined,
      profile: needsProfile ? await context.profileOf(history) : undefined,
    },
    day,
    settings,
  );
  return { ...judged, boundary: boundaryOf({ reads, segments, toleranceMs }, { meter, channel, day, series, judged }) };
}

/** What the register showed where the meter's service of the day begins and ends. */
function boundaryOf(
  register: Pick<RegisterSources, 'reads' | 'segments' | 'toleranceMs'>,
  served: { meter: ServedMeter; channel: ServedChannel; day: CalendarDay; series: IntervalSeries; judged: JudgedDay },
): Omit<BoundaryReads, 'meterNo'> {
  const { meter, channel, day, series, judged } = served;
  const settled = new Map(judged.intervals.map(({ start, energyWh }) => [start, energyWh]));
  const intervalMs = channel.intervalMinutes * 60_000;
  const near = (timeMs: number) => Math.round(timeMs / intervalMs) * intervalMs;
  const energyBetween = (from: number, to: number): number | null => {
    if (Math.abs(near(from) - from) > register.toleranceMs || near(to) !== to) return null;
    let sum = 0;
    for (let start = near(from); start < to; start += intervalMs) {
      const stored = series.energyWh[(start - series.start) / intervalMs] ?? Number.NaN;
      const energyWh = settled.has(start) ? settled.get(start) : Number.isNaN(stored) ? null : stored;
      if (energyWh === null || energyWh === undefined) return null;
      sum += energyWh;
    }
    return sum;
  };
  const sources = { ...register, forms: channel.forms, energyBetween };
  const begins = Math.max(day.period.start, Math.min(...meter.services.map(({ start }) => start)));
  const ends = Math.min(day.period.end, Math.max(...meter.services.map(({ end }) => end)));
  return { opening: boundaryRead(sources, begins, 'opening'), closing: boundaryRead(sources, ends, 'closing') };
}

/** A gap is estimated when each of its intervals has a value. */
function statusOf({ rule, from, to }: Finding, intervals: readonly SettledInterval[]): 'open' | 'estimated' {
  if (rule !== 'MISSING_INTERVAL') return 'open';
  const open = intervals.some(({ start, energyWh }) => energyWh === null && start >= from && start < to);
  return open ? 'open' : 'estimated';
}

function hasGap(history: MeterHistory, day: CalendarDay): boolean {
  const { first, end } = history.span(day);
  for (let index = first; index < end; index++) {
    if (history.series.quality[index] === 0 && history.expects(index)) return true;
  }
  return false;
}
