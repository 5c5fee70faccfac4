import { QUALITIES } from '../../contracts/messages/channels.ts';
import { MINUTE_MS, slotStart, slotsPerDay } from '../readings/calendar-day.ts';
import { ColumnReader, ColumnWriter } from '../readings/packed-column.ts';
import type { MeterDay } from '../readings/reading-store.ts';

/** First byte of a packed summary: its format. The former one did not hold `mostDayWh`. */
const SUMMARY_FORMAT = 2;
const FORMER_FORMAT = 1;

/**
 * What the readings of an entity's meters add up to in each interval of one UTC day, for meters of one channel and interval
 * length. Windows of any size and zone are sums of its slots.
 */
export interface DaySummary {
  /** Code of the channel. */
  channel: number;
  intervalMinutes: number;
  /** Days since 1970-01-01 UTC. */
  day: number;
  /** Readings present, by slot. */
  present: Float64Array;
  /** Those of them that are estimates. */
  estimated: Float64Array;
  /** Sum over the meters, whole Wh (exact below 2^53). 0 where none is present. */
  sumWh: Float64Array;
  /** Least and greatest reading of a single meter, Wh. 0 where none is present. */
  leastWh: Float64Array;
  mostWh: Float64Array;
  /** Greatest energy of a single meter over the day, Wh; never less than it was. */
  mostDayWh: number;
}

export type SummaryKey = Pick<DaySummary, 'channel' | 'intervalMinutes' | 'day'>;

/** Columns that hold a meter's day from `at` on, a cell for each slot: state (0: no reading; quality and flags) and energy. */
export interface DayCells {
  states: Uint8Array;
  energyWh: Int32Array;
  at: number;
}
const QUALITY_BITS = 0x7f;

const COLUMNS = ['present', 'estimated', 'sumWh', 'leastWh', 'mostWh'] as const;

/** When a meter belongs to an entity: [from, to), epoch ms; `to` null: still. */
export interface Membership {
  from: number;
  to: number | null;
}

/** Slots [from, to) of the day that start while the membership lasts. */
function slotsOf({ day, intervalMinutes }: SummaryKey, membership?: Membership): { from: number; to: number } {
  const slots = slotsPerDay(intervalMinutes);
  if (!membership) return { from: 0, to: slots };
  const slotAt = (timeMs: number) =>
    Math.ceil((timeMs - slotStart(day, 0, intervalMinutes)) / (intervalMinutes * MINUTE_MS));
  const to = membership.to === null ? slots : Math.min(slots, slotAt(membership.to));
  return { from: Math.max(0, slotAt(membership.from)), to };
}

export function emptySummary(key: SummaryKey): DaySummary {
  const slots = slotsPerDay(key.intervalMinutes);
  return {
    channel: key.channel,
    intervalMinutes: key.intervalMinutes,
    day: key.day,
    present: new Float64Array(slots),
    estimated: new Float64Array(slots),
    sumWh: new Float64Array(slots),
    leastWh: new Float64Array(slots),
    mostWh: new Float64Array(slots),
    mostDayWh: 0,
  };
}

/** Collects summaries of one entity: one for each channel, interval length and day that has a reading. */
export class DaySummaries {
  readonly #summaries = new Map<number, DaySummary>();
  #last: DaySummary | undefined;

  /** Adds a meter's day: a reading counts where its interval starts, and only while the meter belongs here. */
  addMeterDay({ channel, day, block }: MeterDay, memberships: readonly Membership[]): void {
    const { intervalMinutes, quality, energyWh } = block;
    let dayWh = 0;
    for (const membership of memberships) {
      dayWh = this.addCells({ channel, intervalMinutes, day }, { states: quality, energyWh, at: 0 }, membership, dayWh);
    }
  }

  /**
   * Adds a meter's day as it lies in columns, from the cell `at` on; without a membership all of it counts.
   * @param before what else of the meter's day counted here, Wh @returns that and what counts now
   */
  addCells(key: SummaryKey, { states, energyWh, at }: DayCells, membership?: Membership, before = 0): number {
    const { from, to } = slotsOf(key, membership);
    let cell = at + from;
    const end = at + to;
    while (cell < end && states[cell] === 0) cell++;
    if (cell >= end) return before;
    const summary = this.#of(key);
    const { present, estimated, sumWh, leastWh, mostWh } = summary;
    let dayWh = before;
    for (; cell < end; cell++) {
      const quality = (states[cell] as number) & QUALITY_BITS;
      if (quality === 0) continue;
      const slot = cell - at;
      const wh = energyWh[cell] as number;
      const meters = present[slot] as number;
      if (meters === 0 || wh < (leastWh[slot] as number)) leastWh[slot] = wh;
      if (wh > (mostWh[slot] as number)) mostWh[slot] = wh;
      present[slot] = meters + 1;
      if (quality === QUALITIES.estimated) estimated[slot] = (estimated[slot] as number) + 1;
      sumWh[slot] = (sumWh[slot] as number) + wh;
      dayWh += wh;
    }
    summary.mostDayWh = Math.max(summary.mostDayWh, dayWh);
    return dayWh;
  }

  /** Adds what another entity, none of whose readings are in here, adds up to. */
  addSummary(part: DaySummary): void {
    const summary = this.#of(part);
    const { present, estimated, sumWh, leastWh, mostWh } = summary;
    summary.mostDayWh = Math.max(summary.mostDayWh, part.mostDayWh);
    for (let slot = 0; slot < present.length; slot++) {
      const more = part.present[slot] as number;
      if (more === 0) continue;
      const before = present[slot] as number;
      const least = part.leastWh[slot] as number;
      if (before === 0 || least < (leastWh[slot] as number)) leastWh[slot] = least;
      mostWh[slot] = Math.max(mostWh[slot] as number, part.mostWh[slot] as number);
      present[slot] = before + more;
      estimated[slot] = (estimated[slot] as number) + (part.estimated[slot] as number);
      sumWh[slot] = (sumWh[slot] as number) + (part.sumWh[slot] as number);
    }
  }

  /** In order of day, channel and interval length. */
  list(): DaySummary[] {
    return [...this.#summaries.entries()].sort(([a], [b]) => a - b).map(([, summary]) => summary);
  }

  #of({ channel, intervalMinutes, day }: SummaryKey): DaySummary {
    const last = this.#last;
    if (last?.day === day && last.channel === channel && last.intervalMinutes === intervalMinutes) return last;
    // Channels and interval lengths fit a byte each.
    const key = day * 0x10000 + channel * 0x100 + intervalMinutes;
    let summary = this.#summaries.get(key);
    if (!summary) {
      summary = emptySummary({ channel, intervalMinutes, day });
      this.#summaries.set(key, summary);
    }
    this.#last = summary;
    return summary;
  }
}

/** Packs a summary's columns. Equal summaries give equal bytes. */
export function encodeSummary(summary: DaySummary): Uint8Array {
  const slots = summary.present.length;
  const writer = new ColumnWriter(COLUMNS.length * (slots * 4 + 16));
  writer.byte(SUMMARY_FORMAT);
  for (const column of COLUMNS) writer.column(summary[column], slots);
  writer.column(Float64Array.of(summary.mostDayWh), 1);
  return writer.written();
}

/** Unpacks a summary. @throws RangeError on another format or a short body. */
export function decodeSummary(body: Uint8Array, key: SummaryKey): DaySummary {
  const reader = new ColumnReader(body);
  const format = reader.byte();
  if (format !== SUMMARY_FORMAT && format !== FORMER_FORMAT) throw new RangeError(`day summary of format ${format}`);
  const summary = emptySummary(key);
  for (const column of COLUMNS) reader.column(summary[column], summary.present.length);
  if (format === FORMER_FORMAT) return { ...summary, mostDayWh: summary.mostWh.reduce((sum, wh) => sum + wh, 0) };
  const mostDayWh = new Float64Array(1);
  reader.column(mostDayWh, 1);
  return { ...summary, mostDayWh: mostDayWh[0] as number };
}
