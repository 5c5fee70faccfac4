import { FAULTY_SHARE } from '../../layers/contracts/models/anomaly.ts';

/** What turns a score into a probability: its log-odds times `slope`, plus `offset` (Platt 1999). */
export interface Calibration {
  slope: number;
  offset: number;
}

export interface JudgedSample {
  /** 1 − share of normal, as trees voted that had not seen the meter. */
  score: number;
  faulty: boolean;
  weight: number;
}

/** Votes of all trees are not certainty. */
const MOST_CERTAIN = 1e-6;
const ITERATIONS = 50;
const ENOUGH = 1e-9;
/** Keeps the slope finite where scores tell the two apart without a single error. */
const RIDGE = 1e-3;

/**
 * Fits scores of faulty and of ordinary days, both together equally heavy, and then moves the odds to those of FAULTY_SHARE: how many days are
 * faulty where faults were injected says nothing about how many are in a grid.
 */
export function fitCalibration(samples: readonly JudgedSample[]): Calibration {
  const heavy = (faulty: boolean) =>
    samples.reduce((sum, one) => sum + (one.faulty === faulty ? one.weight : 0), 0) || 1;
  const total = { faulty: heavy(true), ordinary: heavy(false) };
  let slope = 1;
  let offset = 0;
  for (let n = 0; n < ITERATIONS; n++) {
    // Newton's method for the weighted log loss.
    let [gradSlope, gradOffset, hessSlope, hessBoth, hessOffset] = [RIDGE * (slope - 1), 0, RIDGE, 0, 1e-12];
    for (const { score, faulty, weight } of samples) {
      const x = logOdds(score);
      const share = weight / (faulty ? total.faulty : total.ordinary) / 2;
      const p = probability(slope * x + offset);
      const error = share * (p - (faulty ? 1 : 0));
      const curve = share * p * (1 - p);
      gradSlope += error * x;
      gradOffset += error;
      hessSlope += curve * x * x;
      hessBoth += curve * x;
      hessOffset += curve;
    }
    const determinant = hessSlope * hessOffset - hessBoth * hessBoth;
    const [bySlope, byOffset] = [
      (hessOffset * gradSlope - hessBoth * gradOffset) / determinant,
      (hessSlope * gradOffset - hessBoth * gradSlope) / determinant,
    ];
    slope -= bySlope;
    offset -= byOffset;
    if (Math.abs(bySlope) + Math.abs(byOffset) < ENOUGH) break;
  }
  // A higher score never means less: the order of days stays as the trees have it.
  return { slope: Math.max(slope, RIDGE), offset: offset + logOdds(FAULTY_SHARE) };
}

/** Probability of a fault on a day with this score. */
export const calibrated = (score: number, { slope, offset }: Calibration): number =>
  probability(slope * logOdds(score) + offset);

const probability = (odds: number): number => 1 / (1 + Math.exp(-odds));

function logOdds(score: number): number {
  const held = Math.min(1 - MOST_CERTAIN, Math.max(MOST_CERTAIN, score));
  return Math.log(held / (1 - held));
}
