import { FAULT_LABELS, type FaultLabel } from '../../layers/contracts/models/anomaly.ts';
import { DAY_FEATURES } from '../../layers/domain/anomalies/day-features.ts';
import { mean } from '../../layers/domain/anomalies/statistics.ts';
import type { DayEvidence } from './day-evidence.ts';
import type { Segment } from './labelled-days.ts';
import { classShares, type ForestSettings, growForest, type RandomForest } from './random-forest.ts';

/** Days a score looks back over: faults last, coincidences do not. */
export const LOOK_BACK_DAYS = 7;
const SHORT_DAYS = 3;
/** 0 leaves the classes as frequent as they are, 1 makes them equally heavy. */
const BALANCE = 0.5;
/** Parts of the meters; each is judged for the second stage by a first stage grown on the others. */
const FOLDS = 5;
/** How far the second stage moves the first: enough for faults that last, without waiting for those that a day gives away. */
const JOINT_WEIGHT = 0.2;
const NORMAL = FAULT_LABELS.indexOf('normal');
const CLASSES = FAULT_LABELS.length;
/** Inputs of the second stage: the day's features, shares of each class now, over the short and the long look back; the stream's detectors now and over the long one. */
const JOINT_INPUTS = DAY_FEATURES.length + 3 * CLASSES + 6;

export interface EnsembleSettings {
  forest: Omit<ForestSettings, 'seed' | 'bootstrap'>;
  joint: Omit<ForestSettings, 'seed' | 'bootstrap'>;
  seed: number;
}

export const ENSEMBLE_SETTINGS: Omit<EnsembleSettings, 'seed'> = {
  forest: { trees: 200, maxDepth: 14, minLeaf: 4, featuresPerSplit: 7 },
  joint: { trees: 200, maxDepth: 14, minLeaf: 10, featuresPerSplit: 10 },
};

/**
 * Two stages: a forest that judges a day by its features, and one that joins the first's shares over the last days with the stream's detectors.
 */
export interface Ensemble {
  forest: RandomForest;
  joint: RandomForest;
}

export interface DayJudgement {
  /** Shares by FAULT_LABELS, of both stages. */
  shares: Float64Array;
  /** 1 − share of normal: of both stages, of the first alone. */
  score: number;
  forestScore: number;
}

/**
 * Grows both stages. What the second learns from are judgements of first stages that had not seen the meter: it must not learn to trust
 * what the first knows by heart.
 */
export function trainEnsemble(
  segments: readonly Segment[],
  { forest, joint, seed }: EnsembleSettings,
  signal?: AbortSignal,
): Ensemble {
  const balance = classBalance(segments);
  const meters = [...new Set(segments.map(({ meterId }) => meterId))];
  const foldOf = new Map(meters.map((meterId, n) => [meterId, n % FOLDS]));
  const firstStage = (part: readonly Segment[], stageSeed: number) =>
    growForest(tableOf(part, balance), { ...forest, bootstrap: true, seed: stageSeed }, signal);
  const whole = firstStage(segments, seed);
  const blind = Array.from({ length: FOLDS }, (_, fold) => {
    const others = segments.filter(({ meterId }) => foldOf.get(meterId) !== fold);
    return meters.length < 2 || others.length === segments.length ? whole : firstStage(others, seed + 1 + fold);
  });
  const inputs: number[] = [];
  const classes: number[] = [];
  const weights: number[] = [];
  for (const { meterId, days, weight } of segments) {
    const unseen = blind[foldOf.get(meterId) as number] as RandomForest;
    const shares = days.map(({ features }) => classShares(unseen, features));
    for (const [n, { label, present }] of days.entries()) {
      if (!present) continue;
      inputs.push(...jointInputs(days, shares, n));
      classes.push(FAULT_LABELS.indexOf(label));
      weights.push(weight * balance(label));
    }
  }
  const table = {
    values: Float64Array.from(inputs),
    features: JOINT_INPUTS,
    classes: Uint8Array.from(classes),
    weights: Float64Array.from(weights),
    classCount: CLASSES,
  };
  return { forest: whole, joint: growForest(table, { ...joint, bootstrap: true, seed: seed + 1 + FOLDS }, signal) };
}

/** Judges every day of a run of consecutive days, each by itself and those before it. */
export function judgeDays({ forest, joint }: Ensemble, days: readonly DayEvidence[]): DayJudgement[] {
  const firstShares = days.map(({ features }) => classShares(forest, features));
  return days.map((_, n) => {
    const first = firstShares[n] as Float64Array;
    const second = classShares(joint, jointInputs(days, firstShares, n));
    const shares = first.map((share, own) => share + JOINT_WEIGHT * ((second[own] as number) - share));
    return { shares, score: 1 - (shares[NORMAL] as number), forestScore: 1 - (first[NORMAL] as number) };
  });
}

function tableOf(segments: readonly Segment[], balance: (label: FaultLabel) => number) {
  const days = segments.flatMap(({ days, weight }) =>
    days.filter(({ present }) => present).map((day) => ({ ...day, weight })),
  );
  const values = new Float64Array(days.length * DAY_FEATURES.length);
  for (const [row, { features }] of days.entries()) values.set(features, row * features.length);
  return {
    values,
    features: DAY_FEATURES.length,
    classes: Uint8Array.from(days, ({ label }) => FAULT_LABELS.indexOf(label)),
    weights: Float64Array.from(days, ({ weight, label }) => weight * balance(label)),
    classCount: CLASSES,
  };
}

/** Weight by label: a fault of one day has as few examples as it lasts, and would be forgotten over those that last a month. */
function classBalance(segments: readonly Segment[]): (label: FaultLabel) => number {
  const counts = new Map<FaultLabel, number>();
  for (const { days } of segments) for (const { label } of days) counts.set(label, (counts.get(label) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return (label) => (most / (counts.get(label) ?? most)) ** BALANCE;
}

function jointInputs(days: readonly DayEvidence[], shares: readonly Float64Array[], at: number): number[] {
  const back = (length: number) => Math.max(0, at - length + 1);
  const inputs: number[] = [...(days[at] as DayEvidence).features];
  for (let own = 0; own < CLASSES; own++) {
    const of = (length: number) => mean(shares.slice(back(length), at + 1).map((share) => share[own] as number));
    inputs.push(of(1), of(SHORT_DAYS), of(LOOK_BACK_DAYS));
  }
  const latest = days.slice(back(LOOK_BACK_DAYS), at + 1);
  for (const figures of [latest.map(({ zScore }) => zScore), latest.map(({ cutForest }) => cutForest)]) {
    inputs.push(figures.at(-1) as number, mean(figures), mean(figures.slice(-SHORT_DAYS)));
  }
  return inputs;
}
