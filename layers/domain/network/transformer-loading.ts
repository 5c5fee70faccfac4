import type { loadingBands } from '../../contracts/api/network.ts';
import type { WindowTotals } from '../windows/window-totals.ts';

/** Where no reactive energy is measured. [proposed, docs of the domain's parameters] */
export const ASSUMED_POWER_FACTOR = 0.95;

export type LoadingBand = (typeof loadingBands)[number];

/** Lower bounds of the bands, percent of the rating. [proposed] */
const BANDS: readonly (readonly [LoadingBand, number])[] = [
  ['critical', 120],
  ['high', 100],
  ['warn', 80],
];

/** Band of a loading, percent of the rating; a bound belongs to the band above it. */
export const loadingBand = (loadingPercent: number): LoadingBand =>
  BANDS.find(([, from]) => loadingPercent >= from)?.[0] ?? 'normal';

export interface TransformerLoad {
  loadKva: number | null;
  loadingPercent: number | null;
  band: LoadingBand | null;
  metersExpected: number;
  metersPresent: number;
}

/** Mean loading of a transformer in a period, from the energy of its meters; null where no meter reported. */
export function transformerLoad(
  period: Pick<WindowTotals, 'start' | 'end' | 'energyWh' | 'metersExpected' | 'metersPresent'>,
  ratingKva: number,
): TransformerLoad {
  const { metersExpected, metersPresent } = period;
  if (metersPresent === 0) return { loadKva: null, loadingPercent: null, band: null, metersExpected, metersPresent };
  const hours = (period.end - period.start) / 3_600_000;
  const loadKva = period.energyWh / 1000 / hours / ASSUMED_POWER_FACTOR;
  const loadingPercent = (100 * loadKva) / ratingKva;
  return { loadKva, loadingPercent, band: loadingBand(loadingPercent), metersExpected, metersPresent };
}
