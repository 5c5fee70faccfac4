import { CHANNEL_NAMES, CHANNELS, QUALITIES, QUALITY_NAMES } from '../../contracts/messages/channels.ts';
import { EARLIEST_TIME_MS, MAX_AHEAD_MS, MAX_INTERVAL_KWH } from '../../contracts/messages/limits.ts';
import { MINUTE_MS } from './calendar-day.ts';
import type { MeterIndex, RegisteredMeter } from './meter-registry.ts';
import type { ReadingColumns } from './reading-columns.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
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
const CHANNEL_WORDS = CHANNEL_NAMES.map((name) => ({ ...CHANNELS[name], word: ascii(`${name}"`) }));
const UNIT_WORDS = { kWh: ascii('kWh"'), kvarh: ascii('kvarh"') };
const QUALITY_WORDS = QUALITY_NAMES.map((name) => ({ code: QUALITIES[name], word: ascii(`${name}"`) }));
const MAX_INTERVAL_WH = MAX_INTERVAL_KWH * 1000;

const [QUOTE, COMMA, ZERO, NINE, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = ascii('",09[]{}') as unknown as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];
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
const HEAD = SEEN.meterId | SEEN.channel | SEEN.unit | SEEN.intervalMinutes;

/** Thrown away and never seen outside: the payload is unusual, and the strict path shall say what it is. */
const UNUSUAL = Symbol('unusual');

/**
 * Reads interval readings from bytes straight into columns: the usual form only (known keys, no escapes, seconds precision in Z, plain decimals).
 * Whatever it accepts is valid and means what the strict path would have read; everything else, valid or not, is left to
 * the strict path. See docs/adr/0003-strict-json.md.
 */
export class IntervalParser {
  readonly #meters: MeterIndex;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #out: ReadingColumns | undefined;
  #receivedAt = 0;
  #owner: RegisteredMeter | undefined;
  #meter: RegisteredMeter | undefined;
  #channelWord = CHANNEL_WORDS[0] as (typeof CHANNEL_WORDS)[number];
  #intervalMinutes = 0;
  #hasDate = false;
  /** Where the last plain message of this payload lies; `idAt` 0: there is none. */
  #last = { from: 0, idAt: 0, idEnd: 0, valueAt: 0 };
  readonly #date = new Uint8Array(11);
  #day = 0;
  #minuteOfDay = 0;

  constructor(meters: MeterIndex) {
    this.#meters = meters;
  }

  /**
   * Appends the payload's readings, all or none.
   * @param owner the meter that the topic names; undefined: a head-end speaks for any meter
   * @returns false: nothing was appended and the strict path must judge.
   */
  parse(
    bytes: Uint8Array,
    message: { receivedAt: number; owner: RegisteredMeter | undefined },
    out: ReadingColumns,
  ): boolean {
    const mark = out.length;
    this.#bytes = bytes;
    this.#at = 0;
    this.#last.idAt = 0;
    this.#out = out;
    this.#receivedAt = message.receivedAt;
    this.#owner = message.owner;
    try {
      this.#payload();
      return true;
    } catch (reason) {
      if (reason !== UNUSUAL) throw reason;
      out.length = mark;
      return false;
    }
  }

  #payload(): void {
    this.#space();
    if (this.#bytes[this.#at] === OPEN_LIST) {
      this.#at++;
      do {
        this.#space();
        if (!this.#likeTheLast()) this.#message();
        this.#space();
      } while (this.#skip(COMMA));
      this.#expect(CLOSE_LIST);
      this.#space();
    } else {
      this.#message();
      this.#space();
    }
    if (this.#at !== this.#bytes.length) throw UNUSUAL;
  }

  /**
   * A list mostly repeats itself: another meter, another value, the same bytes between. Then those are compared, not parsed
   * again. Moves past the message if it is so.
   */
  #likeTheLast(): boolean {
    const { from, idAt, idEnd, valueAt } = this.#last;
    if (idAt === 0) return false;
    const bytes = this.#bytes;
    const start = this.#at;
    for (let i = 0; i < idAt - from; i++) if (bytes[start + i] !== bytes[from + i]) return false;
    const id = start + idAt - from;
    let end = id;
    while (end < bytes.length && bytes[end] !== QUOTE) end++;
    for (let i = 0; i < valueAt - idEnd; i++) if (bytes[end + i] !== bytes[idEnd + i]) return false;
    const meter = this.#meters.at(bytes, id, end);
    if (meter === undefined || (this.#owner !== undefined && meter !== this.#owner)) throw UNUSUAL;
    if (meter.intervalMinutes[this.#channelWord.code] !== this.#intervalMinutes) throw UNUSUAL;
    this.#meter = meter;
    this.#at = end + valueAt - idEnd;
    const energyWh = this.#energy();
    if (!this.#skip(CLOSE)) {
      // More fields follow the value: read it all again, the long way.
      this.#at = start;
      return false;
    }
    this.#append(energyWh, 0, QUALITIES.raw);
    return true;
  }

  #message(): void {
    const from = this.#at;
    this.#last.idAt = 0;
    let idAt = 0;
    let idEnd = 0;
    let valueAt = 0;
    this.#expect(OPEN);
    let seen = 0;
    let energyWh = 0;
    let revision = 0;
    let quality: number = QUALITIES.raw;
    let unit: 'kWh' | 'kvarh' = 'kWh';
    do {
      this.#space();
      const field = this.#key();
      if (seen & field) throw UNUSUAL;
      seen |= field;
      this.#space();
      if (field === SEEN.meterId) {
        if (seen === SEEN.meterId) idAt = this.#at + 1;
        this.#meterId();
        idEnd = this.#at - 1;
      } else if (field === SEEN.channel) this.#channel();
      else if (field === SEEN.unit) unit = this.#unit();
      else if (field === SEEN.intervalMinutes) this.#intervalMinutes = this.#integer();
      else if (field === SEEN.intervals) {
        // The head must stand before its list, to be checked against it.
        if ((seen & HEAD) !== HEAD) throw UNUSUAL;
        this.#checkHead(unit);
        this.#list();
      } else if (field === SEEN.start) this.#start();
      else if (field === SEEN.value) {
        if (seen === PLAIN) valueAt = this.#at;
        energyWh = this.#energy();
      } else if (field === SEEN.revision) revision = this.#integer();
      else quality = this.#quality();
      this.#space();
    } while (this.#skip(COMMA));
    this.#expect(CLOSE);
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
    const { code } = this.#channelWord;
    if (unit !== this.#channelWord.unit) throw UNUSUAL;
    if (this.#intervalMinutes === 0 || this.#meter?.intervalMinutes[code] !== this.#intervalMinutes) throw UNUSUAL;
  }

  #list(): void {
    this.#expect(OPEN_LIST);
    do {
      this.#space();
      this.#interval();
      this.#space();
    } while (this.#skip(COMMA));
    this.#expect(CLOSE_LIST);
  }

  #interval(): void {
    this.#expect(OPEN);
    let seen = 0;
    let energyWh = 0;
    let revision = 0;
    let quality: number = QUALITIES.raw;
    do {
      this.#space();
      const field = this.#key();
      if (seen & field) throw UNUSUAL;
      seen |= field;
      this.#space();
      if (field === SEEN.start) this.#start();
      else if (field === SEEN.value) energyWh = this.#energy();
      else if (field === SEEN.revision) revision = this.#integer();
      else if (field === SEEN.quality) quality = this.#quality();
      else throw UNUSUAL;
      this.#space();
    } while (this.#skip(COMMA));
    this.#expect(CLOSE);
    if (!(seen & SEEN.start) || !(seen & SEEN.value)) throw UNUSUAL;
    this.#append(energyWh, revision, quality);
  }

  #append(energyWh: number, revision: number, quality: number): void {
    const out = this.#out as ReadingColumns;
    const minutes = this.#intervalMinutes;
    if (this.#minuteOfDay % minutes !== 0) throw UNUSUAL;
    const start = (this.#day * 1440 + this.#minuteOfDay) * MINUTE_MS;
    if (start < EARLIEST_TIME_MS || start + minutes * MINUTE_MS > this.#receivedAt + MAX_AHEAD_MS) throw UNUSUAL;
    const row = out.length;
    if (row === out.meterNo.length) out.reserve(row + 1);
    out.meterNo[row] = (this.#meter as RegisteredMeter).meterNo;
    out.channel[row] = this.#channelWord.code;
    out.intervalMinutes[row] = minutes;
    out.day[row] = this.#day;
    out.slot[row] = this.#minuteOfDay / minutes;
    out.energyWh[row] = energyWh;
    out.revision[row] = revision;
    out.quality[row] = quality;
    out.recordedAt[row] = this.#receivedAt;
    out.length = row + 1;
  }

  #key(): number {
    this.#expect(QUOTE);
    switch (this.#bytes[this.#at++]) {
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
        return this.#bytes[this.#at + 7] === 0x4d
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
    if (!this.#matches(letters)) throw UNUSUAL;
    return field;
  }

  /** Moves past `letters` if they are next. */
  #matches(letters: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < letters.length; i++) if (bytes[at + i] !== letters[i]) return false;
    this.#at = at + letters.length;
    return true;
  }

  #meterId(): void {
    this.#expect(QUOTE);
    const start = this.#at;
    const bytes = this.#bytes;
    let end = start;
    // Only ids of the registry are found, so an escape or a strange letter ends in the strict path.
    while (end < bytes.length && bytes[end] !== QUOTE) end++;
    this.#meter = this.#meters.at(bytes, start, end);
    this.#at = end;
    this.#expect(QUOTE);
    if (this.#meter === undefined) throw UNUSUAL;
    if (this.#owner !== undefined && this.#meter !== this.#owner) throw UNUSUAL;
  }

  #channel(): void {
    this.#expect(QUOTE);
    if (this.#matches(this.#channelWord.word)) return;
    const word = CHANNEL_WORDS.find((candidate) => this.#matches(candidate.word));
    if (word === undefined) throw UNUSUAL;
    this.#channelWord = word;
  }

  #unit(): 'kWh' | 'kvarh' {
    this.#expect(QUOTE);
    if (this.#matches(UNIT_WORDS.kWh)) return 'kWh';
    if (this.#matches(UNIT_WORDS.kvarh)) return 'kvarh';
    throw UNUSUAL;
  }

  #quality(): number {
    this.#expect(QUOTE);
    for (const { code, word } of QUALITY_WORDS) if (this.#matches(word)) return code;
    throw UNUSUAL;
  }

  #digit(at: number): number {
    const octet = this.#bytes[at] as number;
    if (octet >= ZERO && octet <= NINE) return octet - ZERO;
    throw UNUSUAL;
  }

  /** Digits without sign, leading zero, point or exponent; at most nine. */
  #integer(): number {
    const start = this.#at;
    let number = this.#digit(this.#at++);
    for (;;) {
      const octet = this.#bytes[this.#at] as number;
      if (!(octet >= ZERO && octet <= NINE)) break;
      number = number * 10 + octet - ZERO;
      this.#at++;
    }
    const length = this.#at - start;
    if (length > 9 || (length > 1 && this.#bytes[start] === ZERO)) throw UNUSUAL;
    return number;
  }

  /** kWh with at most three decimals, as Wh: exact, no floating point on the way. */
  #energy(): number {
    let energyWh = this.#integer() * 1000;
    if (this.#bytes[this.#at] === 0x2e) {
      this.#at++;
      energyWh += this.#digit(this.#at++) * 100;
      for (let unit = 10; ; unit /= 10) {
        const octet = this.#bytes[this.#at] as number;
        if (!(octet >= ZERO && octet <= NINE)) break;
        if (unit < 1) throw UNUSUAL;
        energyWh += (octet - ZERO) * unit;
        this.#at++;
      }
    }
    if (energyWh > MAX_INTERVAL_WH) throw UNUSUAL;
    return energyWh;
  }

  /** `"2012-09-30T00:30:00Z"`; the date is computed only when it changes. */
  #start(): void {
    this.#expect(QUOTE);
    const bytes = this.#bytes;
    const at = this.#at;
    const date = this.#date;
    let same = this.#hasDate;
    for (let i = 0; same && i < 11; i++) same = bytes[at + i] === date[i];
    if (!same) this.#newDate(at);
    const hour = this.#digit(at + 11) * 10 + this.#digit(at + 12);
    const minute = this.#digit(at + 14) * 10 + this.#digit(at + 15);
    const punctuated =
      bytes[at + 13] === 0x3a &&
      bytes[at + 16] === 0x3a &&
      bytes[at + 17] === ZERO &&
      bytes[at + 18] === ZERO &&
      bytes[at + 19] === 0x5a &&
      bytes[at + 20] === QUOTE;
    if (!punctuated || hour > 23 || minute > 59) throw UNUSUAL;
    this.#minuteOfDay = hour * 60 + minute;
    this.#at = at + 21;
  }

  #newDate(at: number): void {
    this.#hasDate = false;
    const bytes = this.#bytes;
    const pair = (from: number) => this.#digit(at + from) * 10 + this.#digit(at + from + 1);
    const year = pair(0) * 100 + pair(2);
    const month = pair(5);
    const dayOfMonth = pair(8);
    if (bytes[at + 4] !== 0x2d || bytes[at + 7] !== 0x2d || bytes[at + 10] !== 0x54) throw UNUSUAL;
    const time = new Date(Date.UTC(year, month - 1, dayOfMonth));
    if (time.getUTCFullYear() !== year || time.getUTCMonth() !== month - 1 || time.getUTCDate() !== dayOfMonth) {
      throw UNUSUAL;
    }
    this.#day = time.getTime() / 86_400_000;
    this.#date.set(bytes.subarray(at, at + 11));
    this.#hasDate = true;
  }

  #space(): void {
    const bytes = this.#bytes;
    let octet = bytes[this.#at];
    while (octet === 0x20 || octet === 0x0a || octet === 0x0d || octet === 0x09) octet = bytes[++this.#at];
  }

  #skip(octet: number): boolean {
    if (this.#bytes[this.#at] !== octet) return false;
    this.#at++;
    return true;
  }

  #expect(octet: number): void {
    if (this.#bytes[this.#at++] !== octet) throw UNUSUAL;
  }
}
