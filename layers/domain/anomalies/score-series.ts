import type { AnomalySubject } from './anomaly.ts';
import type { FoundAnomaly, TrackerState } from './anomaly-store.ts';
import { AnomalyTracker, type TrackerSettings } from './anomaly-tracker.ts';
import { type SeriesReading, streamEpisodes } from './stream-episodes.ts';

/** Seed of every tracker's cut forest: the same readings give the same scores. */
const SEED = 1;

/**
 * Scores the readings of one series, in their order, from where its tracker stands.
 * @param of.before the tracker as it was kept; undefined for the first readings of a series.
 * @param of.from start of what is looked at, epoch ms: where the kept tracker stands.
 * @param of.keepTo the tracker is moved on to there, if it does not stand later already, epoch ms.
 */
export function scoreSeries(
  readings: readonly SeriesReading[],
  of: {
    subject: AnomalySubject;
    unit: string;
    tracker: TrackerSettings;
    leastSurprise: number;
    before: TrackerState | undefined;
    from: number;
    keepTo: number;
  },
): { found: FoundAnomaly[]; kept: TrackerState | undefined } {
  const { before, from, keepTo, subject, unit, leastSurprise } = of;
  const tracker = before
    ? AnomalyTracker.restore(before.state, of.tracker)
    : new AnomalyTracker({ ...of.tracker, seed: SEED });
  const moves = before === undefined || keepTo > before.scoredTo;
  const scoredTo = before === undefined ? Math.max(from, keepTo) : keepTo;
  let state: Uint8Array | undefined;
  function* passing(): Generator<SeriesReading> {
    for (const reading of readings) {
      if (moves && reading.at >= scoredTo) state ??= tracker.serialise();
      yield reading;
    }
    if (moves) state ??= tracker.serialise();
  }
  const found = streamEpisodes(tracker, passing(), { subject, unit, from, leastSurprise });
  return { found, kept: state && { scoredTo, state } };
}
