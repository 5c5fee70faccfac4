import { BUCKET_BITS, bucketOf, slotStart, slotsPerDay } from '../../layers/domain/readings/calendar-day.ts';
import type { ReadingColumns, ReadingVersion } from '../../layers/domain/readings/reading-columns.ts';
import type { MeterDay, ReadingStore, StoredInterval } from '../../layers/domain/readings/reading-store.ts';
import { winnerAsOf } from '../../layers/domain/readings/versions.ts';

/** Deltas as appended, and what compaction made of others: the distinct versions of each interval. */
interface Delta {
  bucket: number;
  day: number;
  storedAt: number;
  readings: ReadingVersion[];
}

const intervalKey = ({ meterNo, channel, intervalMinutes, day, slot }: ReadingVersion): string =>
  `${meterNo}/${channel}/${intervalMinutes}/${day}/${slot}`;

const versionKey = (version: ReadingVersion): string =>
  `${intervalKey(version)}/${version.quality}/${version.revision}/${version.energyWh}`;

/** Same thresholds as the store it stands for. */
const WORTH_READINGS = 4096;
const WORTH_ROWS = 512;
const WAIT_MS = 6 * 3_600_000;

/** The reading store in memory: passes the store's contract suite. */
export class MemoryReadings implements ReadingStore {
  deltas: Delta[] = [];
  readonly compacted = new Map<string, ReadingVersion>();
  readonly #now: () => number;
  readonly #onAppend: (touched: readonly { bucket: number; day: number }[]) => void;

  constructor(options: {
    now: () => number;
    /** Called within the append: buckets and days that got readings. */
    onAppend?: (touched: readonly { bucket: number; day: number }[]) => void;
  }) {
    this.#now = options.now;
    this.#onAppend = options.onAppend ?? (() => {});
  }

  async appendDeltas(batch: ReadingColumns): Promise<void> {
    const versions = Array.from({ length: batch.length }, (_, row) => batch.at(row));
    const parts = Map.groupBy(versions, ({ meterNo, day }) => `${bucketOf(meterNo)}/${day}`);
    for (const readings of parts.values()) {
      const { meterNo, day } = readings[0] as ReadingVersion;
      this.deltas.push({ bucket: bucketOf(meterNo), day, storedAt: this.#now(), readings });
    }
    this.#onAppend(
      [...parts.values()].map(([first]) => ({ bucket: bucketOf(first?.meterNo ?? 0), day: first?.day ?? 0 })),
    );
  }

  async compact({ everything = false }: { everything?: boolean } = {}) {
    const report = { bucketDays: 0, readings: 0, versions: 0, more: false };
    for (const deltas of Map.groupBy(this.deltas, ({ bucket, day }) => `${bucket}/${day}`).values()) {
      const readings = deltas.flatMap((delta) => delta.readings);
      const oldest = Math.min(...deltas.map(({ storedAt }) => storedAt));
      const worth = readings.length >= WORTH_READINGS || deltas.length >= WORTH_ROWS;
      if (!everything && !worth && oldest >= this.#now() - WAIT_MS) continue;
      const before = this.compacted.size;
      for (const version of readings) keepEarliest(this.compacted, version);
      this.deltas = this.deltas.filter((delta) => !deltas.includes(delta));
      report.bucketDays += 1;
      report.readings += readings.length;
      report.versions += this.compacted.size - before;
    }
    return report;
  }

  /** Distinct versions, each with its earliest receipt. */
  versions(): ReadingVersion[] {
    const all = new Map(this.compacted);
    for (const { readings } of this.deltas) for (const version of readings) keepEarliest(all, version);
    return [...all.values()];
  }

  async readIntervals(query: {
    meterNo: number;
    channel: number;
    from: number;
    to: number;
    asOf?: number;
  }): Promise<StoredInterval[]> {
    const wanted = this.versions().filter(({ meterNo, channel, day, slot, intervalMinutes }) => {
      const start = slotStart(day, slot, intervalMinutes);
      return meterNo === query.meterNo && channel === query.channel && start >= query.from && start < query.to;
    });
    return [...Map.groupBy(wanted, intervalKey).values()]
      .flatMap((versions) => {
        const winner = winnerAsOf(versions, query.asOf);
        if (!winner) return [];
        const { day, slot, intervalMinutes, energyWh, quality, revision, recordedAt } = winner.version;
        const start = slotStart(day, slot, intervalMinutes);
        const end = start + intervalMinutes * 60_000;
        return [{ start, end, energyWh, quality, revision, recordedAt, conflict: winner.conflict }];
      })
      .sort((a, b) => a.start - b.start);
  }

  async readMany(query: {
    meterNos: readonly number[];
    channel: number;
    fromDay: number;
    toDay: number;
  }): Promise<MeterDay[]> {
    const meterNos = new Set(query.meterNos);
    const wanted = this.versions().filter(
      ({ meterNo, channel, day }) =>
        channel === query.channel && day >= query.fromDay && day < query.toDay && meterNos.has(meterNo),
    );
    const days = new Map<string, MeterDay>();
    for (const versions of Map.groupBy(wanted, intervalKey).values()) {
      const winner = winnerAsOf(versions);
      if (!winner) continue;
      const { meterNo, channel, intervalMinutes, day, slot } = winner.version;
      const key = `${meterNo}/${intervalMinutes}/${day}`;
      const meterDay = days.get(key) ?? { meterNo, channel, day, block: noReadings(intervalMinutes) };
      days.set(key, meterDay);
      const { block } = meterDay;
      block.quality[slot] = winner.version.quality;
      block.energyWh[slot] = winner.version.energyWh;
      block.revision[slot] = winner.version.revision;
      block.recordedAt[slot] = winner.version.recordedAt;
      block.conflict[slot] = winner.conflict ? 1 : 0;
    }
    return [...days.values()];
  }

  /** Channels that have a reading of any of these meters on a day. */
  channelsOf(meterNos: readonly number[], day: number): number[] {
    const wanted = new Set(meterNos);
    const here = this.versions().filter((version) => version.day === day && wanted.has(version.meterNo));
    return [...new Set(here.map(({ channel }) => channel))];
  }
}

/** First meter of a bucket, and of the next. */
export const metersOfBucket = (bucket: number): [number, number] => [
  bucket << BUCKET_BITS,
  (bucket + 1) << BUCKET_BITS,
];

function keepEarliest(versions: Map<string, ReadingVersion>, version: ReadingVersion): void {
  const key = versionKey(version);
  const known = versions.get(key);
  if (!known) versions.set(key, version);
  else if (version.recordedAt < known.recordedAt) versions.set(key, { ...known, recordedAt: version.recordedAt });
}

const noReadings = (intervalMinutes: number): MeterDay['block'] => {
  const slots = slotsPerDay(intervalMinutes);
  return {
    intervalMinutes,
    quality: new Uint8Array(slots),
    energyWh: new Int32Array(slots),
    revision: new Int32Array(slots),
    recordedAt: new Float64Array(slots),
    conflict: new Uint8Array(slots),
  };
};
