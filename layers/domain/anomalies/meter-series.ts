import { CHANNELS, QUALITIES } from '../../contracts/messages/channels.ts';
import { localDayOf, localDayPeriod } from '../calendar/local-days.ts';
import { DAY_MS, MINUTE_MS, slotStart } from '../readings/calendar-day.ts';
import type { MeterDay, ReadingStore } from '../readings/reading-store.ts';
import type { ScoredMeter } from './anomaly-store.ts';

/** Which meters there are, by bucket of 256. */
export interface MeterDirectory {
  buckets(): Promise<number[]>;
  meters(bucket: number): Promise<ScoredMeter[]>;
}

/** Whole local days of one meter on an even grid, Wh per interval; NaN where nothing was measured. */
export interface MeterSeries {
  meterId: string;
  timeZone: string;
  /** A local midnight, epoch ms. */
  start: number;
  intervalMinutes: number;
  imported: Float64Array;
  /** 0 where nothing was measured. */
  exported: Float64Array;
}

/** The local midnight up to which days are whole: the last before the newest UTC day that has a reading. */
const lastMidnight = (timeZone: string, latestDay: number): number =>
  localDayPeriod(timeZone, localDayOf(timeZone, latestDay * DAY_MS)).start;

/**
 * The last whole local days of meters, those without any reading in them left out.
 * @param latestDay newest UTC day that has a reading.
 */
export async function lastDaysOf(
  readings: Pick<ReadingStore, 'readMany'>,
  meters: readonly ScoredMeter[],
  { latestDay, days }: { latestDay: number; days: number },
): Promise<MeterSeries[]> {
  const meterNos = meters.map(({ meterNo }) => meterNo);
  const range = { meterNos, fromDay: latestDay - days - 2, toDay: latestDay + 1 };
  const read = async (channel: number) =>
    Map.groupBy(await readings.readMany({ ...range, channel }), ({ meterNo }) => meterNo);
  const imported = await read(CHANNELS.activeEnergyImport.code);
  const exported = await read(CHANNELS.activeEnergyExport.code);
  return meters.flatMap(({ meterNo, meterId, timeZone }) => {
    const end = lastMidnight(timeZone, latestDay);
    const start = localDayPeriod(timeZone, localDayOf(timeZone, end) - days).start;
    const own = imported.get(meterNo) ?? [];
    const intervalMinutes = commonInterval(own);
    if (intervalMinutes === undefined) return [];
    const grid = { start, end, intervalMinutes };
    const values = onGrid(own, grid, Number.NaN);
    const first = values.findIndex((value) => !Number.isNaN(value));
    if (first < 0) return [];
    const sent = onGrid(exported.get(meterNo) ?? [], grid, 0);
    // Without the empty days before its first reading.
    const firstAt = start + first * intervalMinutes * MINUTE_MS;
    const ownStart = localDayPeriod(timeZone, localDayOf(timeZone, firstAt)).start;
    const from = Math.round((ownStart - start) / (intervalMinutes * MINUTE_MS));
    return [
      {
        meterId,
        timeZone,
        start: ownStart,
        intervalMinutes,
        imported: values.subarray(from),
        exported: sent.subarray(from),
      },
    ];
  });
}

/** The interval length of the newest day. */
const commonInterval = (days: readonly MeterDay[]): number | undefined =>
  days.reduce<MeterDay | undefined>((newest, day) => (newest && newest.day >= day.day ? newest : day), undefined)?.block
    .intervalMinutes;

function onGrid(
  days: readonly MeterDay[],
  { start, end, intervalMinutes }: { start: number; end: number; intervalMinutes: number },
  absent: number,
): Float64Array {
  const lengthMs = intervalMinutes * MINUTE_MS;
  const values = new Float64Array(Math.round((end - start) / lengthMs)).fill(absent);
  for (const { day, block } of days) {
    if (block.intervalMinutes !== intervalMinutes) continue;
    for (let slot = 0; slot < block.quality.length; slot++) {
      const n = (slotStart(day, slot, intervalMinutes) - start) / lengthMs;
      if ((block.quality[slot] as number) >= QUALITIES.raw && n >= 0 && n < values.length)
        values[n] = block.energyWh[slot] as number;
    }
  }
  return values;
}

/** Mean of the other meters with the same interval, by time: what weather and habits make of all of them. */
export function peerMeansOf(series: readonly MeterSeries[]): (of: MeterSeries) => (number | null)[] | undefined {
  const sums = new Map<string, { sum: number; count: number }>();
  const counts = new Map<number, number>();
  for (const { start, intervalMinutes, imported } of series) {
    counts.set(intervalMinutes, (counts.get(intervalMinutes) ?? 0) + 1);
    imported.forEach((value, n) => {
      if (Number.isNaN(value)) return;
      const key = keyAt(start, n, intervalMinutes);
      const known = sums.get(key);
      if (known) {
        known.sum += value;
        known.count += 1;
      } else sums.set(key, { sum: value, count: 1 });
    });
  }
  return ({ start, intervalMinutes, imported }) => {
    if ((counts.get(intervalMinutes) ?? 0) < 2) return undefined;
    return Array.from(imported, (own, n) => {
      const { sum = 0, count = 0 } = sums.get(keyAt(start, n, intervalMinutes)) ?? {};
      const [others, total] = Number.isNaN(own) ? [count, sum] : [count - 1, sum - own];
      return others > 0 ? total / others : null;
    });
  };
}

const keyAt = (start: number, n: number, intervalMinutes: number): string =>
  `${intervalMinutes}/${start + n * intervalMinutes * MINUTE_MS}`;
