import { QUALITIES } from '../../contracts/messages/channels.ts';
import { EARLIEST_TIME_MS, MAX_INTERVAL_KWH } from '../../contracts/messages/limits.ts';
import { type Arrival, latestTime } from '../messages/latest-time.ts';
import { MINUTE_MS } from './calendar-day.ts';
import {
  ascii,
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

/** The rest of a key after its first letter and up to the colon. */
const key = (name: string): Uint8Array => ascii(`${name.slice(1)}":`);

const KEYS = {
  meterId: key('meterId'),
  channel: key('channel'),
  unit: key('unit'),
  intervalMinutes: key('intervalMinutes'),
  intervals: key('intervals'),
  start: key('start'),
  value: key('value'),
  revision: key('revision'),
  quality: key('quality'),
};
const COLON = 0x3a;
const MAX_INTERVAL_WH = MAX_INTERVAL_KWH * 1000;

const SEEN = {
  meterId: 1,
  channel: 2,
  unit: 4,
  intervalMinutes: 8,
  intervals: 16,
  start: 32,
  value: 64,
  revision: 128,
  quality: 256,
};
/** All required fields of a single reading and no other. */
const PLAIN = SEEN.meterId | SEEN.channel | SEEN.unit | SEEN.intervalMinutes | SEEN.start | SEEN.value;
const NO_HEAD = { day: -1, revision: 0, quality: 0 };
const HEAD = SEEN.meterId | SEEN.channel | SEEN.unit | SEEN.intervalMinutes;

/**
 * Reads interval readings from bytes straight into columns: the usual form only (known keys, no escapes, seconds precision in Z, plain decimals).
 * Whatever it accepts is valid and means what the strict path would have read; everything else, valid or not, is left to
 * the strict path. See docs/adr/0003-strict-json.md.
 */
export class IntervalParser extends JsonCursor {
  readonly #meters: MeterIndex;
  #out: ReadingColumns | undefined;
  #receivedAt = 0;
  #latestMs = 0;
  #owner: RegisteredMeter | undefined;
  #meter: RegisteredMeter | undefined;
  #intervalMinutes = 0;
  /** What the readings appended last share; day -1: the next one begins anew. */
  #head = NO_HEAD;
  /** Where the last plain message of this payload lies; `idAt` 0: there is none. */
  #last = { from: 0, idAt: 0, idEnd: 0, valueAt: 0 };

  /** Where the last interval of a list lies that has a start and a value only; `hourAt` 0: there is none. */
  #lastInterval = { from: 0, hourAt: 0, valueAt: 0 };
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(meters: MeterIndex) {
    super();
    this.#meters = meters;
  }

  /**
   * Appends the payload's readings, all or none.
   * @param owner the meter that the topic names; undefined: a head-end speaks for any meter
   * @returns false: nothing was appended and the strict path must judge.
   */
  parse(bytes: Uint8Array, message: Arrival & { owner: RegisteredMeter | undefined }, out: ReadingColumns): boolean {
    const mark = out.length;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.#last.idAt = 0;
    this.#out = out;
    this.#receivedAt = message.receivedAt;
    this.#latestMs = latestTime(message);
    this.#owner = message.owner;
    try {
      this.#payload();
      return true;
    } catch (reason) {
      if (reason !== UNUSUAL) throw reason;
      out.truncate(mark);
      return false;
    }
  }

  #payload(): void {
    this.space();
    if (this.bytes[this.at] === OPEN_LIST) {
      this.at++;
      do {
        this.space();
        if (!this.#likeTheLast()) this.#message();
        this.space();
      } while (this.skip(COMMA));
      this.expect(CLOSE_LIST);
      this.space();
    } else {
      this.#message();
      this.space();
    }
    if (this.at !== this.bytes.length) throw UNUSUAL;
  }

  /**
   * A list mostly repeats itself: another meter, another value, the same bytes between. Then those are compared, not parsed
   * again. Moves past the message if it is so.
   */
  #likeTheLast(): boolean {
    const { from, idAt, idEnd, valueAt } = this.#last;
    if (idAt === 0) return false;
    const bytes = this.bytes;
    const start = this.at;
    if (!this.#same(start, from, idAt - from)) return false;
    const id = start + idAt - from;
    let end = id;
    while (end < bytes.length && bytes[end] !== QUOTE) end++;
    if (!this.#same(end, idEnd, valueAt - idEnd)) return false;
    const meter = this.#meters.at(bytes, id, end);
    if (meter === undefined || (this.#owner !== undefined && meter !== this.#owner)) throw UNUSUAL;
    if (meter.intervalMinutes[this.channelWord.code] !== this.#intervalMinutes) throw UNUSUAL;
    this.#meter = meter;
    this.at = end + valueAt - idEnd;
    const energyWh = this.#energy();
    if (!this.skip(CLOSE)) {
      // More fields follow the value: read it all again, the long way.
      this.at = start;
      return false;
    }
    this.#append(energyWh, 0, QUALITIES.raw);
    return true;
  }

  #message(): void {
    const from = this.at;
    this.#last.idAt = 0;
    let idAt = 0;
    let idEnd = 0;
    let valueAt = 0;
    this.expect(OPEN);
    let seen = 0;
    let energyWh = 0;
    let revision = 0;
    let quality: number = QUALITIES.raw;
    let unit: 'kWh' | 'kvarh' = 'kWh';
    do {
      this.space();
      const field = this.#key();
      if (seen & field) throw UNUSUAL;
      seen |= field;
      this.space();
      if (field === SEEN.meterId) {
        if (seen === SEEN.meterId) idAt = this.at + 1;
        this.#meterId();
        idEnd = this.at - 1;
      } else if (field === SEEN.channel) this.channel();
      else if (field === SEEN.unit) unit = this.unit();
      else if (field === SEEN.intervalMinutes) this.#intervalMinutes = this.integer();
      else if (field === SEEN.intervals) {
        // The head must stand before its list, to be checked against it.
        if ((seen & HEAD) !== HEAD) throw UNUSUAL;
        this.#checkHead(unit);
        this.#list();
      } else if (field === SEEN.start) this.instant();
      else if (field === SEEN.value) {
        if (seen === PLAIN) valueAt = this.at;
        energyWh = this.#energy();
      } else if (field === SEEN.revision) revision = this.integer();
      else quality = this.quality();
      this.space();
    } while (this.skip(COMMA));
    this.expect(CLOSE);
    if ((seen & HEAD) !== HEAD) throw UNUSUAL;
    if (seen & SEEN.intervals) {
      if (seen !== (HEAD | SEEN.intervals)) throw UNUSUAL;
      return;
    }
    if (!(seen & SEEN.start) || !(seen & SEEN.value)) throw UNUSUAL;
    this.#checkHead(unit);
    this.#append(energyWh, revision, quality);
    // The id first, the value last and nothing but the required fields: the next may be like this one.
    if (seen === PLAIN && idAt > 0 && valueAt > 0) this.#last = { from, idAt, idEnd, valueAt };
  }

  #checkHead(unit: 'kWh' | 'kvarh'): void {
    const { code } = this.channelWord;
    this.#head = NO_HEAD;
    if (unit !== this.channelWord.unit) throw UNUSUAL;
    if (this.#intervalMinutes === 0 || this.#meter?.intervalMinutes[code] !== this.#intervalMinutes) throw UNUSUAL;
  }

  #list(): void {
    this.expect(OPEN_LIST);
    // The day is only known to be the last interval's within its list.
    this.#lastInterval.hourAt = 0;
    do {
      this.space();
      if (!this.#likeTheLastInterval()) this.#interval();
      this.space();
    } while (this.skip(COMMA));
    this.expect(CLOSE_LIST);
  }

  /** Whether `length` bytes at one place are those at another; four at a time. */
  #same(at: number, before: number, length: number): boolean {
    const bytes = this.bytes;
    const view = this.#view;
    if (at + length > bytes.length) return false;
    let i = 0;
    for (; i + 4 <= length; i += 4) if (view.getInt32(at + i, true) !== view.getInt32(before + i, true)) return false;
    for (; i < length; i++) if (bytes[at + i] !== bytes[before + i]) return false;
    return true;
  }

  /** Another hour, minute and value, the same bytes between: the day is still that of the last one. */
  #likeTheLastInterval(): boolean {
    const { from, hourAt, valueAt } = this.#lastInterval;
    if (hourAt === 0) return false;
    const start = this.at;
    const hour = start + hourAt - from;
    // The colon between hour and minute, and from the one after them up to the value.
    if (!this.#same(start, from, hourAt - from) || !this.#same(hour + 5, hourAt + 5, valueAt - hourAt - 5))
      return false;
    if (this.bytes[hour + 2] !== COLON) return false;
    const hours = this.digit(hour) * 10 + this.digit(hour + 1);
    const minutes = this.digit(hour + 3) * 10 + this.digit(hour + 4);
    if (hours > 23 || minutes > 59) throw UNUSUAL;
    this.at = start + valueAt - from;
    const energyWh = this.#energy();
    if (!this.skip(CLOSE)) {
      this.at = start;
      return false;
    }
    this.minuteOfDay = hours * 60 + minutes;
    this.#append(energyWh, 0, QUALITIES.raw);
    return true;
  }

  #interval(): void {
    const from = this.at;
    let hourAt = 0;
    let valueAt = 0;
    this.expect(OPEN);
    let seen = 0;
    let energyWh = 0;
    let revision = 0;
    let quality: number = QUALITIES.raw;
    do {
      this.space();
      const field = this.#key();
      if (seen & field) throw UNUSUAL;
      seen |= field;
      this.space();
      if (field === SEEN.start) {
        // A quote, the date and its T stand before the hour.
        if (seen === SEEN.start) hourAt = this.at + 12;
        this.instant();
      } else if (field === SEEN.value) {
        valueAt = this.at;
        energyWh = this.#energy();
      } else if (field === SEEN.revision) revision = this.integer();
      else if (field === SEEN.quality) quality = this.quality();
      else throw UNUSUAL;
      this.space();
    } while (this.skip(COMMA));
    this.expect(CLOSE);
    if (!(seen & SEEN.start) || !(seen & SEEN.value)) throw UNUSUAL;
    this.#append(energyWh, revision, quality);
    // The start first, the value last and nothing else: the next may be like this one.
    const plain = seen === (SEEN.start | SEEN.value) && hourAt > 0;
    this.#lastInterval = plain ? { from, hourAt, valueAt } : { from: 0, hourAt: 0, valueAt: 0 };
  }

  #append(energyWh: number, revision: number, quality: number): void {
    const out = this.#out as ReadingColumns;
    const minutes = this.#intervalMinutes;
    if (this.minuteOfDay % minutes !== 0) throw UNUSUAL;
    const start = (this.day * 1440 + this.minuteOfDay) * MINUTE_MS;
    if (start < EARLIEST_TIME_MS || start + minutes * MINUTE_MS > this.#latestMs) throw UNUSUAL;
    if (this.day !== this.#head.day || revision !== this.#head.revision || quality !== this.#head.quality) {
      this.#begin(revision, quality);
    }
    out.append((this.#meter as RegisteredMeter).meterNo, this.minuteOfDay / minutes, energyWh);
  }

  #begin(revision: number, quality: number): void {
    const head = {
      channel: this.channelWord.code,
      intervalMinutes: this.#intervalMinutes,
      day: this.day,
      revision,
      quality,
      recordedAt: this.#receivedAt,
    };
    (this.#out as ReadingColumns).begin(head);
    this.#head = head;
  }

  #key(): number {
    this.expect(QUOTE);
    switch (this.bytes[this.at++]) {
      case 0x73:
        return this.#rest(KEYS.start, SEEN.start);
      case 0x76:
        return this.#rest(KEYS.value, SEEN.value);
      case 0x6d:
        return this.#rest(KEYS.meterId, SEEN.meterId);
      case 0x63:
        return this.#rest(KEYS.channel, SEEN.channel);
      case 0x75:
        return this.#rest(KEYS.unit, SEEN.unit);
      case 0x69:
        // intervalMinutes and intervals part at their ninth letter.
        return this.bytes[this.at + 7] === 0x4d
          ? this.#rest(KEYS.intervalMinutes, SEEN.intervalMinutes)
          : this.#rest(KEYS.intervals, SEEN.intervals);
      case 0x72:
        return this.#rest(KEYS.revision, SEEN.revision);
      case 0x71:
        return this.#rest(KEYS.quality, SEEN.quality);
      default:
        throw UNUSUAL;
    }
  }

  #rest(letters: Uint8Array, field: number): number {
    if (!this.matches(letters)) throw UNUSUAL;
    return field;
  }

  #meterId(): void {
    this.expect(QUOTE);
    const start = this.at;
    // Only ids of the registry are found, so an escape or a strange letter ends in the strict path.
    this.#meter = this.#meters.at(this.bytes, start, this.textEnd());
    if (this.#meter === undefined) throw UNUSUAL;
    if (this.#owner !== undefined && this.#meter !== this.#owner) throw UNUSUAL;
  }

  /** kWh with at most three decimals, as Wh: exact, no floating point on the way. */
  #energy(): number {
    let energyWh = this.integer() * 1000;
    if (this.bytes[this.at] === 0x2e) {
      this.at++;
      energyWh += this.digit(this.at++) * 100;
      for (let unit = 10; ; unit /= 10) {
        const octet = this.bytes[this.at] as number;
        if (!(octet >= ZERO && octet <= NINE)) break;
        if (unit < 1) throw UNUSUAL;
        energyWh += (octet - ZERO) * unit;
        this.at++;
      }
    }
    if (energyWh > MAX_INTERVAL_WH) throw UNUSUAL;
    return energyWh;
  }
}
