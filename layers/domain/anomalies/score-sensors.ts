import type { AnomalySettings } from '../../contracts/anomalies/settings.ts';
import { MEASUREMENT_KINDS } from '../../contracts/messages/measurements.ts';
import { DAY_MS, MINUTE_MS } from '../readings/calendar-day.ts';
import { anomalyIdOf } from './anomaly.ts';
import type { FoundAnomaly, TrackerState } from './anomaly-store.ts';
import { scoreSeries } from './score-series.ts';
import type { LookedAtSeries, SensorScoringStore, SensorSeries, SensorSeriesKey } from './sensor-store.ts';
import { SENSOR_WINDOW_MINUTES, type SensorLook, type SensorSpan } from './sensor-windows.ts';

const WINDOW_MS = SENSOR_WINDOW_MINUTES * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** A series is scored anew from so long before its latest window: samples up to a day late are scored in their place. [proposed] */
const OPEN_MS = DAY_MS;
/** Noise of an instrument, as a share of what it measures: a tenth of accuracy class 0.5. [proposed] */
const LEAST_SPREAD = 0.0005;

export interface ScoreSensorsPorts {
  store: SensorScoringStore;
  settings: () => Promise<AnomalySettings>;
  clock: () => number;
}

/**
 * Scores means of what sensors measured. A series' tracker is kept as it was an hour's edge at least a day before its latest window, and what
 * came since is scored anew from there: order of arrival, repetition and a second run change nothing. State and anomalies are one transaction.
 */
export const scoreSensors =
  ({ store, settings, clock }: ScoreSensorsPorts) =>
  async ({ spans, series }: SensorLook): Promise<{ found: number; withdrawn: number }> => {
    const { leastSurprise } = await settings();
    return store.transaction(async (step) => {
      await step.begin();
      const spanOf = new Map(spans.map((span) => [span.sensorId, span]));
      const trackers = new Map((await step.trackers([...spanOf.keys()])).map((one) => [keyOf(one), one]));
      const found: FoundAnomaly[] = [];
      const kept: (SensorSeriesKey & TrackerState)[] = [];
      const looked: LookedAtSeries[] = [];
      for (const { windows, timeZone, ...key } of [...series, ...silent(series, trackers.values())]) {
        const before = trackers.get(keyOf(key));
        const { from, to, past } = spanOf.get(key.sensorId) as SensorSpan;
        const since = before?.scoredTo ?? from;
        const readings = windows.filter(([start]) => start >= since);
        // What is silent now may still be late; history has passed.
        if (since >= to || (readings.length === 0 && !past)) continue;
        const latest = past ? to : (readings.at(-1)?.[0] ?? to);
        const { sensorId, kind, phase } = key;
        const scored = scoreSeries(
          readings.map(([at, value]) => ({ at, end: at + WINDOW_MS, value })),
          {
            subject: { entity: { kind: 'sensor', id: sensorId }, quantity: kind, phase },
            unit: MEASUREMENT_KINDS[kind].unit,
            tracker: { timeZone, leastSpread: LEAST_SPREAD },
            leastSurprise,
            before,
            from: since,
            keepTo: Math.floor((latest - OPEN_MS) / HOUR_MS) * HOUR_MS,
          },
        );
        found.push(...scored.found);
        if (scored.kept) kept.push({ ...key, ...scored.kept });
        looked.push({ ...key, from: since, to });
      }
      await step.keep(kept);
      const fresh = await step.record(found, clock());
      const withdrawn = await step.settle({ looked, found: found.map(anomalyIdOf) });
      return { found: fresh, withdrawn };
    });
  };

/** Series that are known and of which nothing was read. */
function silent(series: readonly SensorSeries[], trackers: Iterable<SensorSeriesKey>): SensorSeries[] {
  const read = new Set(series.map(keyOf));
  return [...trackers]
    .filter((one) => !read.has(keyOf(one)))
    .map(({ sensorId, kind, phase }) => ({ sensorId, kind, phase, timeZone: 'UTC', windows: [] }));
}

const keyOf = ({ sensorId, kind, phase }: SensorSeriesKey): string => `${sensorId}/${kind}/${phase ?? ''}`;
