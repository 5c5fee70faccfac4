/**
 * Scoring rules of the Numenta Anomaly Benchmark v1.1 (Lavin & Ahmad 2015, arXiv:1510.03336, section 3, and the benchmark's wiki):
 * the earliest detection in a window counts, earlier is worth more; a missed window and every detection outside windows cost; one threshold
 * for all series; 0 is a detector that never detects, 100 a perfect one.
 */
export interface Profile {
  truePositive: number;
  falseNegative: number;
  falsePositive: number;
}

export const PROFILES = {
  standard: { truePositive: 1, falseNegative: 1, falsePositive: 0.11 },
  'reward-low-FP': { truePositive: 1, falseNegative: 1, falsePositive: 0.22 },
} as const satisfies Record<string, Profile>;

/** Rows of a window, first and last. */
export type Window = readonly [number, number];

export interface Scored {
  scores: Float64Array;
  windows: readonly Window[];
}

export interface Outcome {
  threshold: number;
  /** Sum over all windows and detections, before normalisation. */
  sum: number;
  windows: number;
  windowsHit: number;
  falsePositives: number;
}

/** Rows at the beginning of a series that are never scored. */
export const probation = (rows: number): number => Math.min(Math.floor(0.15 * rows), 750);

/** Scaled sigmoid: 1 well before, 0 at the end of a window, −1 well past it. */
const sigmoid = (y: number): number => 2 / (1 + Math.exp(5 * y)) - 1;

interface Point {
  score: number;
  gain: number;
  /** Index of the window among all series, −1 outside. */
  window: number;
}

/** What a detection at each row after probation is worth. */
function pointsOf(of: Scored, profile: Profile, firstWindow: number): Point[] {
  const { scores, windows } = of;
  const points: Point[] = [];
  let next = 0;
  for (let row = 0; row < scores.length; row++) {
    while (next < windows.length && row > (windows[next] as Window)[1]) next++;
    if (row < probation(scores.length)) continue;
    const [left, right] = windows[next] ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const score = scores[row] as number;
    if (row >= left) {
      const position = -(right - row + 1) / (right - left + 1);
      points.push({
        score,
        gain: (profile.truePositive * sigmoid(position)) / sigmoid(-1),
        window: firstWindow + next,
      });
      continue;
    }
    const before = windows[next - 1];
    const past = before === undefined ? Number.POSITIVE_INFINITY : (row - before[1]) / (before[1] - before[0]);
    points.push({ score, gain: profile.falsePositive * (past > 3 ? -1 : sigmoid(past)), window: -1 });
  }
  return points;
}

/** Outcomes at every threshold, from the one that detects nothing down. A window wholly in probation is neither gained nor lost. */
function* outcomes(corpus: readonly Scored[], profile: Profile): Generator<Outcome> {
  const points: Point[] = [];
  let windows = 0;
  for (const of of corpus) {
    points.push(...pointsOf(of, profile, windows));
    windows += of.windows.length;
  }
  points.sort((a, b) => b.score - a.score);
  const best = new Float64Array(windows);
  const hit = new Uint8Array(windows);
  for (const { window } of points) if (window >= 0) best[window] = -profile.falseNegative;
  let sum = best.reduce((total, gain) => total + gain, 0);
  let windowsHit = 0;
  let falsePositives = 0;
  yield { threshold: Number.POSITIVE_INFINITY, sum, windows, windowsHit, falsePositives };
  for (let n = 0; n < points.length; n++) {
    const { score, gain, window } = points[n] as Point;
    if (window < 0) {
      falsePositives++;
      sum += gain;
    } else {
      if (hit[window] === 0) windowsHit++;
      hit[window] = 1;
      const more = gain - (best[window] as number);
      if (more > 0) {
        sum += more;
        best[window] = gain;
      }
    }
    if (points[n + 1]?.score !== score) yield { threshold: score, sum, windows, windowsHit, falsePositives };
  }
}

/** The outcome at the threshold that serves these series best. */
export function bestOutcome(corpus: readonly Scored[], profile: Profile): Outcome {
  let best: Outcome | undefined;
  for (const outcome of outcomes(corpus, profile))
    if (best === undefined || outcome.sum > best.sum + 1e-12) best = outcome;
  return best as Outcome;
}

/** The outcome at a given threshold: scores of at least it are detections. */
export function outcomeAt(corpus: readonly Scored[], profile: Profile, threshold: number): Outcome {
  let last: Outcome | undefined;
  for (const outcome of outcomes(corpus, profile)) {
    if (last !== undefined && outcome.threshold < threshold) break;
    last = outcome;
  }
  return { ...(last as Outcome), threshold };
}

/** 0 for the detector that never detects, 100 for the perfect one. @throws RangeError when there is no window to score. */
export function normalised(parts: readonly Pick<Outcome, 'sum' | 'windows'>[], profile: Profile): number {
  const sum = parts.reduce((total, part) => total + part.sum, 0);
  const windows = parts.reduce((total, part) => total + part.windows, 0);
  if (windows === 0) throw new RangeError('no labelled window: nothing to score');
  const nothing = -profile.falseNegative * windows;
  return (100 * (sum - nothing)) / (profile.truePositive * windows - nothing);
}
