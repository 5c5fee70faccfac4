import { DayShape } from './day-shape.ts';
import { localOffsetMs } from './local-clock.ts';
import { TAIL_NUMBERS, TailEstimate } from './tail-estimate.ts';
import { type Usual, WEEK_COUNTS, WEEK_FLOATS, WeekProfile } from './week-profile.ts';

/** What is looked at: the level for the hour of the week, the step from the reading before, a lone peak, a value that does not change, the shape of the day. */
export const TRACKED_SIGNALS = ['level', 'change', 'spike', 'flatline', 'shape'] as const;
export type TrackedSignal = (typeof TRACKED_SIGNALS)[number];

export interface TrackedReading {
  /** Start of the interval or time of the sample, ms since the epoch. */
  at: number;
  /** Energy per interval or a measured value; the same unit in all readings of a tracker. */
  value: number;
}

export interface TrackedScore {
  /** 1 − 10^(−surprise / 3): 0.9 is one reading in a thousand of this meter. */
  score: number;
  /** −log10 of the probability of a reading whose signals together are as unusual. */
  surprise: number;
  /** The loudest signal and how unusual it alone is. */
  signal: TrackedSignal;
  direction: 'high' | 'low';
  surprises: Record<TrackedSignal, number>;
  /** Robust z-score for the hour of the week; null while too little of it is known. */
  deviation: number | null;
  /** Displacement of the latest day in the cut forest; null while too little is known. */
  displacement: number | null;
  /** Nine of ten readings of this hour of the week; null while too few are known. */
  expected: { low: number; high: number } | null;
  /** Since when every reading has been unusual, a lone peak with it; ms since the epoch, null when this one is not. */
  since: number | null;
  /** Readings before this one: what all of this is known from. */
  seen: number;
}

/** One in a thousand: what counts as unusual for `since`. */
const UNUSUAL = 3;
/** Standard deviations around the centre that hold nine of ten readings of a normal distribution. */
const BAND = 1.645;
/** Least spread, as a share of the mean size of values: the noise of a value that has never varied. Energy of households; see `leastSpread`. */
const LEAST_SPREAD = 0.02;
/** Spreads from the usual that a value is which differs where none ever did. */
const FIRST_DEVIATION = 10;

/** Readings over which the share that differs from the one before is known: two weeks of half hours. */
const VARIED_MEMORY = 672;
/** Any meter may repeat a value once in a hundred readings. */
const MOST_VARIED = 0.99;

const VERSION = 1;
const NUMBERS = {
  at: 0,
  previous: 1,
  beforeLast: 2,
  run: 3,
  since: 4,
  mean: 5,
  count: 6,
  varied: 7,
  tails: 8,
} as const;
const TAILS = TRACKED_SIGNALS.length + 1;
const NUMBER_COUNT = NUMBERS.tails + TAILS * TAIL_NUMBERS;

export interface TrackerSettings {
  timeZone: string;
  leastSpread?: number;
}

/**
 * Unusual readings of one meter or sensor: one pass, a state of a few kilobytes whatever has been seen. `serialise` and `restore` continue it exactly.
 */
export class AnomalyTracker {
  readonly #timeZone: string;
  readonly #leastSpread: number;
  readonly #numbers = new Float64Array(NUMBER_COUNT);
  readonly #floats = new Float32Array(WEEK_FLOATS);
  readonly #counts = new Uint8Array(WEEK_COUNTS);
  readonly #week = new WeekProfile(this.#floats, this.#counts);
  readonly #tails = Array.from(
    { length: TAILS },
    (_, n) =>
      new TailEstimate(
        this.#numbers.subarray(NUMBERS.tails + n * TAIL_NUMBERS, NUMBERS.tails + (n + 1) * TAIL_NUMBERS),
      ),
  );
  readonly #shape: DayShape;

  /**
   * @param timeZone IANA zone of the hours of the week. @param seed of the cut forest; the same in all runs.
   * @param leastSpread as a share of the mean size of values; the same in all runs.
   */
  constructor({ timeZone, seed, leastSpread = LEAST_SPREAD }: TrackerSettings & { seed: number }) {
    this.#timeZone = timeZone;
    this.#leastSpread = leastSpread;
    this.#shape = new DayShape(seed);
    this.#numbers[NUMBERS.at] = Number.NEGATIVE_INFINITY;
    this.#numbers[NUMBERS.previous] = Number.NaN;
    this.#numbers[NUMBERS.beforeLast] = Number.NaN;
    this.#numbers[NUMBERS.since] = Number.NaN;
  }

  /** @returns null for a reading that is not later than the last: it has been scored, or its time has passed. */
  score({ at, value }: TrackedReading): TrackedScore | null {
    const numbers = this.#numbers;
    if (at <= (numbers[NUMBERS.at] as number)) return null;
    if (!Number.isFinite(value)) throw new RangeError(`a reading has to be a finite number, not ${value}`);
    const localMs = at + localOffsetMs(this.#timeZone, at);
    const usual = this.#week.usual(localMs);
    const previous = numbers[NUMBERS.previous] as number;
    const beforeLast = numbers[NUMBERS.beforeLast] as number;
    const run = value === previous ? (numbers[NUMBERS.run] as number) + 1 : 0;
    const least = this.#leastSpread * (numbers[NUMBERS.mean] as number);
    const deviation = usual === null ? Number.NaN : spreadsFrom(usual, value, least);
    const step = value - previous;
    const peak = lonePeak(beforeLast, previous, value);
    const shape = usual === null ? Number.NaN : this.#shape.next(at, deviation);
    const strangeness = [
      Math.abs(deviation),
      Math.abs(step),
      Math.abs(peak),
      unlikelyRun(run, numbers[NUMBERS.varied] as number),
      shape,
    ];

    const surprises: number[] = [];
    let squares = 0;
    let loudest = 0;
    for (let n = 0; n < strangeness.length; n++) {
      const surprise = (this.#tails[n] as TailEstimate).surprise(strangeness[n] as number);
      surprises.push(surprise);
      squares += surprise * surprise;
      if (surprise > (surprises[loudest] as number)) loudest = n;
    }
    const surprise = (this.#tails[TAILS - 1] as TailEstimate).surprise(Math.sqrt(squares));
    const unusual = surprise >= UNUSUAL;
    if (!unusual) numbers[NUMBERS.since] = Number.NaN;
    else if (Number.isNaN(numbers[NUMBERS.since] as number))
      numbers[NUMBERS.since] = TRACKED_SIGNALS[loudest] === 'spike' ? (numbers[NUMBERS.at] as number) : at;

    this.#week.learn(localMs, value);
    this.#remember({ at, value, run });
    const [level, change, spike, flatline, shapeSurprise] = surprises as [number, number, number, number, number];
    return {
      score: 1 - 10 ** (-surprise / 3),
      surprise,
      signal: TRACKED_SIGNALS[loudest] as TrackedSignal,
      direction: directionOf({ loudest, deviation, step, peak }),
      surprises: { level, change, spike, flatline, shape: shapeSurprise },
      deviation: usual === null ? null : deviation,
      displacement: usual === null ? null : shape,
      expected: usual === null ? null : bandOf(usual, least),
      since: unusual ? (numbers[NUMBERS.since] as number) : null,
      seen: (numbers[NUMBERS.count] as number) - 1,
    };
  }

  #remember({ at, value, run }: { at: number; value: number; run: number }): void {
    const numbers = this.#numbers;
    const count = (numbers[NUMBERS.count] as number) + 1;
    const mean = numbers[NUMBERS.mean] as number;
    numbers[NUMBERS.beforeLast] = numbers[NUMBERS.previous] as number;
    numbers[NUMBERS.previous] = value;
    numbers[NUMBERS.at] = at;
    numbers[NUMBERS.run] = run;
    const varied = numbers[NUMBERS.varied] as number;
    const differs = run === 0 && count > 1 ? 1 : 0;
    numbers[NUMBERS.varied] = varied + (differs - varied) / Math.min(count, VARIED_MEMORY);
    numbers[NUMBERS.mean] = mean + (Math.abs(value) - mean) / Math.min(count, 1000);
    numbers[NUMBERS.count] = count;
  }

  /** The whole state; `restore` continues from it as if there had been no interruption. */
  serialise(): Uint8Array {
    const bytes = new Uint8Array(
      1 + this.#numbers.byteLength + this.#floats.byteLength + this.#counts.length + DayShape.SIZE,
    );
    const view = new DataView(bytes.buffer);
    let at = 1;
    view.setUint8(0, VERSION);
    for (let n = 0; n < NUMBER_COUNT; n++, at += 8) view.setFloat64(at, this.#numbers[n] as number);
    for (let n = 0; n < WEEK_FLOATS; n++, at += 4) view.setFloat32(at, this.#floats[n] as number);
    for (const count of this.#counts) view.setUint8(at++, count);
    return bytes.subarray(0, this.#shape.write(view, at));
  }

  /** @throws Error for bytes of another version. */
  static restore(bytes: Uint8Array, settings: TrackerSettings): AnomalyTracker {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length === 0 || view.getUint8(0) !== VERSION)
      throw new Error(`not the state of a tracker of version ${VERSION}`);
    const tracker = new AnomalyTracker({ ...settings, seed: 0 });
    let at = 1;
    for (let n = 0; n < NUMBER_COUNT; n++, at += 8) tracker.#numbers[n] = view.getFloat64(at);
    for (let n = 0; n < WEEK_FLOATS; n++, at += 4) tracker.#floats[n] = view.getFloat32(at);
    for (let n = 0; n < WEEK_COUNTS; n++) tracker.#counts[n] = view.getUint8(at++);
    tracker.#shape.read(view, at);
    return tracker;
  }
}

function spreadsFrom({ centre, spread }: Usual, value: number, least: number): number {
  if (value === centre) return 0;
  if (spread + least === 0) return Math.sign(value - centre) * FIRST_DEVIATION;
  return (value - centre) / (spread + least);
}

/** −log10 of the probability of so many repetitions where a share of the readings differs from the one before. */
const unlikelyRun = (run: number, varied: number): number => -run * Math.log10(1 - Math.min(varied, MOST_VARIED));

/** How far the middle reading stood out of both its neighbours, with its sign; known one reading late; NaN without them. */
function lonePeak(before: number, middle: number, after: number): number {
  if (Number.isNaN(before)) return Number.NaN;
  const rise = middle - before;
  const fall = middle - after;
  return rise > 0 === fall > 0 ? Math.sign(rise) * Math.min(Math.abs(rise), Math.abs(fall)) : 0;
}

function directionOf(of: { loudest: number; deviation: number; step: number; peak: number }): 'high' | 'low' {
  const signs: Record<TrackedSignal, number> = {
    level: of.deviation,
    change: of.step,
    spike: of.peak,
    flatline: of.deviation,
    shape: of.deviation,
  };
  return signs[TRACKED_SIGNALS[of.loudest] as TrackedSignal] < 0 ? 'low' : 'high';
}

const bandOf = ({ centre, spread }: Usual, least: number): { low: number; high: number } => ({
  low: centre - BAND * (spread + least),
  high: centre + BAND * (spread + least),
});
