import { CHANNEL_NAMES, CHANNELS, QUALITIES, QUALITY_NAMES } from '../../contracts/messages/channels.ts';

export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

export const CHANNEL_WORDS = CHANNEL_NAMES.map((name) => ({ ...CHANNELS[name], word: ascii(`${name}"`) }));
const UNIT_WORDS = { kWh: ascii('kWh"'), kvarh: ascii('kvarh"') };
const QUALITY_WORDS = QUALITY_NAMES.map((name) => ({ code: QUALITIES[name], word: ascii(`${name}"`) }));

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const ZERO = 0x30;
export const NINE = 0x39;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;

/** Thrown away and never seen outside: the payload is unusual, and the strict path shall say what it is. */
export const UNUSUAL = Symbol('unusual');

/**
 * A place in JSON bytes, and what readings are made of in their usual form: no escapes, plain whole numbers, instants to the
 * second in Z. Everything else throws `UNUSUAL`.
 */
export class JsonCursor {
  protected bytes: Uint8Array = new Uint8Array(0);
  protected at = 0;
  protected channelWord = CHANNEL_WORDS[0] as (typeof CHANNEL_WORDS)[number];
  /** Days since 1970-01-01 UTC and minute of the day of the instant read last. */
  protected day = 0;
  protected minuteOfDay = 0;
  readonly #date = new Uint8Array(11);
  #hasDate = false;

  protected space(): void {
    const bytes = this.bytes;
    let octet = bytes[this.at];
    while (octet === 0x20 || octet === 0x0a || octet === 0x0d || octet === 0x09) octet = bytes[++this.at];
  }

  protected skip(octet: number): boolean {
    if (this.bytes[this.at] !== octet) return false;
    this.at++;
    return true;
  }

  protected expect(octet: number): void {
    if (this.bytes[this.at++] !== octet) throw UNUSUAL;
  }

  /** Moves past `letters` if they are next. */
  protected matches(letters: Uint8Array): boolean {
    const bytes = this.bytes;
    const at = this.at;
    for (let i = 0; i < letters.length; i++) if (bytes[at + i] !== letters[i]) return false;
    this.at = at + letters.length;
    return true;
  }

  protected digit(at: number): number {
    const octet = this.bytes[at] as number;
    if (octet >= ZERO && octet <= NINE) return octet - ZERO;
    throw UNUSUAL;
  }

  /** Digits without sign, leading zero, point or exponent; at most nine. */
  protected integer(): number {
    const start = this.at;
    let number = this.digit(this.at++);
    for (;;) {
      const octet = this.bytes[this.at] as number;
      if (!(octet >= ZERO && octet <= NINE)) break;
      number = number * 10 + octet - ZERO;
      this.at++;
    }
    const length = this.at - start;
    if (length > 9 || (length > 1 && this.bytes[start] === ZERO)) throw UNUSUAL;
    return number;
  }

  /** Where a text's closing quote stands; moves past it. Escapes are not undone: no word or id of ours has one. */
  protected textEnd(): number {
    const bytes = this.bytes;
    let end = this.at;
    while (end < bytes.length && bytes[end] !== QUOTE) end++;
    this.at = end;
    this.expect(QUOTE);
    return end;
  }

  protected channel(): void {
    this.expect(QUOTE);
    if (this.matches(this.channelWord.word)) return;
    const word = CHANNEL_WORDS.find((candidate) => this.matches(candidate.word));
    if (word === undefined) throw UNUSUAL;
    this.channelWord = word;
  }

  protected unit(): 'kWh' | 'kvarh' {
    this.expect(QUOTE);
    if (this.matches(UNIT_WORDS.kWh)) return 'kWh';
    if (this.matches(UNIT_WORDS.kvarh)) return 'kvarh';
    throw UNUSUAL;
  }

  protected quality(): number {
    this.expect(QUOTE);
    for (const { code, word } of QUALITY_WORDS) if (this.matches(word)) return code;
    throw UNUSUAL;
  }

  /** `"2012-09-30T00:30:00Z"`; the date is computed only when it changes. */
  protected instant(): void {
    this.expect(QUOTE);
    const bytes = this.bytes;
    const at = this.at;
    const date = this.#date;
    let same = this.#hasDate;
    for (let i = 0; same && i < 11; i++) same = bytes[at + i] === date[i];
    if (!same) this.#newDate(at);
    const hour = this.digit(at + 11) * 10 + this.digit(at + 12);
    const minute = this.digit(at + 14) * 10 + this.digit(at + 15);
    const punctuated =
      bytes[at + 13] === 0x3a &&
      bytes[at + 16] === 0x3a &&
      bytes[at + 17] === ZERO &&
      bytes[at + 18] === ZERO &&
      bytes[at + 19] === 0x5a &&
      bytes[at + 20] === QUOTE;
    if (!punctuated || hour > 23 || minute > 59) throw UNUSUAL;
    this.minuteOfDay = hour * 60 + minute;
    this.at = at + 21;
  }

  #newDate(at: number): void {
    this.#hasDate = false;
    const bytes = this.bytes;
    const pair = (from: number) => this.digit(at + from) * 10 + this.digit(at + from + 1);
    const year = pair(0) * 100 + pair(2);
    const month = pair(5);
    const dayOfMonth = pair(8);
    if (bytes[at + 4] !== 0x2d || bytes[at + 7] !== 0x2d || bytes[at + 10] !== 0x54) throw UNUSUAL;
    const time = new Date(Date.UTC(year, month - 1, dayOfMonth));
    if (time.getUTCFullYear() !== year || time.getUTCMonth() !== month - 1 || time.getUTCDate() !== dayOfMonth) {
      throw UNUSUAL;
    }
    this.day = time.getTime() / 86_400_000;
    this.#date.set(bytes.subarray(at, at + 11));
    this.#hasDate = true;
  }
}
