import { FULL_WINDOW_DAYS, type MeterWindow } from '../../contracts/models/anomaly.ts';
import type { MeterSeries } from './meter-series.ts';

/** Decimals that peers are told with: they are means. */
const PEER_DECIMALS = 1;
const MINUTE_MS = 60_000;

/** What a model is asked of a meter: its last days as the request has them, energies in kWh. */
export function windowOf(series: MeterSeries, peers: readonly (number | null)[] | undefined): MeterWindow {
  const perDay = 1440 / series.intervalMinutes;
  const from = Math.max(0, series.imported.length - FULL_WINDOW_DAYS * perDay);
  const exported = series.exported.subarray(from);
  const rounded = (wh: number | null) => (wh === null ? null : Number(wh.toFixed(PEER_DECIMALS)) / 1000);
  return {
    meterId: series.meterId,
    timeZone: series.timeZone,
    start: new Date(series.start + from * series.intervalMinutes * MINUTE_MS).toISOString(),
    intervalMinutes: series.intervalMinutes,
    imported: Array.from(series.imported.subarray(from), (wh) => (Number.isNaN(wh) ? null : wh / 1000)),
    ...(exported.some((wh) => wh !== 0) ? { exported: Array.from(exported, (wh) => wh / 1000) } : {}),
    ...(peers ? { peers: peers.slice(from).map(rounded) } : {}),
  };
}

/** Whether the last day of a series was read well enough to be judged. [proposed] */
export function lastDayRead({ imported, intervalMinutes }: MeterSeries): boolean {
  const day = imported.subarray(-1440 / intervalMinutes);
  return day.filter((value) => !Number.isNaN(value)).length >= 0.8 * day.length;
}
