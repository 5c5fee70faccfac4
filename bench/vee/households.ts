import { QUALITIES } from '../../layers/contracts/messages/channels.ts';
import { emptySeries, type IntervalSeries } from '../../layers/domain/vee/series.ts';
import { BLANK, INTERVAL_MS, type MeterColumn, readSource, SOURCE_START_MS } from '../../local/fleet/data/source.ts';

/** Local time of the fifty households. */
export const TIME_ZONE = 'Australia/Sydney';
export const INTERVAL_MINUTES = INTERVAL_MS / 60_000;

/** The fifty real households as measured series, each from its first to its last value. */
export function households(): { meterId: string; series: IntervalSeries }[] {
  return readSource().map((column) => ({ meterId: column.meterId, series: seriesOf(column) }));
}

function seriesOf({ valuesWh, first, end }: MeterColumn): IntervalSeries {
  const start = SOURCE_START_MS + first * INTERVAL_MS;
  const series = emptySeries({ start, end: SOURCE_START_MS + end * INTERVAL_MS }, INTERVAL_MINUTES);
  for (let n = first; n < end; n++) {
    const energyWh = valuesWh[n] as number;
    if (energyWh === BLANK) continue;
    series.energyWh[n - first] = energyWh;
    series.quality[n - first] = QUALITIES.raw;
  }
  return series;
}

/** Numbers in [0, 1) that a seed decides. Source: mulberry32, T. Ettinger, public domain. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
