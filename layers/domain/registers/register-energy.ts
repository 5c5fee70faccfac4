import type { RegisterSettings } from '../../contracts/vee/settings.ts';

const HOUR_MS = 3_600_000;

/** What a register showed. Several versions of one read may be given; the highest revision counts. */
export interface RegisterReading {
  /** Epoch ms. */
  readAt: number;
  /** As shown, without the multiplier, Wh. */
  shownWh: number;
  revision: number;
  /** Of the meter that was read, where it is known. */
  serial?: string | undefined;
  /** `final`: the last read of a meter that leaves; `initial`: the first of one that comes. */
  exchange?: 'final' | 'initial' | undefined;
}

/** How a register is to be read during [from, to); `to` null: still. */
export interface RegisterForm {
  from: number;
  to: number | null;
  /** Digits before the point, kWh: 10^digits kWh is where it begins again. */
  digits: number;
  /** The smallest step it shows, Wh. */
  resolutionWh: number;
  /** Of the current and voltage transformers; applied here and nowhere else. */
  multiplier: number;
}

/**
 * Why a segment has its energy, or none. `exchange`: another meter; `rollback`: it fell; `conflict`: two values of one read;
 * `form`: multiplier or digits changed in between, or are not known; `implausible`: more than the service carries.
 */
export type SegmentReason = 'advance' | 'rollover' | 'exchange' | 'rollback' | 'conflict' | 'form' | 'implausible';

/** Energy between two reads. What cannot be known is null: a gap is stated and never bridged. */
export interface RegisterSegment {
  from: number;
  to: number;
  /** With the multiplier, Wh. */
  energyWh: number | null;
  why: SegmentReason;
  /** Difference of what was shown, with the multiplier, Wh. */
  advanceWh: number;
  /** With the multiplier, Wh. */
  resolutionWh: number;
}

interface Read extends RegisterReading {
  conflict: boolean;
}

/**
 * Energy of each time between two reads of one register, in order of time, whatever order, batches or repetitions they came in.
 * @param forms effective-dated; a change of form between two reads leaves their energy unknown
 */
export function registerEnergy(
  readings: readonly RegisterReading[],
  register: { forms: readonly RegisterForm[]; ratingKva?: number | undefined },
  settings: RegisterSettings,
): RegisterSegment[] {
  const reads = decidedReads(readings);
  const maxPowerKw = register.ratingKva ?? settings.maxPowerKw;
  const segments: RegisterSegment[] = [];
  for (let place = 1; place < reads.length; place++) {
    const [before, after] = [reads[place - 1] as Read, reads[place] as Read];
    // An exchange at one instant: nothing lies between the last read of the one and the first of the other.
    if (before.readAt !== after.readAt) segments.push(segmentOf(before, after, register.forms, maxPowerKw));
  }
  return withoutStale(segments, settings.staleMinutes * 60_000);
}

/** One read per instant and meter, in order; where a meter leaves and one comes at one instant, the one that leaves is first. */
export function decidedReads(readings: readonly RegisterReading[]): Read[] {
  const place = ({ exchange }: RegisterReading) => (exchange === 'final' ? 0 : exchange === 'initial' ? 2 : 1);
  const keyOf = (reading: RegisterReading) => `${reading.readAt}/${place(reading)}/${reading.serial ?? ''}`;
  return [...Map.groupBy(readings, keyOf).values()]
    .map((versions): Read => {
      const revision = Math.max(...versions.map((version) => version.revision));
      const highest = versions.filter((version) => version.revision === revision);
      const shown = highest.map(({ shownWh }) => shownWh);
      const shownWh = Math.max(...shown);
      return { ...(highest[0] as RegisterReading), shownWh, conflict: Math.min(...shown) !== shownWh };
    })
    .sort((a, b) => a.readAt - b.readAt || place(a) - place(b) || (String(a.serial) < String(b.serial) ? -1 : 1));
}

function segmentOf(before: Read, after: Read, forms: readonly RegisterForm[], maxPowerKw: number): RegisterSegment {
  const { readAt: from } = before;
  const { readAt: to } = after;
  const form = forms.find((one) => one.from <= from && (one.to === null || one.to >= to));
  const multiplier = form?.multiplier ?? 1;
  const advanceWh = (after.shownWh - before.shownWh) * multiplier;
  const segment = { from, to, advanceWh, resolutionWh: (form?.resolutionWh ?? 1) * multiplier };
  const unknown = (why: SegmentReason): RegisterSegment => ({ ...segment, energyWh: null, why });
  const exchanged =
    before.exchange === 'final' ||
    after.exchange === 'initial' ||
    (before.serial !== undefined && after.serial !== undefined && before.serial !== after.serial);
  if (exchanged) return unknown('exchange');
  if (before.conflict || after.conflict) return unknown('conflict');
  if (!form) return unknown('form');
  const mostWh = ((maxPowerKw * (to - from)) / HOUR_MS) * 1000 + segment.resolutionWh;
  if (advanceWh >= 0) {
    return advanceWh <= mostWh ? { ...segment, energyWh: advanceWh, why: 'advance' } : unknown('implausible');
  }
  const rolledWh = advanceWh + 10 ** form.digits * 1000 * multiplier;
  return rolledWh >= 0 && rolledWh <= mostWh
    ? { ...segment, energyWh: rolledWh, why: 'rollover' }
    : unknown('rollback');
}

/**
 * A register that stands still for a short while and then jumps may have been read twice from one snapshot: its energy is
 * stated over both, or the jump would be a peak that never was. A longer standstill is true.
 */
function withoutStale(segments: readonly RegisterSegment[], staleMs: number): RegisterSegment[] {
  const kept: RegisterSegment[] = [];
  for (const segment of segments) {
    const last = kept.at(-1);
    const stale = last?.why === 'advance' && last.advanceWh === 0 && last.to - last.from < staleMs;
    if (last && stale && last.to === segment.from && segment.energyWh !== null)
      kept[kept.length - 1] = joined(last, segment);
    else kept.push(segment);
  }
  return kept;
}

const joined = (first: RegisterSegment, second: RegisterSegment): RegisterSegment => ({
  ...second,
  from: first.from,
});

/** Segments whose reads stand on interval boundaries, moved there if they are near enough; the others are left out. */
export function alignedSegments(
  segments: readonly RegisterSegment[],
  intervalMs: number,
  toleranceMs: number,
): RegisterSegment[] {
  const near = (timeMs: number) => Math.round(timeMs / intervalMs) * intervalMs;
  return segments
    .filter(({ from, to }) => Math.abs(near(from) - from) <= toleranceMs && Math.abs(near(to) - to) <= toleranceMs)
    .map((segment) => ({ ...segment, from: near(segment.from), to: near(segment.to) }))
    .filter(({ from, to }) => from < to);
}
