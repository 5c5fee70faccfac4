import { CHANNELS, QUALITIES } from '../../contracts/messages/channels.ts';
import type { OutageSettings } from '../../contracts/outages/settings.ts';
import { DAY_MS, dayOf, MINUTE_MS, slotStart } from '../readings/calendar-day.ts';
import type { ReadingStore } from '../readings/reading-store.ts';
import type { MeasuredInterval, MeterEvidence } from './interruptions.ts';
import type { OutageStore, SupplyEvidence } from './outage-store.ts';
import { outagesOf } from './outages.ts';

const HOUR_MS = 60 * MINUTE_MS;
/** Events that a transaction was still storing when the last run looked. [proposed] */
const STORING_MS = 2 * MINUTE_MS;
/** Readings before the window in which the last one before a return is looked for. */
const BEFORE_MS = DAY_MS;
/** How often every feeder is looked at for silence: the commonest interval length. */
const SILENCE_EVERY_MS = 30 * MINUTE_MS;

export interface DetectOutagesPorts {
  evidence: SupplyEvidence;
  outages: OutageStore;
  readings: Pick<ReadingStore, 'readMany'>;
  settings: () => Promise<OutageSettings>;
  clock: () => number;
}

/**
 * Judges outages anew wherever something may have changed: feeders with power events that occurred or arrived lately, with
 * open outages, and, once an interval, all of them for silence. What is kept follows from the evidence alone: a second
 * run, a late or a repeated event change nothing but what they say.
 */
export function detectOutages(ports: DetectOutagesPorts): () => Promise<Record<string, number>> {
  return async () => {
    const { evidence, outages } = ports;
    const settings = await ports.settings();
    const now = ports.clock();
    const state = await outages.state();
    const from = now - settings.lookBackHours * HOUR_MS;
    const silentBy = now - settings.silenceGraceMinutes * MINUTE_MS;
    const silenceTo = Math.floor(silentBy / SILENCE_EVERY_MS) * SILENCE_EVERY_MS;
    const touched = await evidence.feedersWithEvents({
      occurredSince: from,
      storedSince: Math.max(0, state.ranAt - STORING_MS),
    });
    const feeders = new Set([...touched.keys(), ...(await outages.openFeeders())]);
    if (silenceTo > state.silenceCheckedTo) for (const feederId of await evidence.feederIds()) feeders.add(feederId);
    const counts = { OutagesAdded: 0, OutagesRemoved: 0, FeedersJudged: feeders.size };
    for (const feederId of [...feeders].sort()) {
      const earliest = Math.min(from, touched.get(feederId) ?? from);
      const { added, removed } = await judgeFeeder(ports, { feederId, from: earliest, now, silentBy, settings });
      counts.OutagesAdded += added;
      counts.OutagesRemoved += removed;
    }
    await outages.saveState({ ranAt: now, silenceCheckedTo: Math.max(silenceTo, state.silenceCheckedTo) });
    return counts;
  };
}

async function judgeFeeder(
  { evidence, outages, readings }: DetectOutagesPorts,
  of: { feederId: string; from: number; now: number; silentBy: number; settings: OutageSettings },
) {
  const { feederId, now, silentBy, settings } = of;
  const from = await wholeWindow(outages, feederId, of.from, settings);
  const meters = await evidence.servedMeters(feederId, from);
  const meterNos = meters.map(({ meterNo }) => meterNo);
  const events = Map.groupBy(await evidence.powerEvents(meterNos, from), ({ meterNo }) => meterNo);
  const days = await readings.readMany({
    meterNos,
    channel: CHANNELS.activeEnergyImport.code,
    fromDay: dayOf(from - BEFORE_MS),
    toDay: dayOf(silentBy + settings.silenceGraceMinutes * MINUTE_MS) + 1,
  });
  const blocks = Map.groupBy(days, ({ meterNo }) => meterNo);
  const known = new Map<number, MeterEvidence>(
    meters.map(({ meterNo, intervalMinutes }) => [
      meterNo,
      {
        events: events.get(meterNo) ?? [],
        intervals: (blocks.get(meterNo) ?? []).flatMap(measuredIntervals).sort((a, b) => a.start - b.start),
        intervalMinutes,
        silentBy,
      },
    ]),
  );
  return outages.replace({ feederId, from, at: now }, outagesOf({ meters, evidence: known, settings }));
}

/** Moves the start of a window back until no outage reaches across it, so that none is judged by half of its evidence. */
async function wholeWindow(
  outages: OutageStore,
  feederId: string,
  from: number,
  settings: OutageSettings,
): Promise<number> {
  for (let start = from; ; ) {
    const earliest = await outages.earliestReaching(feederId, start - settings.togetherSeconds * 1000);
    if (earliest === undefined || earliest >= start) return start;
    start = earliest;
  }
}

/** Measured or edited intervals of a day; estimates are no evidence. */
function measuredIntervals({ day, block }: Awaited<ReturnType<ReadingStore['readMany']>>[number]): MeasuredInterval[] {
  const lengthMs = block.intervalMinutes * MINUTE_MS;
  return [...block.quality].flatMap((quality, slot) => {
    if (quality < QUALITIES.raw) return [];
    const start = slotStart(day, slot, block.intervalMinutes);
    return [{ start, end: start + lengthMs, energyWh: block.energyWh[slot] as number }];
  });
}
