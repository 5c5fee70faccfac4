import { MINUTE_MS } from '../readings/calendar-day.ts';

/** What one meter reported of its supply. `off`: last gasp or power failure. Times are epoch ms of the meter's clock. */
export interface PowerEvent {
  at: number;
  kind: 'off' | 'on';
}

/** What is known of one meter. */
export interface MeterEvidence {
  events: readonly PowerEvent[];
  /** In order of start. */
  intervals: readonly MeasuredInterval[];
  intervalMinutes: number;
  /** Epoch ms: an interval that ended by then would have arrived. */
  silentBy: number;
}

/** Epoch ms, Wh. */
export interface MeasuredInterval {
  start: number;
  end: number;
  energyWh: number;
}

/** The supply of one meter, away from `from` to `to` (null: still away). Half-open, epoch ms. */
export interface Interruption {
  from: number;
  to: number | null;
  /** The meter said so itself: both ends, or the end that there is. False: it is implied by those around it. */
  reported: boolean;
  /** It reported its return as well, or a whole interval after `from` never came: more than one event that says so. */
  certain: boolean;
  /** Energy was measured in an interval that lies wholly inside: the measurement is right, the interruption in doubt. */
  disputed: boolean;
}

/**
 * Interruptions of one meter from everything known of it, in whatever order it arrived: equal sets of events and readings
 * give equal interruptions. A repeated event changes nothing; an `off` while it is off already, and an `on` while it is on,
 * say nothing new. Energy measured in a whole interval after the `off` ends an interruption whose return was never
 * reported: its true end lies before the end of that interval, and is taken at its start. An `on` after missing intervals,
 * without an `off`, ends an interruption whose last gasp was lost: it began after the last interval that is there.
 */
export function interruptionsOf(evidence: MeterEvidence): Interruption[] {
  const { intervals } = evidence;
  const found: Interruption[] = [];
  let off: number | undefined;
  let suppliedAt = Number.NEGATIVE_INFINITY;
  const close = (to: number | null, returnReported: boolean) => {
    if (off === undefined) return;
    const disputed = energyWithin(intervals, off, to ?? Number.POSITIVE_INFINITY) !== undefined;
    const certain = returnReported || missesInterval(evidence, off, to ?? evidence.silentBy);
    // Gone and back in one instant, then gone unsaid from that instant on: it is one that ends later.
    if (found.at(-1)?.from === off) found.pop();
    found.push({ from: off, to, reported: true, certain, disputed });
    off = undefined;
  };
  for (const { at, kind } of inOrder(evidence.events)) {
    if (kind === 'on') {
      off ??= lastGaspLost(evidence, at, suppliedAt);
      close(at, true);
      suppliedAt = at;
      continue;
    }
    // An earlier interruption without a return ended when energy was measured again, or goes on.
    if (off !== undefined) {
      const back = energyWithin(intervals, off, at);
      if (back === undefined) continue;
      close(back.start, false);
    }
    off = at;
  }
  if (off !== undefined) close(energyWithin(intervals, off, Number.POSITIVE_INFINITY)?.start ?? null, false);
  return found;
}

/** By time; at one instant the `on` first when the supply is off, the `off` first when it is on. Equal ones once. */
function inOrder(events: readonly PowerEvent[]): PowerEvent[] {
  const sorted = [...events].sort((a, b) => a.at - b.at || a.kind.localeCompare(b.kind));
  const ordered: PowerEvent[] = [];
  let isOff = false;
  for (let i = 0; i < sorted.length; ) {
    const { at } = sorted[i] as PowerEvent;
    const kinds = new Set<PowerEvent['kind']>();
    for (; sorted[i]?.at === at; i++) kinds.add((sorted[i] as PowerEvent).kind);
    const first = isOff ? 'on' : 'off';
    for (const kind of [first, first === 'on' ? 'off' : 'on'] as const) if (kinds.has(kind)) ordered.push({ at, kind });
    if (kinds.size === 1) isOff = kinds.has('off');
  }
  return ordered;
}

/** The first interval with energy that lies wholly in [from, to]. */
const energyWithin = (intervals: readonly MeasuredInterval[], from: number, to: number): MeasuredInterval | undefined =>
  intervals.find(({ start, end, energyWh }) => start >= from && end <= to && energyWh > 0);

/** The last moment before `on` at which there was supply, if a whole interval after it is missing. */
function lastGaspLost(evidence: MeterEvidence, on: number, suppliedAt: number): number | undefined {
  const measured = evidence.intervals.findLast(({ end }) => end <= on)?.end ?? Number.NEGATIVE_INFINITY;
  const last = Math.max(measured, suppliedAt);
  return last > Number.NEGATIVE_INFINITY && missesInterval(evidence, last, on) ? last : undefined;
}

/** Whether an interval that lies wholly in [from, to] is not there. */
function missesInterval({ intervals, intervalMinutes }: MeterEvidence, from: number, to: number): boolean {
  const lengthMs = intervalMinutes * MINUTE_MS;
  const first = Math.ceil(from / lengthMs);
  const expected = Math.floor(to / lengthMs) - first;
  return expected > intervals.filter(({ start, end }) => start >= from && end <= to).length;
}
