import type { BucketBlock } from '../readings/bucket-block.ts';
import { BUCKET_BITS, bucketOf } from '../readings/calendar-day.ts';
import { DaySummaries } from './day-summary.ts';
import type { Member } from './window-store.ts';

const METERS = 1 << BUCKET_BITS;
const METER_MASK = METERS - 1;

/** Meters of a transformer on one day: those that hung there all day, and the others with the time they did. */
export interface DayMembers {
  transformerId: string;
  allDay: Int32Array;
  partly: readonly Member[];
}

/** Sums a UTC day by transformer from the columns of blocks: an object per transformer, none per meter. */
export class TransformerSums {
  readonly summaries = new Map<string, DaySummaries>();
  readonly meterNos: number[] = [];
  readonly #transformerIds: string[];
  /** By bucket: index of the transformer on which a meter hangs all day, -1: on none. */
  readonly #allDay = new Map<number, Int32Array>();
  /** By meter: the transformers on which it hung for a part of the day. */
  readonly #partly: Map<number, Member[]>;

  constructor(members: readonly DayMembers[]) {
    this.#transformerIds = members.map(({ transformerId }) => transformerId);
    for (const [index, { allDay }] of members.entries()) {
      for (const meterNo of allDay) {
        this.#bucket(meterNo)[meterNo & METER_MASK] = index;
        this.meterNos.push(meterNo);
      }
    }
    this.#partly = Map.groupBy(
      members.flatMap(({ partly }) => partly),
      ({ meterNo }) => meterNo,
    );
    this.meterNos.push(...this.#partly.keys());
  }

  #bucket(meterNo: number): Int32Array {
    const bucket = bucketOf(meterNo);
    let indexes = this.#allDay.get(bucket);
    if (!indexes) {
      indexes = new Int32Array(METERS).fill(-1);
      this.#allDay.set(bucket, indexes);
    }
    return indexes;
  }

  /** Adds what a block holds of the members. Its meters must not have been added before, of its channel and interval length. */
  add(block: BucketBlock): void {
    const { key, states, energyWh } = block;
    const allDay = this.#allDay.get(key.bucket);
    const hasPartly = this.#partly.size > 0;
    for (let meter = 0; meter < METERS; meter++) {
      const at = block.cellsOf(meter);
      if (at < 0) continue;
      const index = allDay ? (allDay[meter] as number) : -1;
      if (index >= 0) {
        this.#of(this.#transformerIds[index] as string).addCells(key, { states, energyWh, at });
      } else if (hasPartly) {
        const meterNo = (key.bucket << BUCKET_BITS) | meter;
        for (const member of this.#partly.get(meterNo) ?? []) {
          this.#of(member.transformerId).addCells(key, { states, energyWh, at }, member);
        }
      }
    }
  }

  #of(transformerId: string): DaySummaries {
    let summaries = this.summaries.get(transformerId);
    if (!summaries) {
      summaries = new DaySummaries();
      this.summaries.set(transformerId, summaries);
    }
    return summaries;
  }
}
