import type { AnomalySettings } from '../../contracts/anomalies/settings.ts';
import { CHANNELS, type ChannelName, kilowattHours, QUALITIES } from '../../contracts/messages/channels.ts';
import { DAY_MS, dayOf, MINUTE_MS, slotStart } from '../readings/calendar-day.ts';
import type { MeterDay } from '../readings/reading-store.ts';
import { anomalyIdOf } from './anomaly.ts';
import type { FoundAnomaly, KeptTracker, LookedAt, ScoringStore, ScoringWork } from './anomaly-store.ts';
import { scoreSeries } from './score-series.ts';
import type { SeriesReading } from './stream-episodes.ts';

/** What is scored of a meter. */
const SCORED: readonly ChannelName[] = ['activeEnergyImport', 'activeEnergyExport'];
/** The last so many UTC days are scored again whenever one of their readings comes: late ones are scored in their place. [proposed] */
const OPEN_DAYS = 2;
/** Days of a bucket scored in one transaction: 400,000 half-hourly readings, some seconds. [proposed] */
const DAYS_AT_ONCE = 31;

export interface ScoreReadingsPorts {
  store: ScoringStore;
  settings: () => Promise<AnomalySettings>;
  clock: () => number;
  budgetMs?: number;
}

/**
 * Scores what was stored: winners of the readings, measured or edited, of meters whose readings changed. A tracker is kept as it was
 * before the last two days; these are scored anew from there, so that the order of arrival, a repeated delivery and a second run change
 * nothing, and a reading up to a day late is scored in its place. What comes later than that is stored and billed, but not scored:
 * the trackers have gone on. State and anomalies are one transaction; any number of runs may work at once, one to a bucket.
 */
export function scoreReadings(ports: ScoreReadingsPorts): () => Promise<Record<string, number>> {
  return async () => {
    const settings = await ports.settings();
    const startedAt = ports.clock();
    const notedBefore = startedAt - settings.gatherMinutes * MINUTE_MS;
    const counts = { BucketsScored: 0, AnomaliesFound: 0, AnomaliesWithdrawn: 0 };
    for (;;) {
      const done = await ports.store.transaction((step) =>
        scoreBucket(step, { notedBefore, at: ports.clock(), leastSurprise: settings.leastSurprise }),
      );
      if (!done) return counts;
      counts.BucketsScored += 1;
      counts.AnomaliesFound += done.found;
      counts.AnomaliesWithdrawn += done.withdrawn;
      if (ports.clock() - startedAt > (ports.budgetMs ?? Number.POSITIVE_INFINITY)) return counts;
    }
  };
}

interface ScoringRun {
  notedBefore: number;
  at: number;
  leastSurprise: number;
}

async function scoreBucket(step: ScoringWork, run: ScoringRun) {
  const claimed = await step.claim(run.notedBefore);
  if (!claimed) return undefined;
  const { bucket, days } = claimed;
  const [first = 0, last = 0] = [days[0], days.at(-1)];
  const meters = await step.meters(bucket);
  const trackers = new Map((await step.trackers(bucket)).map((kept) => [keyOf(kept), kept]));
  const fromDay = Math.min(
    ...meters.flatMap(({ meterNo }) =>
      SCORED.map((name) => startDay(trackers.get(keyOf({ meterNo, channel: CHANNELS[name].code })), first)),
    ),
  );
  const toDay = Math.min(last, fromDay + DAYS_AT_ONCE - 1) + 1;
  if (toDay <= last) await step.postpone(bucket, last);
  const found: FoundAnomaly[] = [];
  const kept: KeptTracker[] = [];
  const looked: LookedAt[] = [];
  for (const quantity of SCORED) {
    const channel = CHANNELS[quantity].code;
    const query = { meterNos: meters.map(({ meterNo }) => meterNo), channel, fromDay, toDay };
    const ofMeter = Map.groupBy(await step.readings(query), ({ meterNo }) => meterNo);
    for (const meter of meters) {
      const before = trackers.get(keyOf({ meterNo: meter.meterNo, channel }));
      const from = before?.scoredTo ?? fromDay * DAY_MS;
      const readings = readingsOf(ofMeter.get(meter.meterNo) ?? []).filter(({ at }) => at >= from);
      if (from >= toDay * DAY_MS || (readings.length === 0 && !before)) continue;
      const { meterNo, meterId, timeZone } = meter;
      const scored = scoreSeries(readings, {
        subject: { entity: { kind: 'meter', id: meterId }, quantity, phase: null },
        unit: CHANNELS[quantity].unit,
        tracker: { timeZone },
        leastSurprise: run.leastSurprise,
        before,
        from,
        keepTo: (toDay - OPEN_DAYS) * DAY_MS,
      });
      found.push(...scored.found);
      if (scored.kept) kept.push({ meterNo, channel, ...scored.kept });
      looked.push({ meterId, quantity, from });
    }
  }
  await step.keep(kept);
  const fresh = await step.record(found, run.at);
  const withdrawn = await step.settle({ looked, found: found.map(anomalyIdOf) });
  return { found: fresh, withdrawn };
}

const keyOf = ({ meterNo, channel }: { meterNo: number; channel: number }): string => `${meterNo}/${channel}`;
/** A meter without a tracker begins with what has come. */
const startDay = (tracker: KeptTracker | undefined, first: number): number =>
  tracker ? dayOf(tracker.scoredTo) : first;

/** Measured or edited intervals in their order; estimates are no evidence. */
function readingsOf(days: readonly MeterDay[]): SeriesReading[] {
  return [...days]
    .sort((a, b) => a.day - b.day)
    .flatMap(({ day, block }) => {
      const lengthMs = block.intervalMinutes * MINUTE_MS;
      return [...block.quality].flatMap((quality, slot) => {
        if (quality < QUALITIES.raw) return [];
        const at = slotStart(day, slot, block.intervalMinutes);
        return [{ at, end: at + lengthMs, value: kilowattHours(block.energyWh[slot] as number) }];
      });
    });
}
