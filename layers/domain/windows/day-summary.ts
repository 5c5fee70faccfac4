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

const COLUMNS = ['present', 'estimated', 'sumWh', 'leastWh', 'mostWh'] as const;

/** When a meter belongs to an entity: [from, to), epoch ms; `to` null: still. */
export interface Membership {
  from: number;
  to: number | null;
}

export function emptySummary(key: Pick<DaySummary, 'channel' | 'intervalMinutes' | 'day'>): DaySummary {
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

  /** Adds a meter's day: a reading counts where its interval starts, and only while the meter belongs here. */
  addMeterDay({ channel, day, block }: MeterDay, memberships: readonly Membership[]): void {
    const { intervalMinutes, quality, energyWh } = block;
    const lengthMs = intervalMinutes * MINUTE_MS;
    const dayStart = slotStart(day, 0, intervalMinutes);
    let dayWh = 0;
    for (const { from, to } of memberships) {
      const first = Math.max(0, Math.ceil((from - dayStart) / lengthMs));
      const end = to === null ? quality.length : Math.min(quality.length, Math.ceil((to - dayStart) / lengthMs));
      let slot = first;
      while (slot < end && quality[slot] === 0) slot++;
      if (slot >= end) continue;
      const summary = this.#of(channel, intervalMinutes, day);
      const { present, estimated, sumWh, leastWh, mostWh } = summary;
      for (; slot < end; slot++) {
        const kind = quality[slot] as number;
        if (kind === 0) continue;
        const wh = energyWh[slot] as number;
        const before = present[slot] as number;
        if (before === 0 || wh < (leastWh[slot] as number)) leastWh[slot] = wh;
        if (wh > (mostWh[slot] as number)) mostWh[slot] = wh;
        present[slot] = before + 1;
        if (kind === QUALITIES.estimated) estimated[slot] = (estimated[slot] as number) + 1;
        sumWh[slot] = (sumWh[slot] as number) + wh;
        dayWh += wh;
      }
      summary.mostDayWh = Math.max(summary.mostDayWh, dayWh);
    }
  }

  /** Adds what another entity, none of whose readings are in here, adds up to. */
  addSummary(part: DaySummary): void {
    const summary = this.#of(part.channel, part.intervalMinutes, part.day);
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

  #of(channel: number, intervalMinutes: number, day: number): DaySummary {
    // Channels and interval lengths fit a byte each.
    const key = day * 0x10000 + channel * 0x100 + intervalMinutes;
    let summary = this.#summaries.get(key);
    if (!summary) {
      summary = emptySummary({ channel, intervalMinutes, day });
      this.#summaries.set(key, summary);
    }
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
export function decodeSummary(
  body: Uint8Array,
  key: Pick<DaySummary, 'channel' | 'intervalMinutes' | 'day'>,
): DaySummary {
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
