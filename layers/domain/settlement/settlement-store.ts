import type { Period } from '../calendar/local-periods.ts';
import type { MeterEvent } from '../readings/meter-facts.ts';
import type { RegisterForm, RegisterReading } from '../registers/register-energy.ts';
import type { Finding } from '../vee/finding.ts';
import type { Determinants } from './determinants.ts';
import type { SettledDay } from './settled-day.ts';

/** One channel of a meter while it serves a usage point. */
export interface ServedChannel {
  channel: number;
  intervalMinutes: number;
  /** How its register is to be read, by time. */
  forms: RegisterForm[];
}

/** A usage point and the meters that serve it at some time of a period. */
export interface ServedUsagePoint {
  usagePointId: string;
  ratingKva: number | undefined;
  meters: ServedMeter[];
  /** Meters that measure again what those measure: estimates are made from them, and nothing else. */
  checks: ServedMeter[];
}

export interface ServedMeter {
  meterNo: number;
  /** When it serves this usage point; `end` Infinity: still. */
  services: Period[];
  channels: ServedChannel[];
}

/** Master data as they stand; they are effective-dated themselves. */
export interface SettlementMasterData {
  /** Time zone of a region; undefined: there is none. */
  timeZoneOf(regionId: string): Promise<string | undefined>;
  /** Usage points of a region with a meter in service in the period, by id, after an id. */
  usagePoints(query: { regionId: string; period: Period; after: string; limit: number }): Promise<ServedUsagePoint[]>;
}

/** What is known of meters beside their intervals, as it was known at `asOf` (epoch ms). */
export interface SettlementFacts {
  registerReads(query: { meterNo: number; channel: number; period: Period; asOf: number }): Promise<RegisterReading[]>;
  events(query: { meterNo: number; period: Period; asOf: number }): Promise<Pick<MeterEvent, 'event' | 'occurredAt'>[]>;
  /** Confirmed and undisputed interruptions that reach into the period, in order; one that was open then ends at `asOf`. */
  outages(query: { meterNo: number; period: Period; asOf: number }): Promise<Period[]>;
}

export type RunKind = 'preliminary' | 'final' | 'adjustment';

/** One settlement of one local day of a region. */
export interface SettlementRun {
  regionId: string;
  localDay: number;
  /** 1, 2, … of the day. */
  run: number;
  kind: RunKind;
  /** What was received later is not seen, epoch ms. */
  cutoff: number;
  settingsVersion: string;
  complete: boolean;
  /** The last usage point that is done; empty: none. */
  position: string;
  counts: RunCounts;
}

export interface RunCounts {
  usagePoints: number;
  billable: number;
  /** Settled otherwise than by the run before. */
  changed: number;
  intervals: number;
  estimated: number;
  open: number;
  findings: number;
}

/** A usage point's channel as a run leaves it. */
export interface SettledChannel {
  usagePointId: string;
  channel: number;
  days: SettledDay[];
  determinants: Determinants;
}

export interface SettledUsagePoint {
  usagePointId: string;
  channels: SettledChannel[];
  /** By meter and channel, each with all its findings of the day. */
  judged: { meterNo: number; channel: number; findings: JudgedFinding[] }[];
}

/** `resolved`: only by a later run; the runs themselves say `open` or `estimated`. */
export interface JudgedFinding extends Finding {
  status: 'open' | 'estimated';
}

/** What was settled before, of a usage point's channel and day. */
export interface EarlierSettlement {
  run: number;
  bodies: { meterNo: number; body: Uint8Array }[];
  determinants: Determinants;
  /** What was billed so far: the final run and the adjustments since. */
  billed: Pick<Determinants, 'energyByPeriodWh'> | undefined;
}

export interface SettlementStore {
  latestRun(day: { regionId: string; localDay: number }): Promise<SettlementRun | undefined>;
  /** Whether a final run of the day has begun. */
  hasFinal(day: { regionId: string; localDay: number }): Promise<boolean>;
  /** Opens a run; one that exists with this number stays as it is and is returned. */
  openRun(run: SettlementRun): Promise<SettlementRun>;
  /** As the runs before `run` left it. */
  earlier(query: {
    usagePointIds: readonly string[];
    localDay: number;
    run: number;
  }): Promise<Map<string, EarlierSettlement>>;
  /** Keeps what changed, the exceptions, and how far the run is: all or nothing. Keeping it again changes nothing. */
  keep(run: SettlementRun, page: KeptPage): Promise<void>;
}

export interface KeptPage {
  changed: SettledChannel[];
  /** Of a final run: billable, and as the run before left them. */
  billedAsTheyStand: SettledChannel[];
  adjustments: { usagePointId: string; channel: number; byPeriodWh: Record<string, number> }[];
  judged: SettledUsagePoint['judged'];
}

/** Names a usage point's channel in a map. */
export const channelKey = (usagePointId: string, channel: number): string => `${usagePointId}/${channel}`;
