import type { AnomalyMethod } from '../../contracts/api/anomalies.ts';
import type { AnomalySubject, Band, ExplainedSignal } from './anomaly.ts';
import type { FoundAnomaly } from './anomaly-store.ts';
import { type AnomalyTracker, TRACKED_SIGNALS, type TrackedScore, type TrackedSignal } from './anomaly-tracker.ts';

/** One reading of a series: an interval or a sample. */
export interface SeriesReading {
  /** Start of the interval or time of the sample, epoch ms. */
  at: number;
  /** End of it, epoch ms. */
  end: number;
  value: number;
}

/** How an anomaly is told whose loudest signal is this one. */
const METHODS: Readonly<Record<TrackedSignal, AnomalyMethod>> = {
  level: 'robust-z',
  shape: 'cut-forest',
  change: 'change',
  spike: 'spike',
  flatline: 'flatline',
};

/**
 * From n readings nothing is told that is rarer than one in ten times n: tails are extrapolated by a factor of ten and no further, so that a
 * meter of which little is known raises nothing. [proposed]
 */
const toldFrom = ({ surprise, seen }: TrackedScore): number => Math.min(surprise, Math.log10(10 * Math.max(seen, 1)));

interface Looked extends SeriesReading {
  expected: Band | null;
}

/**
 * Feeds readings to a tracker, in their order, and tells the unbroken runs of unusual ones: each is one anomaly, told by its most
 * unusual reading. A run that began before these readings is told however little of it is left, so that what is kept of it goes on.
 * @param from start of what is looked at; runs since then are seen whole.
 * @param leastSurprise what an anomaly must reach to be recorded.
 */
export function streamEpisodes(
  tracker: AnomalyTracker,
  readings: Iterable<SeriesReading>,
  of: { subject: AnomalySubject; unit: string; from: number; leastSurprise: number },
): FoundAnomaly[] {
  const episodes = new Map<number, FoundAnomaly>();
  let before: Looked | undefined;
  let ongoing: number | undefined;
  for (const reading of readings) {
    const score = tracker.score(reading);
    if (score === null) continue;
    const looked: Looked = { ...reading, expected: score.expected };
    ongoing = score.since ?? undefined;
    if (score.since !== null) {
      const known = episodes.get(score.since);
      if (known && score.score <= known.score) known.until = reading.end;
      else episodes.set(score.since, episodeOf(score, { looked, before, ...of, since: score.since }));
    }
    before = looked;
  }
  for (const [since, episode] of episodes) episode.ongoing = since === ongoing;
  return [...episodes.values()].filter(({ recorded, whole }) => recorded || !whole);
}

function episodeOf(
  score: TrackedScore,
  {
    looked,
    before,
    since,
    subject,
    unit,
    from,
    leastSurprise,
  }: {
    looked: Looked;
    before: Looked | undefined;
    since: number;
    subject: AnomalySubject;
    unit: string;
    from: number;
    leastSurprise: number;
  },
): FoundAnomaly {
  const told = toldFrom(score);
  // A lone peak is known when the reading after it has come; the way back from one is not what people are to hear of.
  const peakDirection = before === undefined || before.value > looked.value ? 'high' : 'low';
  const wayBack =
    (score.signal === 'change' || score.signal === 'level') &&
    before !== undefined &&
    since <= before.at &&
    score.direction !== peakDirection &&
    score.surprises.spike >= leastSurprise;
  const signal = wayBack ? 'spike' : score.signal;
  const alone = score.surprises[signal] >= leastSurprise;
  const peak = signal === 'spike' && before ? before : looked;
  return {
    ...subject,
    source: 'stream',
    since,
    until: looked.end,
    ongoing: false,
    unit,
    signal,
    method: alone ? METHODS[signal] : 'combined',
    direction: wayBack ? peakDirection : score.direction,
    score: score.score,
    surprise: told,
    value: peak.value,
    expected: peak.expected,
    peakAt: peak.at,
    explanation: explained(score, looked),
    modelVersion: null,
    faults: null,
    recorded: told >= leastSurprise,
    whole: since >= from,
  };
}

const explained = (score: TrackedScore, { value, expected }: Looked): ExplainedSignal[] =>
  TRACKED_SIGNALS.map((signal) => ({
    signal,
    value: signal === 'level' ? value : null,
    expected: signal === 'level' ? expected : null,
    surprise: score.surprises[signal],
  })).sort((a, b) => b.surprise - a.surprise);
