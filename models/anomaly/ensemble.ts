import { FAULT_LABELS } from '../../layers/contracts/models/anomaly.ts';
import { DAY_FEATURES } from '../../layers/domain/anomalies/day-features.ts';
import { mean } from '../../layers/domain/anomalies/statistics.ts';
import type { DayEvidence } from './day-evidence.ts';
import type { Segment } from './labelled-days.ts';
import { classShares, type ForestSettings, growForest, type RandomForest } from './random-forest.ts';

/** Days a score looks back over: faults last, coincidences do not. */
export const LOOK_BACK_DAYS = 7;
const SHORT_DAYS = 3;
const NORMAL = FAULT_LABELS.indexOf('normal');
const CLASSES = FAULT_LABELS.length;
/** Inputs of the second stage: shares of each class now, over the short and the long look back; the stream's detectors now and over the long one. */
const JOINT_INPUTS = 3 * CLASSES + 6;

export interface EnsembleSettings {
  forest: Omit<ForestSettings, 'seed' | 'bootstrap'>;
  joint: Omit<ForestSettings, 'seed' | 'bootstrap'>;
  seed: number;
}

export const ENSEMBLE_SETTINGS: Omit<EnsembleSettings, 'seed'> = {
  forest: { trees: 200, maxDepth: 14, minLeaf: 4, featuresPerSplit: 7 },
  joint: { trees: 100, maxDepth: 8, minLeaf: 20, featuresPerSplit: 6 },
};

/**
 * Two stages: a forest that judges a day by its features, and one that joins the first's shares over the last days with the stream's detectors.
 */
export interface Ensemble {
  forest: RandomForest;
  joint: RandomForest;
}

export interface DayJudgement {
  /** Shares by FAULT_LABELS, of the second stage. */
  shares: Float64Array;
  /** 1 − share of normal: of both stages. */
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
  const meters = [...new Set(segments.map(({ meterId }) => meterId))];
  const halfOf = new Map(meters.map((meterId, n) => [meterId, n % 2]));
  const firstStage = (part: readonly Segment[], stageSeed: number) =>
    growForest(tableOf(part), { ...forest, bootstrap: true, seed: stageSeed }, signal);
  const whole = firstStage(segments, seed);
  const halves =
    meters.length < 2
      ? [whole, whole]
      : [0, 1].map((half) =>
          firstStage(
            segments.filter(({ meterId }) => halfOf.get(meterId) !== half),
            seed + 1 + half,
          ),
        );
  const inputs: number[] = [];
  const classes: number[] = [];
  const weights: number[] = [];
  for (const { meterId, days, weight } of segments) {
    const unseen = halves[halfOf.get(meterId) as number] as RandomForest;
    const shares = days.map(({ features }) => classShares(unseen, features));
    for (const [n, { label, present }] of days.entries()) {
      if (!present) continue;
      inputs.push(...jointInputs(days, shares, n));
      classes.push(FAULT_LABELS.indexOf(label));
      weights.push(weight);
    }
  }
  const table = {
    values: Float64Array.from(inputs),
    features: JOINT_INPUTS,
    classes: Uint8Array.from(classes),
    weights: Float64Array.from(weights),
    classCount: CLASSES,
  };
  return { forest: whole, joint: growForest(table, { ...joint, bootstrap: true, seed: seed + 3 }, signal) };
}

/** Judges every day of a run of consecutive days, each by itself and those before it. */
export function judgeDays({ forest, joint }: Ensemble, days: readonly DayEvidence[]): DayJudgement[] {
  const firstShares = days.map(({ features }) => classShares(forest, features));
  return days.map((_, n) => {
    const shares = classShares(joint, jointInputs(days, firstShares, n));
    return {
      shares,
      score: 1 - (shares[NORMAL] as number),
      forestScore: 1 - ((firstShares[n] as Float64Array)[NORMAL] as number),
    };
  });
}

function tableOf(segments: readonly Segment[]) {
  const days = segments.flatMap(({ days, weight }) =>
    days.filter(({ present }) => present).map((day) => ({ ...day, weight })),
  );
  const values = new Float64Array(days.length * DAY_FEATURES.length);
  for (const [row, { features }] of days.entries()) values.set(features, row * features.length);
  return {
    values,
    features: DAY_FEATURES.length,
    classes: Uint8Array.from(days, ({ label }) => FAULT_LABELS.indexOf(label)),
    weights: Float64Array.from(days, ({ weight }) => weight),
    classCount: CLASSES,
  };
}

function jointInputs(days: readonly DayEvidence[], shares: readonly Float64Array[], at: number): number[] {
  const back = (length: number) => Math.max(0, at - length + 1);
  const inputs: number[] = [];
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
