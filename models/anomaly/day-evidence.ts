import type { MeterWindow } from '../../layers/contracts/models/anomaly.ts';
import { AnomalyTracker } from '../../layers/domain/anomalies/anomaly-tracker.ts';
import { dayFeatures } from '../../layers/domain/anomalies/day-features.ts';
import type { MeterDay } from '../../layers/domain/anomalies/meter-days.ts';

/** What speaks for or against a fault on one day. */
export interface DayEvidence {
  /** As DAY_FEATURES names them. */
  features: Float64Array;
  /** Largest absolute z-score by hour of the week of the day. */
  zScore: number;
  /** Largest displacement in the cut forest. */
  cutForest: number;
}

const TRACKER_SEED = 1;
const MINUTE_MS = 60_000;

/** Evidence of days [from, to) of a window; each of what the window holds up to that day's end. */
export function dayEvidence(
  window: Omit<MeterWindow, 'meterId'>,
  days: readonly MeterDay[],
  range: { from: number; to: number },
): DayEvidence[] {
  const streamed = streamScores(window, days);
  const evidence: DayEvidence[] = [];
  for (let day = Math.max(0, range.from); day < Math.min(range.to, days.length); day++) {
    evidence.push({
      features: dayFeatures(days, day),
      zScore: streamed.zScores[day] as number,
      cutForest: streamed.cutForest[day] as number,
    });
  }
  return evidence;
}

/** The stream's own detectors over the window, by day. */
function streamScores(
  { imported, exported, start, intervalMinutes, timeZone }: Omit<MeterWindow, 'meterId'>,
  days: readonly MeterDay[],
): { zScores: Float64Array; cutForest: Float64Array } {
  const tracker = new AnomalyTracker({ timeZone, seed: TRACKER_SEED });
  const zScores = new Float64Array(days.length);
  const cutForest = new Float64Array(days.length);
  const startMs = Date.parse(start);
  let day = 0;
  for (let n = 0; n < imported.length; n++) {
    const energy = imported[n] ?? null;
    const at = startMs + n * intervalMinutes * MINUTE_MS;
    while (at >= (days[day + 1]?.start ?? Number.POSITIVE_INFINITY)) day++;
    if (energy === null) continue;
    const scored = tracker.score({ at, value: energy - (exported?.[n] ?? 0) });
    if (scored === null) continue;
    zScores[day] = Math.max(zScores[day] as number, Math.abs(scored.deviation ?? 0));
    cutForest[day] = Math.max(cutForest[day] as number, scored.displacement ?? 0);
  }
  return { zScores, cutForest };
}
