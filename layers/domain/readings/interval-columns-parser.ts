import { ENERGY_DECIMALS, QUALITIES, QUALITY_NAMES } from '../../contracts/messages/channels.ts';
import { COLUMN_SCALES } from '../../contracts/messages/interval-columns.ts';
import {
  EARLIEST_TIME_MS,
  INTERVAL_MINUTES,
  MAX_CELLS_PER_MESSAGE,
  MAX_INTERVAL_KWH,
  MAX_INTERVALS_PER_MESSAGE,
  MAX_METERS_PER_MESSAGE,
  MAX_REVISION,
} from '../../contracts/messages/limits.ts';
import { AvroReader } from '../messages/avro-bytes.ts';
import { type Arrival, latestTime } from '../messages/latest-time.ts';
import { dayOf, MINUTE_MS, slotStart, slotsPerDay } from './calendar-day.ts';
import { absentOf, isColumnWidth } from './interval-columns-avro.ts';
import {
  ascii,
  CHANNEL_WORDS,
  CLOSE,
  CLOSE_LIST,
  COMMA,
  JsonCursor,
  NINE,
  OPEN,
  OPEN_LIST,
  QUOTE,
  UNUSUAL,
  ZERO,
} from './json-cursor.ts';
import type { MeterIndex, RegisteredMeter } from './meter-registry.ts';
import type { ReadingColumns } from './reading-columns.ts';

const FIELDS = [
  'channel',
  'unit',
  'scale',
  'intervalMinutes',
  'start',
  'intervals',
  'meters',
  'values',
  'revision',
  'quality',
] as const;
type Field = (typeof FIELDS)[number];
const KEYS = FIELDS.map((field, index) => ({ field, seen: 1 << index, word: ascii(`"${field}":`) }));
const seenOf = (...fields: Field[]): number => fields.reduce((bits, field) => bits | (1 << FIELDS.indexOf(field)), 0);
const REQUIRED = seenOf('channel', 'unit', 'scale', 'intervalMinutes', 'start', 'intervals', 'meters', 'values');
const NULL_WORD = ascii('null');
const MINUS = 0x2d;
const KNOWN_INTERVALS: ReadonlySet<number> = new Set(INTERVAL_MINUTES);

/** When a message arrived, and from which concentrator. */
export interface ColumnsArrival extends Arrival {
  concentratorId?: string | undefined;
}

/**
 * Reads columnar messages from bytes straight into columns, JSON or Avro: no object per meter or value. As `IntervalParser`
 * it accepts the usual form of what is valid and leaves everything else to the strict path. See docs/adr/0003-strict-json.md.
 */
export class IntervalColumnsParser extends JsonCursor {
  readonly #meters: MeterIndex;
  #out: ReadingColumns | undefined;
  #receivedAt = 0;
  #latestMs = 0;
  /** Who speaks, and only for its own meters; undefined: for any. */
  #concentratorId: string | undefined;
  #unit: 'kWh' | 'kvarh' = 'kWh';
  #scale = 0;
  #intervalMinutes = 0;
  #startMs = 0;
  #intervals = 0;
  #revision = 0;
  #qualityCode: number = QUALITIES.raw;
  #rows: RegisteredMeter[] = [];
  #rowCount = 0;
  /** Message in which a meter was named last, by its number: a second time in the same one is unusual. */
  #namedIn = new Uint32Array(4096);
  #messageNo = 0;

  constructor(meters: MeterIndex) {
    super();
    this.#meters = meters;
  }

  /** Appends a JSON payload's readings (one message or a list), all or none. @returns false: the strict path must judge. */
  parse(bytes: Uint8Array, message: ColumnsArrival, out: ReadingColumns): boolean {
    return this.#attempt(message, out, () => {
      this.bytes = bytes;
      this.at = 0;
      this.space();
      if (this.skip(OPEN_LIST)) {
        do {
          this.space();
          this.#message();
          this.space();
        } while (this.skip(COMMA));
        this.expect(CLOSE_LIST);
      } else {
        this.#message();
      }
      this.space();
      if (this.at !== bytes.length) throw UNUSUAL;
    });
  }

  /** Appends the readings of one Avro record (without any header), all or none. @returns false: the strict path must judge. */
  parseAvro(bytes: Uint8Array, message: ColumnsArrival, out: ReadingColumns): boolean {
    return this.#attempt(message, out, () => this.#record(new AvroReader(bytes)));
  }

  #attempt(message: ColumnsArrival, out: ReadingColumns, read: () => void): boolean {
    const mark = out.length;
    this.#out = out;
    this.#receivedAt = message.receivedAt;
    this.#latestMs = latestTime(message);
    this.#concentratorId = message.concentratorId;
    try {
      read();
      return true;
    } catch (reason) {
      // A RangeError is the reader's: the bytes end too early.
      if (reason !== UNUSUAL && !(reason instanceof RangeError)) throw reason;
      out.length = mark;
      return false;
    }
  }

  #begin(): void {
    this.#revision = 0;
    this.#qualityCode = QUALITIES.raw;
    this.#rowCount = 0;
    this.#messageNo++;
  }

  #message(): void {
    this.#begin();
    this.expect(OPEN);
    let seen = 0;
    let valuesAt = 0;
    let valuesEnd = 0;
    do {
      this.space();
      const field = this.#key();
      if (seen & field.seen) throw UNUSUAL;
      seen |= field.seen;
      this.space();
      switch (field.field) {
        case 'channel':
          this.channel();
          break;
        case 'unit':
          this.#unit = this.unit();
          break;
        case 'scale':
          this.#scale = this.skip(MINUS) ? -this.integer() : this.integer();
          break;
        case 'intervalMinutes':
          this.#intervalMinutes = this.integer();
          break;
        case 'start':
          this.instant();
          this.#startMs = slotStart(this.day, this.minuteOfDay, 1);
          break;
        case 'intervals':
          this.#intervals = this.integer();
          break;
        case 'meters':
          this.#meterIds();
          break;
        case 'values':
          valuesAt = this.at;
          valuesEnd = this.#pastList();
          break;
        case 'revision':
          this.#revision = this.integer();
          break;
        case 'quality':
          this.#qualityCode = this.quality();
          break;
      }
      this.space();
    } while (this.skip(COMMA));
    this.expect(CLOSE);
    if ((seen & REQUIRED) !== REQUIRED) throw UNUSUAL;
    const end = this.at;
    this.#checkHead();
    this.at = valuesAt;
    this.#values();
    if (this.at !== valuesEnd) throw UNUSUAL;
    this.at = end;
  }

  /** Leaves the values for when everything that says what they mean is known; they are flat, so the next bracket ends them. */
  #pastList(): number {
    const close = this.bytes.indexOf(CLOSE_LIST, this.at);
    if (close < 0) throw UNUSUAL;
    this.at = close + 1;
    return this.at;
  }

  #key() {
    for (const key of KEYS) if (this.matches(key.word)) return key;
    throw UNUSUAL;
  }

  #meterIds(): void {
    this.expect(OPEN_LIST);
    do {
      this.space();
      this.expect(QUOTE);
      const start = this.at;
      this.#name(this.#meters.at(this.bytes, start, this.textEnd()));
      this.space();
    } while (this.skip(COMMA));
    this.expect(CLOSE_LIST);
  }

  #name(meter: RegisteredMeter | undefined): void {
    if (meter === undefined) throw UNUSUAL;
    if (this.#concentratorId !== undefined && meter.concentratorId !== this.#concentratorId) throw UNUSUAL;
    if (meter.meterNo >= this.#namedIn.length) {
      const larger = new Uint32Array(Math.max(meter.meterNo + 1, this.#namedIn.length * 2));
      larger.set(this.#namedIn);
      this.#namedIn = larger;
    }
    if (this.#namedIn[meter.meterNo] === this.#messageNo) throw UNUSUAL;
    this.#namedIn[meter.meterNo] = this.#messageNo;
    this.#rows[this.#rowCount++] = meter;
  }

  #checkHead(): void {
    const { code, unit } = this.channelWord;
    const minutes = this.#intervalMinutes;
    const cells = this.#rowCount * this.#intervals;
    const last = this.#startMs + this.#intervals * minutes * MINUTE_MS;
    const usual =
      this.#unit === unit &&
      (COLUMN_SCALES as readonly number[]).includes(this.#scale) &&
      KNOWN_INTERVALS.has(minutes) &&
      this.#intervals >= 1 &&
      this.#intervals <= MAX_INTERVALS_PER_MESSAGE &&
      this.#rowCount >= 1 &&
      this.#rowCount <= MAX_METERS_PER_MESSAGE &&
      cells <= MAX_CELLS_PER_MESSAGE &&
      this.#startMs % (minutes * MINUTE_MS) === 0 &&
      this.#startMs >= EARLIEST_TIME_MS &&
      last <= this.#latestMs;
    if (!usual) throw UNUSUAL;
    for (let row = 0; row < this.#rowCount; row++) {
      if ((this.#rows[row] as RegisteredMeter).intervalMinutes[code] !== minutes) throw UNUSUAL;
    }
    (this.#out as ReadingColumns).reserve((this.#out as ReadingColumns).length + cells);
  }

  /** The list of values, row by row: one pass over the bytes. */
  #values(): void {
    this.expect(OPEN_LIST);
    const out = this.#out as ReadingColumns;
    const { energyWh, slot, meterNo } = out;
    const { bytes } = this;
    const intervals = this.#intervals;
    const factor = 10 ** (this.#scale + ENERGY_DECIMALS);
    const most = (MAX_INTERVAL_KWH * 1000) / factor;
    const { slots, firstDay, firstSlot } = this.#firstCell();
    const cells = this.#rowCount * intervals;
    let at = this.at;
    let row = 0;
    let number = (this.#rows[row] as RegisteredMeter).meterNo;
    let column = 0;
    let cellDay = firstDay;
    let cellSlot = firstSlot;
    let to = out.length;
    this.#beginDay(cellDay);
    for (let cell = 0; cell < cells; cell++) {
      if (cell > 0) {
        if (bytes[at] !== COMMA) at = this.#spacedComma(at);
        else at++;
      }
      let octet = bytes[at] as number;
      if (!(octet >= ZERO && octet <= NINE)) {
        at = this.#spaced(at);
        octet = bytes[at] as number;
      }
      if (octet >= ZERO && octet <= NINE) {
        let value = octet - ZERO;
        const first = octet;
        const start = at++;
        for (;;) {
          octet = bytes[at] as number;
          if (!(octet >= ZERO && octet <= NINE)) break;
          value = value * 10 + octet - ZERO;
          at++;
        }
        if (value > most || at - start > 9 || (first === ZERO && at - start > 1)) throw UNUSUAL;
        energyWh[to] = value * factor;
        slot[to] = cellSlot;
        meterNo[to] = number;
        to++;
      } else {
        this.at = at;
        if (!this.matches(NULL_WORD)) throw UNUSUAL;
        at = this.at;
      }
      cellSlot++;
      if (++column < intervals && cellSlot < slots) continue;
      const day = column === intervals ? firstDay : cellDay + 1;
      cellSlot = column === intervals ? firstSlot : 0;
      if (column === intervals) {
        column = 0;
        number = this.#rows[++row]?.meterNo ?? 0;
      }
      if (day === cellDay) continue;
      cellDay = day;
      out.length = to;
      this.#beginDay(day);
    }
    this.at = at;
    this.space();
    this.expect(CLOSE_LIST);
    out.length = to;
  }

  #spaced(at: number): number {
    this.at = at;
    this.space();
    return this.at;
  }

  #spacedComma(at: number): number {
    this.at = at;
    this.space();
    this.expect(COMMA);
    return this.at;
  }

  #firstCell(): { slots: number; firstDay: number; firstSlot: number } {
    const firstDay = dayOf(this.#startMs);
    const firstSlot = (this.#startMs - slotStart(firstDay, 0, 1)) / (this.#intervalMinutes * MINUTE_MS);
    return { slots: slotsPerDay(this.#intervalMinutes), firstDay, firstSlot };
  }

  #beginDay(day: number): void {
    (this.#out as ReadingColumns).begin({
      channel: this.channelWord.code,
      intervalMinutes: this.#intervalMinutes,
      day,
      revision: this.#revision,
      quality: this.#qualityCode,
      recordedAt: this.#receivedAt,
    });
  }

  /** Fields in the order of the schema. */
  #record(reader: AvroReader): void {
    this.#begin();
    const channel = CHANNEL_WORDS[reader.long()];
    const unit = (['kWh', 'kvarh'] as const)[reader.long()];
    this.#scale = reader.long();
    this.#intervalMinutes = reader.long();
    this.#startMs = reader.long();
    this.#intervals = reader.long();
    this.#revision = reader.long();
    const quality = QUALITY_NAMES[reader.long()];
    if (channel === undefined || unit === undefined || quality === undefined) throw UNUSUAL;
    this.channelWord = channel;
    this.#unit = unit;
    this.#qualityCode = QUALITIES[quality];
    if (this.#revision < 0 || this.#revision > MAX_REVISION) throw UNUSUAL;
    for (let count = reader.blockCount(); count > 0; count = reader.blockCount()) {
      if (this.#rowCount + count > MAX_METERS_PER_MESSAGE) throw UNUSUAL;
      for (let i = 0; i < count; i++) {
        const length = reader.length();
        this.#name(this.#meters.at(reader.bytes, reader.at, reader.at + length));
        reader.at += length;
      }
    }
    this.#checkHead();
    const length = reader.length();
    this.#packedValues(reader.bytes, reader.at, length);
    reader.at += length;
    if (reader.at !== reader.bytes.length) throw UNUSUAL;
  }

  #packedValues(bytes: Uint8Array, start: number, length: number): void {
    const out = this.#out as ReadingColumns;
    const { energyWh, slot, meterNo } = out;
    const width = bytes[start] as number;
    const intervals = this.#intervals;
    if (!isColumnWidth(width) || length !== 1 + width * this.#rowCount * intervals) throw UNUSUAL;
    const factor = 10 ** (this.#scale + ENERGY_DECIMALS);
    const most = (MAX_INTERVAL_KWH * 1000) / factor;
    const absent = absentOf(width);
    const { slots, firstDay, firstSlot } = this.#firstCell();
    let at = start + 1;
    let to = out.length;
    for (let row = 0; row < this.#rowCount; row++) {
      const number = (this.#rows[row] as RegisteredMeter).meterNo;
      let cellDay = firstDay;
      let cellSlot = firstSlot;
      for (let column = 0; column < intervals; cellDay++, cellSlot = 0) {
        // A row goes on over as many days as it lasts; mostly it is one.
        out.length = to;
        if (row === 0 || intervals > slots - firstSlot) this.#beginDay(cellDay);
        const end = Math.min(intervals, column + slots - cellSlot);
        for (; column < end; column++, cellSlot++) {
          let value = bytes[at++] as number;
          if (width > 1) value += (bytes[at++] as number) * 0x100;
          if (width > 2) value += (bytes[at++] as number) * 0x10000 + (bytes[at++] as number) * 0x1000000;
          if (value === absent) continue;
          if (value > most) throw UNUSUAL;
          energyWh[to] = value * factor;
          slot[to] = cellSlot;
          meterNo[to] = number;
          to++;
        }
      }
    }
    out.length = to;
  }
}
