import type { Answer } from './api.ts';
import { threeDigits } from './numbers.ts';
import { ageName, dayMs, localMinute, minuteMs } from './times.ts';
import { quantile } from './typical.ts';

export type AnomalyRow = Answer<'listAnomalies'>['items'][number];
export type AnomalyDetail = Answer<'getAnomaly'>;
export type AnomalyLabel = NonNullable<AnomalyRow['label']>['label'];

/** What is unusual, above and below what is usual. Signals of the stream first, then figures of a day. */
const signalNames: Readonly<Record<string, readonly [high: string, low: string]>> = {
  level: ['far above what is usual at this hour', 'far below what is usual at this hour'],
  change: ['a sudden rise', 'a sudden fall'],
  spike: ['a lone peak', 'a lone dip'],
  flatline: ['a value that does not change', 'a value that does not change'],
  shape: ['a day of unusual shape', 'a day of unusual shape'],
  mean: ['a day far above its like', 'a day far below its like'],
  base: ['more base load than usual', 'less base load than usual'],
  night: ['more at night than usual', 'less at night than usual'],
  evening: ['more in the evening than usual', 'less in the evening than usual'],
  maximum: ['a higher peak than usual', 'a lower peak than usual'],
  minimum: ['a higher minimum than usual', 'a lower minimum than usual'],
  largestStep: ['larger steps than usual', 'smaller steps than usual'],
  exported: ['more fed in than usual', 'less fed in than usual'],
  zeroShare: ['more intervals of zero than usual', 'fewer intervals of zero than usual'],
  longestRepeat: ['one value repeated for long', 'fewer repeated values than usual'],
  fault: ['a day that looks like a fault', 'a day that looks like a fault'],
  longestZeroRun: ['zero for longer than usual', 'zero for shorter than usual'],
};

/** `largestStep` → `largest step`. */
const spaced = (name: string): string => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();

/** What is unusual, in words. */
export const anomalyName = ({ signal, direction }: Pick<AnomalyRow, 'signal' | 'direction'>): string => {
  const names = signalNames[signal];
  if (names) return names[direction === 'high' ? 0 : 1];
  return `${spaced(signal)} ${direction === 'high' ? 'above' : 'below'} what is usual`;
};

/** A share has no unit to name. */
export const unitName = (unit: string): string => (unit === '1' ? '' : unit);

/** Name of a signal alone. */
export const signalName = (signal: string): string => spaced(signal);

/** Beyond this the tail of so few readings says no more than that it is rare. */
export const RAREST = 1e6;

/** `1 in 4 000 readings`; of a model, how likely a fault is. */
export const howUnusual = ({ oneIn, score }: Pick<AnomalyRow, 'oneIn' | 'score'>): string => {
  if (oneIn === null) return `a fault is ${Math.round(score * 100)} % likely`;
  if (oneIn > RAREST) return 'rarer than 1 in a million readings';
  return `1 in ${threeDigits(Number(oneIn.toPrecision(oneIn < 100 ? 1 : 2)))} readings`;
};

/** How often something as unusual comes by chance: `once in 83 days`; undefined where a model judged. */
export const howOften = (oneIn: number | null, intervalMinutes: number): string | undefined => {
  if (oneIn === null) return undefined;
  const ms = oneIn * intervalMinutes * minuteMs;
  if (ms > 100 * 365 * dayMs) return 'less than once in a century';
  return ms > 3 * 365 * dayMs ? `once in ${Math.round(ms / (365 * dayMs))} years` : `once in ${ageName(ms)}`;
};

/** Labels a person may give, in words; `normal` says that it was a false alarm. */
export const labelNames: Readonly<Record<AnomalyLabel, readonly [name: string, means: string]>> = {
  theft: ['Theft', 'part of the load goes around the meter, always or for hours'],
  bypass: ['Bypass', 'nearly all of the load goes around the meter'],
  stuck: ['Stuck', 'the meter repeats a value'],
  reversed: ['Reversed', 'current transformers are connected the wrong way round'],
  spike: ['Spike', 'single impossible intervals'],
  drift: ['Drift', "the meter's gain changes slowly"],
  normal: ['False alarm', 'the meter was right'],
};

export const quietNames: Readonly<Record<NonNullable<AnomalyRow['quietBecause']>, string>> = {
  budget: 'others were more unusual that day',
  snoozed: 'it was snoozed',
  outage: 'supply was out',
  repeated: 'told of the same within a day',
  past: 'found long after it ended',
};

export interface Sample {
  time: number;
  value: number | null;
}

/** Nine of ten like hours lie within. */
const TAIL = 0.05;
/** Fewer like hours than this make no band [P]. */
const FEWEST = 5;
const SLOT_MINUTES = 30;

/**
 * What was usual before an anomaly at each local half hour, working days apart from weekends.
 * @param history what came before it, with which it is compared.
 * @returns band by instant (ms); undefined where too few like half hours are known.
 */
export const usualBand = (
  history: readonly Sample[],
  zone: string,
): ((time: number) => { low: number; high: number } | undefined) => {
  const slotOf = (time: number) => {
    const { minute, weekend } = localMinute(time, zone);
    return `${weekend ? 'weekend' : 'working'} ${Math.floor(minute / SLOT_MINUTES)}`;
  };
  const slots = new Map<string, number[]>();
  for (const { time, value } of history) {
    if (value === null) continue;
    const slot = slots.get(slotOf(time));
    if (slot) slot.push(value);
    else slots.set(slotOf(time), [value]);
  }
  const bands = new Map<string, { low: number; high: number }>();
  for (const [slot, values] of slots) {
    if (values.length < FEWEST) continue;
    values.sort((a, b) => a - b);
    bands.set(slot, { low: quantile(values, TAIL), high: quantile(values, 1 - TAIL) });
  }
  return (time) => bands.get(slotOf(time));
};

/** From here on a curve is of whole local days: in half hours nothing could be told apart any more. */
export const byDayMs = 8 * dayMs;

/** Before and after it that are shown, ms: as much as it lasted, at least a day and a half, at most a week. */
export const pictureSpan = (
  { since, until }: { since: number; until: number },
  now: number,
): { from: number; to: number } => {
  const around = Math.min(7 * dayMs, Math.max(1.5 * dayMs, until - since));
  const to = Math.min(until + around, now);
  // What went on for long is shown by its latest weeks: a curve of months shows nothing.
  return { from: Math.max(since - around, to - 35 * dayMs), to };
};
