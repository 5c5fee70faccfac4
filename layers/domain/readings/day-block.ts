import { slotsPerDay } from './calendar-day.ts';

/** The winning versions of one meter, channel and UTC day, by slot. */
export interface DayBlock {
  intervalMinutes: number;
  /** Code of the quality; 0: no reading in this slot. */
  quality: Uint8Array;
  energyWh: Int32Array;
  revision: Int32Array;
  /** Earliest receipt of the winner, epoch ms. */
  recordedAt: Float64Array;
  /** 1: another value with the winner's layer and revision exists; billing is held. */
  conflict: Uint8Array;
}

export function emptyBlock(intervalMinutes: number): DayBlock {
  const slots = slotsPerDay(intervalMinutes);
  return {
    intervalMinutes,
    quality: new Uint8Array(slots),
    energyWh: new Int32Array(slots),
    revision: new Int32Array(slots),
    recordedAt: new Float64Array(slots),
    conflict: new Uint8Array(slots),
  };
}
