import fc from 'fast-check';
import { parseStrictJson } from '../../../layers/domain/messages/strict-json.ts';

const parse = (text: string) => parseStrictJson(new TextEncoder().encode(text));
const codes = (text: string) => {
  const result = parse(text);
  return result.ok ? [] : result.reasons.map((reason) => `${reason.code} ${reason.path}`.trim());
};

describe('strict JSON', () => {
  test.each([
    ['NaN', ['NOT_FINITE']],
    ['{"value":NaN,"other":-Infinity}', ['NOT_FINITE value', 'NOT_FINITE other']],
    ['{"value":1e309}', ['NOT_FINITE value']],
    ['{"a":1,"a":2,"b":[{"c":1,"c":1}]}', ['DUPLICATE_KEY a', 'DUPLICATE_KEY b[0].c']],
    ['{"a":1,"\\u0061":2}', ['DUPLICATE_KEY a']],
    ['{"__proto__":{"x":1},"constructor":1}', ['FORBIDDEN_KEY __proto__', 'FORBIDDEN_KEY constructor']],
    ['[[[[[[[[[[1]]]]]]]]]]', ['TOO_DEEP [0][0][0][0][0][0][0][0][0]', 'INVALID_JSON']],
    ['{"a":1', ['INVALID_JSON']],
    ['{"a":1}{', ['INVALID_JSON']],
    ['{"a":01}', ['INVALID_JSON']],
    ['{a:1}', ['INVALID_JSON']],
    ['"\u0001"', ['INVALID_JSON']],
    ['\ufeff1', ['INVALID_JSON']],
    ['  ', ['EMPTY']],
    ['', ['EMPTY']],
  ])('%s', (text, expected) => {
    expect(codes(text)).toEqual(expected);
  });

  test('bytes that are not UTF-8, such as gzip, are named so', () => {
    for (const bytes of [
      [0x1f, 0x8b, 8, 0],
      [0x22, 0xc3, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ])
      expect(parseStrictJson(Uint8Array.from(bytes))).toMatchObject({ ok: false, reasons: [{ code: 'INVALID_UTF8' }] });
  });

  test('numbers that say more than a double holds are named', () => {
    expect(parse('{"a":0.1120000000000000001,"b":0.112,"c":1000000000000000000000}')).toMatchObject({
      ok: true,
      inexact: new Set(['a']),
    });
  });

  test('accepts what JSON.parse accepts, with the same result', () => {
    const plain = fc.json({ maxDepth: 4 }).filter((text) => !/__proto__|constructor|prototype/.test(text));
    fc.assert(
      fc.property(plain, (text) => {
        expect(parse(text)).toMatchObject({ ok: true });
        const result = parse(text);
        if (result.ok) expect(JSON.stringify(result.value)).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test('never throws and refuses whatever JSON.parse refuses, on any bytes', () => {
    const damaged = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.json(), fc.nat(200), fc.nat(255)).map(([text, at, octet]) => {
        const bytes = new TextEncoder().encode(text);
        if (bytes.length > 0) bytes[at % bytes.length] = octet;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(damaged, (bytes) => {
        const strict = parseStrictJson(bytes);
        let lenient = true;
        try {
          JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
        } catch {
          lenient = false;
        }
        if (strict.ok) expect(lenient).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
