import { FAULT_CLASSES, type WindowScore } from '../../contracts/models/anomaly.ts';
import { dateOf, localDayPeriod } from '../calendar/local-days.ts';
import type { AnomalyRecorder, FoundAnomaly } from './anomaly-store.ts';

/** A day that a model judged. */
export interface JudgedDay {
  score: WindowScore;
  timeZone: string;
  modelVersion: string;
}

/** What is kept of a model's daily judgements, within one transaction. */
export interface ModelAnomalies extends AnomalyRecorder {
  /** Since when the anomalies go on that models found of these meters, epoch ms by meter. */
  ongoing(meterIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Those of the meters that began before the day, epoch ms, and are not among `found` are over. */
  over(scope: { judged: readonly { meterId: string; dayStart: number }[]; found: readonly string[] }): Promise<void>;
}

const QUANTITY = 'activeEnergyImport';

/** Units of what explains a day: energies per hour, hours, shares. */
const UNITS: Readonly<Record<string, string>> = { zeroShare: '1', longestRepeat: 'h', longestZeroRun: 'h' };

/**
 * Anomalies of the days that a model finds suspicious. Of a meter it found before, the same anomaly goes on, whatever beginning the model
 * gives it today. @param ongoing as of before these days.
 */
export function modelAnomalies(
  days: readonly JudgedDay[],
  { ongoing, leastScore }: { ongoing: ReadonlyMap<string, number>; leastScore: number },
): FoundAnomaly[] {
  return days.flatMap(({ score: judged, timeZone, modelVersion }) => {
    if (judged.score < leastScore) return [];
    const { start, end } = localDayPeriod(timeZone, dateOf(judged.day));
    const known = ongoing.get(judged.meterId);
    const since =
      known !== undefined && known <= start ? known : judged.since === null ? start : Date.parse(judged.since);
    // What energy does is what people can picture; repetitions and shares come behind.
    const { explanation } = judged;
    const loudest = explanation.find(({ signal }) => UNITS[signal] === undefined) ?? explanation[0];
    const told = loudest
      ? {
          signal: loudest.signal,
          direction: loudest.direction,
          value: loudest.value,
          expected: { low: loudest.expectedLow, high: loudest.expectedHigh },
          unit: UNITS[loudest.signal] ?? 'kW',
        }
      : { signal: 'fault', direction: 'high' as const, value: judged.score, expected: null, unit: '1' };
    return [
      {
        entity: { kind: 'meter', id: judged.meterId },
        quantity: QUANTITY,
        phase: null,
        source: 'model',
        since,
        until: end,
        ongoing: true,
        ...told,
        method: judged.forest >= judged.score ? 'forest' : 'ensemble',
        score: judged.score,
        surprise: null,
        peakAt: start,
        explanation: explanation.map(({ signal, value, expectedLow, expectedHigh, surprise }) => ({
          signal,
          value,
          expected: { low: expectedLow, high: expectedHigh },
          surprise,
        })),
        modelVersion,
        faults: Object.fromEntries(
          FAULT_CLASSES.map((fault) => [fault, judged.faults[fault] ?? 0]),
        ) as FoundAnomaly['faults'],
        recorded: true,
        // The latest day decides how an anomaly is told: what a thief takes today counts, not how sure one was last week.
        whole: true,
      },
    ];
  });
}
