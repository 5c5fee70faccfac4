import { type AnomalyExample, FAULT_LABELS, type FaultClass, type FaultLabel } from '../../contracts/models/anomaly.ts';
import { lastDayRead, windowOf } from '../anomalies/anomaly-windows.ts';
import { withFault } from '../anomalies/faults.ts';
import { type MeterSeries, peerMeansOf } from '../anomalies/meter-series.ts';
import { randomSource, seedOf } from '../anomalies/random-source.ts';

/** What people said of a span of a meter's days. */
export interface LabelledSpan {
  meterId: string;
  /** Epoch ms, half open. */
  from: number;
  to: number;
  label: FaultLabel;
}

/** Meters the newest model is trained on and those it is measured on. */
export interface MeterFold {
  train: MeterSeries[];
  heldOut: MeterSeries[];
}

/** Meters of a fold that nothing is trained on: the gate judges by meter. [proposed] */
const HELD_OUT = 8;
/** Less is no measure: the gate needs as many. */
const MIN_HELD_OUT = 5;
/** Days since a fault began when it is judged: just seen, and seen for a while. */
const FAULT_DAYS = [2, 9] as const;
const SEED = 7;
/** Whole days of a meter that the forest learns from, twelve weeks, and that an example of it needs. */
const MIN_DAYS = 84;
const MINUTE_MS = 60_000;

/**
 * Splits meters into folds, each holding some out. Meters that people labelled are never held out: what people say is to be learned.
 * @returns as many folds as asked for; none where there are too few meters.
 */
export function meterFolds(
  series: readonly MeterSeries[],
  { folds, labelled }: { folds: number; labelled: ReadonlySet<string> },
): MeterFold[] {
  const order = (meterId: string) => seedOf(SEED, ...Buffer.from(meterId));
  const usable = series
    .filter((one) => !labelled.has(one.meterId) && daysOf(one) >= MIN_DAYS && lastDayRead(one))
    .sort((a, b) => order(a.meterId) - order(b.meterId) || (a.meterId < b.meterId ? -1 : 1));
  const each = Math.min(HELD_OUT, Math.floor(usable.length / folds));
  if (each < MIN_HELD_OUT) return [];
  return Array.from({ length: folds }, (_, fold) => {
    const heldOut = usable.slice(fold * each, (fold + 1) * each);
    const ids = new Set(heldOut.map(({ meterId }) => meterId));
    return { heldOut, train: series.filter(({ meterId }) => !ids.has(meterId)) };
  });
}

const daysOf = ({ imported, intervalMinutes }: MeterSeries): number => (imported.length * intervalMinutes) / 1440;

/**
 * What a model is asked of held-out meters: their last weeks as they were, and with every fault in their last days.
 * @param all series whose means are the peers.
 */
export function anomalyExamples(heldOut: readonly MeterSeries[], all: readonly MeterSeries[]): AnomalyExample[] {
  const peersOf = peerMeansOf(all);
  return heldOut.flatMap((series, index) => {
    const peers = peersOf(series);
    return FAULT_LABELS.flatMap((label, kind) =>
      lastingOf(label).map((days): AnomalyExample => {
        const faulty = label === 'normal' ? series : spoiled(series, label, days, seedOf(SEED, index, kind, days));
        return {
          id: `${series.meterId}/${label}/${days}`,
          block: series.meterId,
          request: { windows: [windowOf(faulty, peers)] },
          label,
        };
      }),
    );
  });
}

/** A spike is of one day, and one clean series says all that another would. */
const lastingOf = (label: FaultLabel): readonly number[] =>
  label === 'normal' || label === 'spike' ? [1] : FAULT_DAYS;

function spoiled(series: MeterSeries, fault: FaultClass, days: number, seed: number): MeterSeries {
  const intervalsPerDay = 1440 / series.intervalMinutes;
  // Counted from the end, which is a midnight: the beginning may be an hour off it where clocks have changed.
  const odd = series.imported.length % intervalsPerDay;
  const total = (series.imported.length - odd) / intervalsPerDay;
  const whole = { imported: series.imported.subarray(odd), exported: series.exported.subarray(odd), intervalsPerDay };
  const faulty = withFault(whole, fault, { from: total - days, to: total }, randomSource(seed));
  const spliced = (own: Float64Array, tail: Float64Array) => {
    const copy = own.slice();
    copy.set(tail, odd);
    return copy;
  };
  return {
    ...series,
    imported: spliced(series.imported, faulty.imported),
    exported: spliced(series.exported, faulty.exported),
  };
}

/** A meter's readings as the training channel holds them: `time,value[,exported]`, Wh; empty where nothing was read. */
export function readingsCsv({ start, intervalMinutes, imported, exported }: MeterSeries): string {
  const sends = exported.some((wh) => wh !== 0);
  const lines = [sends ? 'time,value,exported' : 'time,value'];
  imported.forEach((wh, n) => {
    const time = `${new Date(start + n * intervalMinutes * MINUTE_MS).toISOString().slice(0, 16)}Z`;
    lines.push(`${time},${Number.isNaN(wh) ? '' : wh}${sends ? `,${exported[n]}` : ''}`);
  });
  return `${lines.join('\n')}\n`;
}

/** What people said, as the training channel holds it. */
export const labelsCsv = (labels: readonly LabelledSpan[]): string =>
  `${[
    'meterId,from,to,label',
    ...labels.map(
      ({ meterId, from, to, label }) =>
        `${meterId},${new Date(from).toISOString()},${new Date(to).toISOString()},${label}`,
    ),
  ].join('\n')}\n`;
