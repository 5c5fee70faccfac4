import { FAULT_LABELS, type FaultLabel } from '../../layers/contracts/models/anomaly.ts';
import { DAY_FEATURES } from '../../layers/domain/anomalies/day-features.ts';
import { mean } from '../../layers/domain/anomalies/statistics.ts';
import { type Calibration, calibrated, fitCalibration, type JudgedSample } from './calibration.ts';
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
/** Parts of the meters for the second stage, which are judged for the calibration. */
const JOINT_FOLDS = 2;
/** How far the second stage moves the first: enough for faults that last, without waiting for those that a day gives away. */
const JOINT_WEIGHT = 0.3;
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
  /** Of both stages, of the first alone. */
  calibration: { both: Calibration; first: Calibration };
}

export interface DayJudgement {
  /** Probabilities by FAULT_LABELS, of both stages. */
  shares: Float64Array;
  /** Probability of a fault: of both stages, of the first alone. */
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
  const rows: JointRow[] = [];
  for (const { meterId, days, weight } of segments) {
    const unseen = blind[foldOf.get(meterId) as number] as RandomForest;
    const shares = days.map(({ features }) => classShares(unseen, features));
    for (const [n, { label, present }] of days.entries()) {
      if (!present) continue;
      const first = shares[n] as Float64Array;
      const part = (foldOf.get(meterId) as number) % JOINT_FOLDS;
      rows.push({ part, label, weight, first, inputs: jointInputs(days, shares, n) });
    }
  }
  const secondStage = (part: readonly JointRow[], stageSeed: number) =>
    growForest(jointTable(part, balance), { ...joint, bootstrap: true, seed: stageSeed }, signal);
  const second = secondStage(rows, seed + 1 + FOLDS);
  const parts = Array.from({ length: JOINT_FOLDS }, (_, part) => {
    const others = rows.filter((row) => row.part !== part);
    return others.length === 0 || others.length === rows.length ? second : secondStage(others, seed + 2 + FOLDS + part);
  });
  return { forest: whole, joint: second, calibration: calibrationOf(rows, parts) };
}

/** A day as the second stage learns from it. */
interface JointRow {
  part: number;
  label: FaultLabel;
  weight: number;
  /** Shares of a first stage that had not seen the meter. */
  first: Float64Array;
  inputs: number[];
}

const jointTable = (rows: readonly JointRow[], balance: (label: FaultLabel) => number) => ({
  values: Float64Array.from(rows.flatMap(({ inputs }) => inputs)),
  features: JOINT_INPUTS,
  classes: Uint8Array.from(rows, ({ label }) => FAULT_LABELS.indexOf(label)),
  weights: Float64Array.from(rows, ({ weight, label }) => weight * balance(label)),
  classCount: CLASSES,
});

/** By judgements of stages that had not seen the meter; every fault counts the same, however many days of it there are. */
function calibrationOf(rows: readonly JointRow[], parts: readonly RandomForest[]): Ensemble['calibration'] {
  const days = new Map<FaultLabel, number>();
  for (const { label, weight } of rows) days.set(label, (days.get(label) ?? 0) + weight);
  const sample = ({ label, weight }: JointRow, shares: Float64Array): JudgedSample => ({
    score: 1 - (shares[NORMAL] as number),
    faulty: label !== 'normal',
    weight: weight / (days.get(label) ?? 1),
  });
  const both = rows.map((row) => {
    const second = classShares(parts[row.part] as RandomForest, row.inputs);
    return sample(row, joined(row.first, second));
  });
  return { both: fitCalibration(both), first: fitCalibration(rows.map((row) => sample(row, row.first))) };
}

const joined = (first: Float64Array, second: Float64Array): Float64Array =>
  first.map((share, own) => share + JOINT_WEIGHT * ((second[own] as number) - share));

/** Judges every day of a run of consecutive days, each by itself and those before it. */
export function judgeDays({ forest, joint, calibration }: Ensemble, days: readonly DayEvidence[]): DayJudgement[] {
  const firstShares = days.map(({ features }) => classShares(forest, features));
  return days.map((_, n) => {
    const first = firstShares[n] as Float64Array;
    const shares = joined(first, classShares(joint, jointInputs(days, firstShares, n)));
    const votes = 1 - (shares[NORMAL] as number);
    const score = calibrated(votes, calibration.both);
    return {
      shares: shares.map((share, own) =>
        own === NORMAL ? 1 - score : votes > 0 ? (share / votes) * score : score / (CLASSES - 1),
      ),
      score,
      forestScore: calibrated(1 - (first[NORMAL] as number), calibration.first),
    };
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
