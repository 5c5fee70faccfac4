import type { BoundaryRead, BoundaryReads } from '../registers/boundary-reads.ts';
import { DayCalendar } from '../vee/day-calendar.ts';
import type { VeeSettingsSource } from '../vee/settings-source.ts';
import { classProfiles, PROFILE_SAMPLE } from './class-profile.ts';
import { adjustment, type Determinants } from './determinants.ts';
import { type RunContext, settleUsagePoint, type UsagePointPorts } from './settle-usage-point.ts';
import { encodeSettled } from './settled-day.ts';
import {
  channelKey,
  type EarlierSettlement,
  type KeptPage,
  type RunCounts,
  type ServedUsagePoint,
  type SettledChannel,
  type SettledUsagePoint,
  type SettlementMasterData,
  type SettlementRun,
  type SettlementStore,
} from './settlement-store.ts';
import { tariffPeriods } from './tariff.ts';

/** Usage points that are kept together, and that are worked on at one time. */
const PAGE = 20;
const AT_ONCE = 4;

export interface SettlementPorts extends UsagePointPorts {
  master: SettlementMasterData;
  store: SettlementStore;
  settings: VeeSettingsSource;
  /** Epoch ms. */
  clock: () => number;
}

export interface SettlementRequest {
  regionId: string;
  localDay: number;
  final: boolean;
  /** Epoch ms; absent: now. */
  cutoff?: number | undefined;
  /** So long is worked on it; what is left is done by the next call. */
  budgetMs: number;
}

export type SettlementRefusal = 'no-region' | 'day-not-over' | 'too-early-to-be-final' | 'cutoff-before-the-run-before';

/**
 * Settles a local day of a region, or goes on with the run that is not done. A request with the cutoff of the latest run is
 * that run again. After a final run the day's runs are adjustments: what is final stays, the difference is signed.
 */
export async function runSettlement(
  ports: SettlementPorts,
  request: SettlementRequest,
): Promise<SettlementRun | SettlementRefusal> {
  const startedAt = ports.clock();
  const { regionId, localDay } = request;
  const timeZone = await ports.master.timeZoneOf(regionId);
  if (timeZone === undefined) return 'no-region';
  const { version, settings } = await ports.settings.current();
  const calendar = new DayCalendar(timeZone, settings.settlement.holidays);
  const day = calendar.day(localDay);
  const opened = await openRun(ports, request, { version, dayEnd: day.period.end, now: startedAt, settings });
  if (typeof opened === 'string' || opened.complete) return opened;
  const context: RunContext = {
    calendar,
    day,
    cutoff: opened.cutoff,
    settings,
    periodOf: tariffPeriods(calendar, settings.settlement.tariff),
    profileOf: classProfiles(
      {
        readings: ports.readings,
        sample: () => ports.master.usagePoints({ regionId, period: day.period, after: '', limit: PROFILE_SAMPLE.most }),
      },
      { calendar, day, cutoff: opened.cutoff },
    ),
  };
  let run = opened;
  while (!run.complete) {
    const page = await ports.master.usagePoints({ regionId, period: day.period, after: run.position, limit: PAGE });
    run = await settlePage(ports, run, page, context);
    if (ports.clock() - startedAt > request.budgetMs) break;
  }
  return run;
}

async function openRun(
  { store }: SettlementPorts,
  { regionId, localDay, final, cutoff }: SettlementRequest,
  at: {
    version: string;
    dayEnd: number;
    now: number;
    settings: { settlement: { finalAfterDays: number } };
  },
): Promise<SettlementRun | SettlementRefusal> {
  const latest = await store.latestRun({ regionId, localDay });
  // Settings that changed half-way begin another run: no run is settled by two configurations.
  if (latest && !latest.complete && latest.settingsVersion === at.version) return latest;
  const seenUntil = cutoff ?? at.now;
  const isAgain = latest?.complete === true && latest.cutoff === seenUntil && latest.settingsVersion === at.version;
  if (isAgain && (!final || latest.kind !== 'preliminary')) return latest;
  if (seenUntil < at.dayEnd) return 'day-not-over';
  if (latest && seenUntil < latest.cutoff) return 'cutoff-before-the-run-before';
  const hasFinal = await store.hasFinal({ regionId, localDay });
  const lockedAt = at.dayEnd + at.settings.settlement.finalAfterDays * 86_400_000;
  if (final && !hasFinal && seenUntil < lockedAt) return 'too-early-to-be-final';
  return store.openRun({
    regionId,
    localDay,
    run: (latest?.run ?? 0) + 1,
    kind: hasFinal ? 'adjustment' : final ? 'final' : 'preliminary',
    cutoff: seenUntil,
    settingsVersion: at.version,
    complete: false,
    position: '',
    counts: { usagePoints: 0, billable: 0, changed: 0, intervals: 0, estimated: 0, open: 0, findings: 0 },
  });
}

async function settlePage(
  ports: SettlementPorts,
  run: SettlementRun,
  page: readonly ServedUsagePoint[],
  context: RunContext,
): Promise<SettlementRun> {
  const settled: SettledUsagePoint[] = [];
  for (let at = 0; at < page.length; at += AT_ONCE) {
    const some = page.slice(at, at + AT_ONCE);
    settled.push(...(await Promise.all(some.map((usagePoint) => settleUsagePoint(ports, usagePoint, context)))));
  }
  const earlier = await ports.store.earlier({
    usagePointIds: page.map(({ usagePointId }) => usagePointId),
    localDay: run.localDay,
    run: run.run,
  });
  const channels = settled.flatMap((one) => one.channels);
  const earlierOf = ({ usagePointId, channel }: SettledChannel) => earlier.get(channelKey(usagePointId, channel));
  const changed = channels.filter((channel) => !sameAs(channel, earlierOf(channel)));
  const kept: KeptPage = {
    changed,
    billedAsTheyStand:
      run.kind === 'final' ? channels.filter((one) => one.determinants.billable && !changed.includes(one)) : [],
    adjustments: run.kind === 'adjustment' ? changed.flatMap((one) => adjustmentOf(one, earlierOf(one))) : [],
    judged: settled.flatMap(({ judged }) => judged),
  };
  const after: SettlementRun = {
    ...run,
    position: page.at(-1)?.usagePointId ?? run.position,
    complete: page.length < PAGE,
    counts: counted(run.counts, { settled, channels, changed }),
  };
  await ports.store.keep(after, kept);
  return after;
}

function sameAs(channel: SettledChannel, earlier: EarlierSettlement | undefined): boolean {
  if (!earlier || earlier.bodies.length !== channel.days.length) return false;
  const same = channel.days.every((day) => {
    const body = earlier.bodies.find(({ meterNo }) => meterNo === day.meterNo)?.body;
    return body !== undefined && equalBytes(body, encodeSettled(day));
  });
  return same && equalDeterminants(channel.determinants, earlier.determinants);
}

const equalDeterminants = (a: Determinants, b: Determinants): boolean =>
  adjustment(a, b) === undefined &&
  sameBoundaries(a.boundaryReads ?? [], b.boundaryReads ?? []) &&
  (
    ['energyWh', 'peakW', 'peakAt', 'intervalsExpected', 'intervalsEstimated', 'intervalsOpen', 'billable'] as const
  ).every((name) => a[name] === b[name]);

const sameBoundaries = (a: readonly BoundaryReads[], b: readonly BoundaryReads[]): boolean =>
  a.length === b.length &&
  a.every(({ meterNo, opening, closing }, place) => {
    const other = b[place];
    return other?.meterNo === meterNo && sameRead(other.opening, opening) && sameRead(other.closing, closing);
  });

const sameRead = (a: BoundaryRead | null, b: BoundaryRead | null): boolean =>
  a === null || b === null ? a === b : a.at === b.at && a.shownWh === b.shownWh && a.basis === b.basis;

const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);

/** Nothing is adjusted by what is held; what was held when the day became final is billed whole by the run that resolves it. */
function adjustmentOf(channel: SettledChannel, earlier: EarlierSettlement | undefined): KeptPage['adjustments'] {
  const { usagePointId, determinants } = channel;
  if (!determinants.billable) return [];
  const byPeriodWh = adjustment(earlier?.billed, determinants);
  return byPeriodWh ? [{ usagePointId, channel: channel.channel, byPeriodWh }] : [];
}

function counted(
  before: RunCounts,
  {
    settled,
    channels,
    changed,
  }: { settled: SettledUsagePoint[]; channels: SettledChannel[]; changed: SettledChannel[] },
): RunCounts {
  const total = (of: (channel: SettledChannel) => number) => channels.reduce((sum, one) => sum + of(one), 0);
  return {
    usagePoints: before.usagePoints + settled.length,
    billable:
      before.billable + settled.filter((one) => one.channels.every(({ determinants }) => determinants.billable)).length,
    changed: before.changed + new Set(changed.map(({ usagePointId }) => usagePointId)).size,
    intervals: before.intervals + total(({ determinants }) => determinants.intervalsExpected),
    estimated: before.estimated + total(({ determinants }) => determinants.intervalsEstimated),
    open: before.open + total(({ determinants }) => determinants.intervalsOpen),
    findings:
      before.findings +
      settled.reduce((sum, one) => sum + one.judged.reduce((n, { findings }) => n + findings.length, 0), 0),
  };
}
