import type { loadingBands } from '../../contracts/api/network.ts';
import { isReleasable } from '../privacy/release.ts';
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
  withheld?: true;
  metersExpected: number;
  metersPresent: number;
}

/**
 * Mean loading of a transformer in a period, from the energy of its meters; null where no meter reported, and where it would tell
 * too much of one of them to those who may not read single meters.
 */
export function transformerLoad(
  period: Pick<WindowTotals, 'start' | 'end' | 'energyWh' | 'metersExpected' | 'metersPresent' | 'mostOfOneWh'>,
  { ratingKva, singleMeters }: { ratingKva: number; singleMeters: boolean },
): TransformerLoad {
  const { metersExpected, metersPresent } = period;
  const unknown = { loadKva: null, loadingPercent: null, band: null, metersExpected, metersPresent };
  if (metersPresent === 0) return unknown;
  if (!singleMeters && !isReleasable(period)) return { ...unknown, withheld: true };
  const hours = (period.end - period.start) / 3_600_000;
  const loadKva = period.energyWh / 1000 / hours / ASSUMED_POWER_FACTOR;
  const loadingPercent = (100 * loadKva) / ratingKva;
  return { loadKva, loadingPercent, band: loadingBand(loadingPercent), metersExpected, metersPresent };
}
