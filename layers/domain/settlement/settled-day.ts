import type { EstimationMethod, SettledQuality } from '../../contracts/vee/qualities.ts';
import {
  ESTIMATION_METHOD_BY_CODE,
  ESTIMATION_METHODS,
  SETTLED_QUALITIES,
  SETTLED_QUALITY_BY_CODE,
} from '../../contracts/vee/qualities.ts';
import { ColumnReader, ColumnWriter } from '../readings/packed-column.ts';

const BODY_FORMAT = 1;

/** One interval as it is billed. */
export interface SettledInterval {
  /** Epoch ms. */
  start: number;
  /** Whole Wh; null: held, there is nothing to estimate it from. */
  energyWh: number | null;
  quality: SettledQuality;
  /** Of an estimate. */
  method: EstimationMethod | null;
  /** Intervals that an estimate was made from. */
  references: number;
}

/** One local day of a meter's channel while it served a usage point, as one run settled it. */
export interface SettledDay {
  usagePointId: string;
  meterNo: number;
  channel: number;
  /** Days since 1970-01-01 of the local date. */
  localDay: number;
  intervalMinutes: number;
  /** In order; those in which the meter served, in whole or in part. */
  intervals: SettledInterval[];
  /** No interval is open or suspect, and no rule holds the day. */
  billable: boolean;
}

const NOTHING = 0xffff_ffff;

/** Packs the intervals of a day: equal intervals give equal bytes. */
export function encodeSettled({ intervals }: Pick<SettledDay, 'intervals'>): Uint8Array {
  const writer = new ColumnWriter(256);
  const count = intervals.length;
  writer.byte(BODY_FORMAT);
  writer.uint32(count);
  const column = (of: (interval: SettledInterval) => number) => writer.column(Float64Array.from(intervals, of), count);
  column(({ start }) => start);
  column(({ energyWh }) => energyWh ?? NOTHING);
  column(({ quality }) => SETTLED_QUALITIES[quality].code);
  column(({ method }) => (method === null ? 0 : ESTIMATION_METHODS[method].code));
  column(({ references }) => references);
  return writer.written().slice();
}

/** @throws RangeError on another format or a short body */
export function decodeSettled(body: Uint8Array): SettledInterval[] {
  const reader = new ColumnReader(body);
  const format = reader.byte();
  if (format !== BODY_FORMAT) throw new RangeError(`settled day of format ${format}`);
  const count = reader.uint32();
  const column = () => {
    const into = new Float64Array(count);
    reader.column(into, count);
    return into;
  };
  const [starts, energies, qualities, methods, references] = [column(), column(), column(), column(), column()];
  return Array.from(starts, (start, place) => ({
    start,
    energyWh: energies[place] === NOTHING ? null : (energies[place] as number),
    quality: SETTLED_QUALITY_BY_CODE[qualities[place] as number] ?? 'missing',
    method: ESTIMATION_METHOD_BY_CODE[methods[place] as number] ?? null,
    references: references[place] as number,
  }));
}
