import { FEATURES, featureIndex, type LoadFeatures } from '../../layers/domain/forecasting/load-features.ts';
import { believed } from './believed.ts';
import { fitSmoothing, predictSmoothing, SMOOTHING_WIDTH } from './classical/double-seasonal.ts';
import {
  AUTOREGRESSION_WIDTH,
  type AutoregressionOptions,
  predictAutoregression,
  type SeasonalAutoregression,
  seasonalAutoregression,
} from './classical/seasonal-autoregression.ts';
import { type DayCurves, type DayOutlook, fitDayCurves, type PastDay, predictDayCurves } from './kernel/day-curves.ts';
import { dayVector } from './kernel/day-vector.ts';
import { DESIGN_WIDTH } from './linear/ridge-design.ts';
import { predictRidges, settled, type WalkForwardRidge, walkForwardRidge } from './linear/walk-forward-ridge.ts';
import type { ForecastSettings } from './settings.ts';

/** Before so many days nothing is learned: a weekly profile needs its week. */
const FIRST_DAY = 8;
/** Days after which an error counts half when bases are compared [P]. */
const BASE_HALF_LIFE_DAYS = 30;

/** Loads and their logarithms speak apart: the one is better in units, the other in percent [P]. */
const AUTOREGRESSIONS: readonly AutoregressionOptions[] = [
  { log: false, penalty: 0.3 },
  { log: true, penalty: 0.3 },
];
/** Days from one fit of the smoothing to the next. */
const FIT_EVERY_DAYS = 7;
/** Members that speak of the load's own course: the autoregressions, and the smoothing. */
const CLASSICAL = AUTOREGRESSIONS.length + 1;

/** Bases: the regressions per step, the classical members, and last the recent median. */
export const basesFor = ({ ridges }: Pick<ForecastSettings, 'ridges'>): number => ridges.length + CLASSICAL + 1;

/** What the bases of one load have learned; NaN where nothing. */
export interface BaseModels {
  /** By regression, step ahead and column. */
  ridges: Float32Array;
  autoregressions: Float64Array[];
  /** Smoothing of level, day and week, and the carry. */
  smoothing: Float64Array;
}

export const nothingLearned = (steps: number, { ridges }: Pick<ForecastSettings, 'ridges'>): BaseModels => ({
  ridges: new Float32Array(ridges.length * steps * DESIGN_WIDTH).fill(Number.NaN),
  autoregressions: AUTOREGRESSIONS.map(() => new Float64Array(AUTOREGRESSION_WIDTH).fill(Number.NaN)),
  smoothing: new Float64Array(SMOOTHING_WIDTH).fill(Number.NaN),
});

/** What one origin knows before trees are asked. */
export interface OriginRow {
  /** Slot of the origin. */
  origin: number;
  /** By step of the regressions' days and base: load relative to the level, of each base. */
  bases: Float32Array;
  /** The base that erred least lately. */
  best: number;
  /** By day ahead of the regressions' days: what is known of it, for the day curves. */
  vectors: Float64Array[];
}

type OriginCurves = Pick<OriginRow, 'origin' | 'bases' | 'vectors'>;

/**
 * A load walked through day by day, an origin each day at the same time: the regressions learn each day's outcome before they speak of the next.
 * Nothing of an origin depends on what comes after it.
 */
export class SeriesWalk {
  readonly features: LoadFeatures;
  readonly rows = new Map<number, OriginRow>();
  readonly steps: number;
  readonly bases: number;
  private readonly issueSlot: number;
  private readonly ridgeSteps: number;
  private readonly ridgeDays: number;
  private readonly ridge: WalkForwardRidge;
  private readonly autoregressions: readonly SeasonalAutoregression[];
  private readonly smoothing: Float64Array;
  private readonly errors: Float64Array;
  private readonly curveOptions: ForecastSettings['curves'];
  private readonly curves: { fitted: number; byDay: (DayCurves | undefined)[] } = { fitted: Number.NaN, byDay: [] };
  private recent: Float64Array[] = [];
  private day: number = FIRST_DAY;

  constructor(features: LoadFeatures, issueSlot: number, settings: ForecastSettings) {
    this.features = features;
    this.issueSlot = issueSlot;
    this.ridgeDays = Math.min(settings.ridgeDays, settings.horizonDays);
    this.ridgeSteps = this.ridgeDays * features.grid.slotsPerDay;
    this.steps = settings.horizonDays * features.grid.slotsPerDay;
    this.bases = basesFor(settings);
    this.ridge = walkForwardRidge(this.ridgeSteps, settings.ridges);
    this.autoregressions = AUTOREGRESSIONS.map(seasonalAutoregression);
    this.smoothing = new Float64Array(SMOOTHING_WIDTH).fill(Number.NaN);
    this.errors = new Float64Array(this.bases);
    this.curveOptions = settings.curves;
  }

  get models(): BaseModels {
    return {
      ridges: this.ridge.coefficients,
      autoregressions: this.autoregressions.map(({ coefficients }) => coefficients),
      smoothing: this.smoothing,
    };
  }

  /** Error of each base of late, relative to the level. */
  get baseErrors(): Float64Array {
    return this.errors;
  }

  /** Day curves by day ahead of the regressions' days, as of the origin of `day` or some days before; undefined where too little is known. */
  curvesAt(day: number): readonly (DayCurves | undefined)[] {
    const fitted = day - (day % this.curveOptions.fitEveryDays);
    if (this.curves.fitted !== fitted) {
      this.curves.fitted = fitted;
      this.curves.byDay = Array.from({ length: this.ridgeDays }, (_, ahead) =>
        fitDayCurves(this.pastDays(fitted, ahead), this.features.grid.slotsPerDay),
      );
    }
    return this.curves.byDay;
  }

  /** What origins knew of days that are over before the origin of `day`. */
  private pastDays(day: number, ahead: number): PastDay[] {
    const { slotsPerDay, values } = this.features.grid;
    const past: PastDay[] = [];
    for (let back = Math.min(this.curveOptions.days, day); back > ahead; back--) {
      const row = this.rows.get(day - back);
      if (row === undefined || !settled(this.features, row.origin)) continue;
      const level = this.features.level(row.origin);
      const from = row.origin + ahead * slotsPerDay;
      const spread = this.features.spread(row.origin);
      const load = values
        .slice(from, from + slotsPerDay)
        .map((value) => 1 + spread * believed((value / level - 1) / spread));
      past.push({ ...outlookOf(this.features, row, ahead), load });
    }
    return past;
  }

  /** Walks to the origin of `day` of the grid, that day included. */
  walkTo(day: number): void {
    for (; this.day <= day; this.day++) this.walk(this.day);
  }

  private walk(day: number): void {
    const { slotsPerDay } = this.features.grid;
    const origin = day * slotsPerDay + this.issueSlot;
    for (let back = 1; back <= this.recent.length; back++) {
      const rows = this.recent[this.recent.length - back] as Float64Array;
      const past = origin - back * slotsPerDay;
      this.ridge.learn(this.features, rows, past, (back - 1) * slotsPerDay, back * slotsPerDay);
    }
    this.judge(this.rows.get(day - 1));
    this.ridge.nextDay();
    for (const autoregression of this.autoregressions) autoregression.learnDay(this.features, origin);
    if (Number.isNaN(this.smoothing[0]) || day % FIT_EVERY_DAYS === 0) {
      this.smoothing.set(fitSmoothing(this.features, origin) ?? []);
    }
    const rows = describeSteps(this.features, origin, this.ridgeSteps);
    this.recent.push(rows);
    if (this.recent.length > this.ridgeDays) this.recent.shift();
    this.rows.set(day, {
      origin,
      bases: basesOf(this.features, this.models, rows, origin),
      best: bestOf(this.errors),
      vectors: vectorsOf(this.features, rows),
    });
  }

  /** Compares the bases over the day that followed an origin. */
  private judge(row: OriginRow | undefined): void {
    if (row === undefined) return;
    const { grid } = this.features;
    const level = this.features.level(row.origin);
    const share = 0.5 ** (1 / BASE_HALF_LIFE_DAYS);
    const sums = new Float64Array(this.bases);
    let count = 0;
    for (let ahead = 0; ahead < grid.slotsPerDay; ahead++) {
      const actual = (grid.values[row.origin + ahead] as number) / level;
      if (Number.isNaN(actual)) continue;
      count++;
      for (let base = 0; base < this.bases; base++) {
        sums[base] = (sums[base] as number) + Math.abs(actual - (row.bases[ahead * this.bases + base] as number));
      }
    }
    if (count === 0) return;
    for (let base = 0; base < this.bases; base++) {
      this.errors[base] = share * (this.errors[base] as number) + ((1 - share) * (sums[base] as number)) / count;
    }
  }
}

/** Features of the first steps after an origin. */
export function describeSteps(features: LoadFeatures, origin: number, steps: number): Float64Array {
  const rows = new Float64Array(steps * FEATURES);
  for (let ahead = 0; ahead < steps; ahead++) features.describe(origin, ahead, rows, ahead * FEATURES);
  return rows;
}

/**
 * What the bases say of an origin's steps, relative to the level. Where one has nothing to say the recent median speaks, where that has not
 * either, the level itself; nobody goes far beyond what was ever seen.
 * @param rows features of the steps
 */
export function basesOf(features: LoadFeatures, models: BaseModels, rows: Float64Array, origin: number): Float32Array {
  const steps = rows.length / FEATURES;
  const ridges = steps === 0 ? 0 : models.ridges.length / (steps * DESIGN_WIDTH);
  const stride = ridges + CLASSICAL + 1;
  const bases = new Float32Array(steps * stride).fill(Number.NaN);
  const scratch = new Float64Array(DESIGN_WIDTH);
  const level = features.level(origin);
  const [least, greatest] = features.bounds(origin).map((bound) => bound / level) as [number, number];
  for (const [index, options] of AUTOREGRESSIONS.entries()) {
    const coefficients = models.autoregressions[index] as Float64Array;
    predictAutoregression(options, coefficients, features, origin, { steps, out: bases, to: ridges + index, stride });
  }
  predictSmoothing(models.smoothing, features, origin, { steps, out: bases, to: ridges + CLASSICAL - 1, stride });
  for (let ahead = 0; ahead < steps; ahead++) {
    const at = ahead * FEATURES;
    const to = ahead * stride;
    predictRidges(models.ridges, { steps, ahead }, rows, at, scratch, bases, to);
    const median = rows[at + featureIndex.quantile50] as number;
    const spare = Number.isNaN(median) ? 1 : median;
    for (let base = 0; base < stride - 1; base++) {
      const said = bases[to + base] as number;
      bases[to + base] = Number.isFinite(said) ? Math.min(greatest, Math.max(least, said)) : spare;
    }
    bases[to + stride - 1] = spare;
  }
  return bases;
}

/** By day ahead of the features' steps. */
export function vectorsOf({ grid: { slotsPerDay } }: LoadFeatures, rows: Float64Array): Float64Array[] {
  return Array.from({ length: rows.length / (FEATURES * slotsPerDay) }, (_, day) => dayVector(rows, day, slotsPerDay));
}

function outlookOf({ grid, profile, level }: LoadFeatures, row: OriginCurves, day: number): DayOutlook {
  const { slotsPerDay } = grid;
  const from = day * slotsPerDay;
  const bases = row.bases.length / (row.vectors.length * slotsPerDay);
  const scale = level(row.origin);
  return {
    vector: row.vectors[day] as Float64Array,
    profile: profile.slice(row.origin + from, row.origin + from + slotsPerDay).map((value) => value / scale),
    recent: Float64Array.from({ length: slotsPerDay }, (_, slot) => row.bases[(from + slot + 1) * bases - 1] as number),
  };
}

/** What day curves say of an origin's steps, relative to the level; NaN where they have nothing to say. */
export function curvesOf(
  features: LoadFeatures,
  row: OriginCurves,
  curves: readonly (DayCurves | undefined)[],
): Float64Array {
  const { slotsPerDay } = features.grid;
  const level = features.level(row.origin);
  const [least, greatest] = features.bounds(row.origin).map((bound) => bound / level) as [number, number];
  const said = new Float64Array(row.vectors.length * slotsPerDay).fill(Number.NaN);
  for (const day of row.vectors.keys()) {
    const fitted = curves[day];
    if (!fitted) continue;
    const loads = predictDayCurves(fitted, outlookOf(features, row, day));
    said.set(
      loads.map((load) => Math.min(greatest, Math.max(least, load))),
      day * slotsPerDay,
    );
  }
  return said;
}

export function bestOf(errors: Float64Array): number {
  let best = errors.length - 1;
  for (let base = 0; base < errors.length; base++) if ((errors[base] as number) < (errors[best] as number)) best = base;
  return best;
}
