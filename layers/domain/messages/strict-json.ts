import type { Reason, ReasonCode } from '../../contracts/codes/reasons.ts';
import { MAX_JSON_DEPTH } from '../../contracts/messages/limits.ts';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export type StrictJson =
  | {
      ok: true;
      value: JsonValue;
      /** Paths of numbers whose text says more than a double holds (over 15 significant digits). */
      inexact: ReadonlySet<string>;
    }
  | { ok: false; reasons: Reason[] };

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
/** A payload made to be wrong everywhere gets this many reasons, not a million. */
const MAX_REASONS = 100;
/** Doubles round-trip any decimal of this many significant digits. Source: IEEE 754 binary64, DBL_DIG. */
const EXACT_DIGITS = 15;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const NOT_A_NUMBER = /-?(?:NaN|Infinity)/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 forbids them unescaped
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Ends the parse at the first place where the text is no JSON. */
class SyntaxFault {
  readonly at: number;
  constructor(at: number) {
    this.at = at;
  }
}

/**
 * Parses untrusted bytes as one RFC 8259 document and names every duplicate or forbidden key, number beyond a double and
 * excess of depth with its path; text that is no JSON ends the search at that place. Never throws.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { ok: false, reasons: [{ code: 'INVALID_UTF8', path: '', message: 'the bytes are not UTF-8' }] };
  }
  const parser = new StrictParser(text);
  try {
    const value = parser.document();
    if (parser.reasons.length === 0) return { ok: true, value, inexact: parser.inexact };
  } catch (fault) {
    if (!(fault instanceof SyntaxFault)) throw fault;
    const what = fault.at >= text.length ? 'the text ends too early' : `no JSON at character ${fault.at}`;
    const code = text.trim() === '' ? 'EMPTY' : 'INVALID_JSON';
    parser.violated(code, '', what);
  }
  return { ok: false, reasons: parser.reasons };
}

class StrictParser {
  readonly reasons: Reason[] = [];
  readonly inexact = new Set<string>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  violated(code: ReasonCode, path: string, message: string): void {
    if (this.reasons.length < MAX_REASONS) this.reasons.push({ code, path, message });
  }

  document(): JsonValue {
    const value = this.#value('', 1);
    if (this.#at < this.#text.length) throw new SyntaxFault(this.#at);
    return value;
  }

  #value(path: string, depth: number): JsonValue {
    this.#take(SPACE);
    if (depth > MAX_JSON_DEPTH + 1) {
      // Deeper text is not read at all: the stack stays small.
      this.violated('TOO_DEEP', path, `nested deeper than ${MAX_JSON_DEPTH}`);
      throw new SyntaxFault(this.#at);
    }
    const value = this.#unspaced(path, depth);
    this.#take(SPACE);
    return value;
  }

  #unspaced(path: string, depth: number): JsonValue {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(path, depth);
      case '[':
        return this.#array(path, depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number(path);
    }
  }

  #object(path: string, depth: number): JsonValue {
    const object: { [key: string]: JsonValue } = {};
    this.#at++;
    this.#take(SPACE);
    if (this.#skip('}')) return object;
    do {
      this.#take(SPACE);
      if (this.#text[this.#at] !== '"') throw new SyntaxFault(this.#at);
      const key = this.#string();
      this.#take(SPACE);
      if (!this.#skip(':')) throw new SyntaxFault(this.#at);
      const inner = path === '' ? key : `${path}.${key}`;
      const value = this.#value(inner, depth + 1);
      if (FORBIDDEN_KEYS.has(key)) this.violated('FORBIDDEN_KEY', inner, `the key ${key} is refused`);
      else if (Object.hasOwn(object, key)) this.violated('DUPLICATE_KEY', inner, `the key ${key} stands twice`);
      else object[key] = value;
    } while (this.#skip(','));
    if (!this.#skip('}')) throw new SyntaxFault(this.#at);
    return object;
  }

  #array(path: string, depth: number): JsonValue {
    const array: JsonValue[] = [];
    this.#at++;
    this.#take(SPACE);
    if (this.#skip(']')) return array;
    do array.push(this.#value(`${path}[${array.length}]`, depth + 1));
    while (this.#skip(','));
    if (!this.#skip(']')) throw new SyntaxFault(this.#at);
    return array;
  }

  #string(): string {
    this.#at++;
    let text = '';
    for (;;) {
      text += this.#take(PLAIN_TEXT);
      if (this.#skip('"')) return text;
      if (!this.#skip('\\')) throw new SyntaxFault(this.#at);
      const letter = this.#text[this.#at++] ?? '';
      if (letter === 'u') {
        const hex = this.#text.slice(this.#at, this.#at + 4);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new SyntaxFault(this.#at);
        this.#at += 4;
        text += String.fromCharCode(Number.parseInt(hex, 16));
      } else {
        const character = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
        if (character === undefined) throw new SyntaxFault(this.#at - 1);
        text += character;
      }
    }
  }

  #number(path: string): JsonValue {
    const literal = this.#take(NUMBER);
    if (literal === '') {
      const word = this.#take(NOT_A_NUMBER);
      if (word === '') throw new SyntaxFault(this.#at);
      this.violated('NOT_FINITE', path, `${word} is no number of JSON`);
      return 0;
    }
    const number = Number(literal);
    if (!Number.isFinite(number)) this.violated('NOT_FINITE', path, `${literal.slice(0, 24)} is beyond a double`);
    if (literal.length > EXACT_DIGITS && significantDigits(literal) > EXACT_DIGITS) this.inexact.add(path);
    return number;
  }

  #word<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) {
      throw new SyntaxFault(this.#at);
    }
    this.#at += word.length;
    return value;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += match.length;
    return match;
  }
}

const significantDigits = (literal: string): number =>
  literal
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '').length;
