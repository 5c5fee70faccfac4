import type { Outage, OutageLevel, OutageStatus, ServedMeter } from './outages.ts';

/** A power event of a meter, as stored. */
export interface MeterPowerEvent {
  meterNo: number;
  /** Epoch ms of the meter's clock. */
  at: number;
  kind: 'off' | 'on';
}

/** What the detection reads beside readings. */
export interface SupplyEvidence {
  /** Feeders with power events that occurred since `occurredSince` or were stored since `storedSince`, with the earliest of them. */
  feedersWithEvents(since: { occurredSince: number; storedSince: number }): Promise<ReadonlyMap<string, number>>;
  feederIds(): Promise<string[]>;
  /** Meters on a feeder that were in service at any time from `from` on. */
  servedMeters(feederId: string, from: number): Promise<(ServedMeter & { intervalMinutes: number })[]>;
  powerEvents(meterNos: readonly number[], from: number): Promise<MeterPowerEvent[]>;
}

/** When detection last looked. Epoch ms; 0: never. */
export interface DetectionState {
  ranAt: number;
  /** Intervals that ended by then have been looked at for silence, on every feeder. */
  silenceCheckedTo: number;
}

/** Where outages are kept: always what follows from the evidence there is, never a sum of changes. */
export interface OutageStore {
  state(): Promise<DetectionState>;
  saveState(state: DetectionState): Promise<void>;
  /** Feeders with open outages. */
  openFeeders(): Promise<string[]>;
  /** Start of the earliest outage of a feeder that is open, or ends or begins after `from`; undefined if there is none. */
  earliestReaching(feederId: string, from: number): Promise<number | undefined>;
  /**
   * Puts these in place of all of a feeder's outages that begin at or after `from`, under a lock of the feeder, and notes what is
   * confirmed as known from `at`.
   */
  replace(
    judged: { feederId: string; from: number; at: number },
    outages: readonly Outage[],
  ): Promise<{ added: number; removed: number }>;
}

/** An outage as it is told. */
export interface OutageSummary {
  outageId: string;
  level: OutageLevel;
  entityId: string;
  feederId: string;
  status: OutageStatus;
  from: number;
  to: number | null;
  planned: boolean;
  reason: string | null;
  transformerIds: string[];
  customers: number;
  customersOut: number;
  disputed: number;
  /** Outline of the usage points that lost supply: rings of [lon, lat]. */
  area: [number, number][][] | null;
  /** Customers who came back, by when. */
  steps: { at: number; customers: number }[];
}

export interface OutageQuery {
  statuses?: readonly OutageStatus[];
  /** Outages that reach into [from, to), epoch ms. */
  from: number;
  to: number;
  /** West, south, east, north; degrees. */
  bbox?: readonly [number, number, number, number];
  /** Newest first, after this one. */
  after?: { from: number; outageId: string };
  limit: number;
}

export interface MeterInterruption {
  meterId: string;
  usagePointId: string;
  transformerId: string;
  from: number;
  to: number | null;
  reported: boolean;
  disputed: boolean;
}

/** What people ask of outages. */
export interface OutageReader {
  list(query: OutageQuery): Promise<OutageSummary[]>;
  find(outageId: string): Promise<(OutageSummary & { interruptions: MeterInterruption[] }) | undefined>;
  /** Confirmed interruptions of customers that begin in [from, to), of a feeder, a region or all. */
  customerOutages(query: {
    from: number;
    to: number;
    feederId?: string;
    regionId?: string;
  }): Promise<{ from: number; to: number | null; planned: boolean }[]>;
  /** When usage points of the same were energised, epoch ms. */
  energised(query: { feederId?: string; regionId?: string }): Promise<{ from: number; to: number | null }[]>;
  /** The open interruption of a meter and the last power event heard of it. */
  supplyOf(meterNo: number): Promise<{
    open: { outageId: string; status: OutageStatus; from: number } | undefined;
    lastEvent: { at: number; event: string } | undefined;
  }>;
}

/** Records why an outage was; every change is kept. */
export interface OutageCauses {
  /** @returns false if there is no such outage. */
  setCause(cause: { outageId: string; planned: boolean; reason: string; changedBy: string }): Promise<boolean>;
}
