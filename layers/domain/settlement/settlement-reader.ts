import type { Determinants } from './determinants.ts';
import type { SettledInterval } from './settled-day.ts';

export interface SettledIntervals {
  localDay: number;
  run: number;
  intervals: SettledInterval[];
}

/** What runs left behind, for those who ask. */
export interface SettlementReader {
  /** A meter's settled days that reach into [from, to), as the latest runs left them, in order. Epoch ms. */
  settledDays(query: { meterNo: number; channel: number; from: number; to: number }): Promise<SettledIntervals[]>;
  /** Determinants of local days [fromDay, toDay), as the latest runs left them, with whatever was adjusted. */
  determinants(query: {
    usagePointId: string;
    channel: number;
    fromDay: number;
    toDay: number;
  }): Promise<
    { localDay: number; run: number; billed: boolean; determinants: Determinants; adjustments: Adjustment[] }[]
  >;
  /** Ids of meters by their number. */
  meterIds(meterNos: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Time zone of a usage point; undefined: there is none. */
  timeZoneOf(usagePointId: string): Promise<string | undefined>;
}

export interface Adjustment {
  run: number;
  byPeriodWh: Record<string, number>;
}
