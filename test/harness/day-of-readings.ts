import type { MeterDay } from '../../layers/domain/readings/reading-store.ts';

/** A meter's day as a store answers it, from its readings by slot. */
export function dayOfReadings(
  key: { meterNo: number; day: number; intervalMinutes: number; channel?: number },
  readings: Iterable<{ slot: number; energyWh: number; quality?: number }>,
): MeterDay {
  const slots = 1440 / key.intervalMinutes;
  const block = {
    intervalMinutes: key.intervalMinutes,
    quality: new Uint8Array(slots),
    energyWh: new Int32Array(slots),
    revision: new Int32Array(slots),
    recordedAt: new Float64Array(slots),
    conflict: new Uint8Array(slots),
  };
  for (const { slot, energyWh, quality = 2 } of readings) {
    block.quality[slot] = quality;
    block.energyWh[slot] = energyWh;
  }
  return { meterNo: key.meterNo, channel: key.channel ?? 1, day: key.day, block };
}
