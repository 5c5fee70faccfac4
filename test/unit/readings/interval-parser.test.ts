import fc from 'fast-check';
import { parseStrictJson } from '../../../layers/domain/messages/strict-json.ts';
import { IntervalParser } from '../../../layers/domain/readings/interval-parser.ts';
import { validateIntervalReadings } from '../../../layers/domain/readings/interval-validation.ts';
import { MeterIndex } from '../../../layers/domain/readings/meter-registry.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';

const RECEIVED_AT = Date.parse('2012-10-02T00:00:00Z');
const index = new MeterIndex();
for (let number = 0; number < 2000; number++) {
  index.put(`m${number}`, { meterNo: number + 1, intervalMinutes: [0, 30, number % 2 ? 15 : 0] });
}

const rowsOf = (columns: ReadingColumns) => Array.from({ length: columns.length }, (_, row) => columns.at(row));

function fast(bytes: Uint8Array, ownerId?: string) {
  const out = new ReadingColumns(1);
  const owner = ownerId === undefined ? undefined : index.get(ownerId);
  const accepted = new IntervalParser(index).parse(bytes, { receivedAt: RECEIVED_AT, owner }, out);
  return { accepted, rows: rowsOf(out) };
}

function strict(bytes: Uint8Array, ownerId?: string) {
  const json = parseStrictJson(bytes);
  const out = new ReadingColumns(1);
  if (!json.ok) return { reasons: json.reasons, rows: [] };
  const meter = (meterId: string) => index.get(meterId);
  const judgement = { receivedAt: RECEIVED_AT, ownerId, meter, inexact: json.inexact };
  const reasons = validateIntervalReadings(json.value, judgement, out);
  return { reasons, rows: rowsOf(out) };
}

const bytesOf = (payload: unknown) =>
  new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload));
const good = {
  meterId: 'm1',
  channel: 'activeEnergyImport',
  unit: 'kWh',
  intervalMinutes: 30,
  start: '2012-09-30T00:30:00Z',
  value: 0.112,
};
const block = {
  ...good,
  start: undefined,
  value: undefined,
  intervals: [{ start: good.start, value: 1.5, revision: 2 }],
};

/** Mostly the first, so that whole messages are often good. */
const mostly = <Good, Bad>(fine: fc.Arbitrary<Good>, wrong: fc.Arbitrary<Bad>) =>
  fc.oneof({ weight: 19, arbitrary: fine }, { weight: 1, arbitrary: wrong });
const interval = fc.record({
  start: mostly(
    fc
      .integer({ min: 1, max: 100 })
      .map((n) => new Date(RECEIVED_AT - n * 1_800_000).toISOString().replace('.000', '')),
    fc.constantFrom(
      '2012-02-30T00:00:00Z',
      '2012-09-30T24:00:00Z',
      '1999-12-31T00:00:00Z',
      '2012-09-30T10:00:00+10:00',
    ),
  ),
  value: mostly(
    fc.nat(5_000_000).map((wh) => wh / 1000),
    fc.oneof(fc.double(), fc.constantFrom(-1, 1e5, 100_000.001, 1e21)),
  ),
  revision: mostly(fc.option(fc.nat(2_147_483_647), { nil: undefined }), fc.constantFrom(-1, 1.5)),
  quality: mostly(fc.constantFrom(undefined, 'raw', 'edited', 'estimated'), fc.constant('best')),
  more: mostly(fc.constant(undefined), fc.anything()),
});
const head = fc.record({
  meterId: mostly(fc.constantFrom('m1', 'm1999'), fc.constantFrom('m2', 'm2000', 'm')),
  channel: mostly(fc.constant('activeEnergyImport'), fc.constantFrom('activeEnergyExport', 'other')),
  unit: mostly(fc.constant('kWh'), fc.constant('kvarh')),
  intervalMinutes: mostly(fc.constant(30), fc.constantFrom(15, 0, 7)),
});
const message = fc.oneof(
  fc.tuple(head, interval).map(([h, i]) => ({ ...h, ...i })),
  fc.tuple(head, fc.array(interval, { maxLength: 4 })).map(([h, intervals]) => ({ ...h, intervals })),
);

describe('interval parser', () => {
  test('the usual forms take the fast path', () => {
    for (const payload of [good, block, [good, { ...good, quality: 'edited' }], ` [ ${JSON.stringify(good)} ] \n`]) {
      expect(fast(bytesOf(payload), 'm1')).toMatchObject({ accepted: true });
    }
    expect(fast(bytesOf(good)).rows).toEqual([
      {
        meterNo: 2,
        channel: 1,
        intervalMinutes: 30,
        day: 15_613,
        slot: 1,
        energyWh: 112,
        revision: 0,
        quality: 2,
        recordedAt: RECEIVED_AT,
      },
    ]);
  });

  test('what the fast path accepts, the strict path accepts with the same readings', () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.oneof(message, fc.array(message, { maxLength: 3 })),
        fc.constantFrom(undefined, 'm1'),
        (payload, ownerId) => {
          const quick = fast(bytesOf(payload), ownerId);
          if (!quick.accepted) {
            expect(quick.rows).toEqual([]);
            return;
          }
          accepted++;
          expect(strict(bytesOf(payload), ownerId)).toEqual({ reasons: [], rows: quick.rows });
        },
      ),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });

  test('lists that repeat themselves are read as the strict path reads them, damaged or not', () => {
    const plain = fc.array(
      fc.record({
        n: fc.integer({ min: 2, max: 100 }),
        wh: fc.nat(5000),
        more: fc.constantFrom('', '', '', ',"revision":1'),
      }),
      { minLength: 1, maxLength: 6 },
    );
    const interval = ({ n, wh, more }: { n: number; wh: number; more: string }) =>
      `"start":"${new Date(RECEIVED_AT - n * 1_800_000).toISOString().replace('.000', '')}","value":${wh / 1000}${more}`;
    const start = JSON.stringify(good).slice(0, JSON.stringify(good).indexOf(',"start"'));
    const messages = fc.array(
      fc
        .tuple(plain, fc.boolean())
        .map(([items, list]) =>
          list
            ? `${start},"intervals":[${items.map((each) => `{${interval(each)}}`)}]}`
            : items.map((each) => `${start},${interval(each)}}`).join(','),
        ),
      { minLength: 1, maxLength: 4 },
    );
    let accepted = 0;
    fc.assert(
      fc.property(messages, fc.nat(), fc.option(fc.nat(255), { freq: 2 }), (payload, at, octet) => {
        const bytes = bytesOf(`[${payload}]`);
        if (octet !== null) bytes[at % bytes.length] = octet;
        const quick = fast(bytes);
        if (octet === null) expect(quick.accepted).toBe(true);
        if (!quick.accepted) return;
        accepted++;
        expect(strict(bytes)).toEqual({ reasons: [], rows: quick.rows });
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  test('one damaged byte never makes the fast path accept what the strict path refuses', () => {
    const text = bytesOf([good, block]);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(255), fc.nat(text.length), (at, octet, cut) => {
        const damaged = text.slice();
        damaged[at] = octet;
        for (const bytes of [damaged, text.slice(0, cut)]) {
          const quick = fast(bytes);
          if (quick.accepted) expect(strict(bytes)).toEqual({ reasons: [], rows: quick.rows });
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('every violation is named, and good intervals of a bad message are kept', () => {
  const codesOf = (payload: unknown, ownerId?: string) =>
    strict(bytesOf(payload), ownerId).reasons.map(({ code, path }) => `${code} ${path}`);
  test.each<[string, unknown, string[]]>([
    ['wrong unit', { ...good, unit: 'kvarh' }, ['WRONG_UNIT unit']],
    ['unit of another world', { ...good, unit: 'kW' }, ['WRONG_UNIT unit']],
    ['unknown meter', { ...good, meterId: 'x' }, ['UNKNOWN_METER meterId']],
    ['id', { ...good, meterId: 'm 1' }, ['INVALID_ID meterId']],
    ['unknown channel', { ...good, channel: 'energy' }, ['UNKNOWN_CHANNEL channel']],
    ['channel it lacks', { ...good, channel: 'reactiveEnergyImport', unit: 'kvarh' }, ['UNKNOWN_CHANNEL channel']],
    ['interval size', { ...good, intervalMinutes: 15 }, ['INTERVAL_SIZE intervalMinutes']],
    ['negative', { ...good, value: -0.1 }, ['NEGATIVE value']],
    ['precision', { ...good, value: 0.1125 }, ['EXCESS_PRECISION value']],
    ['lossy', JSON.stringify(good).replace('0.112', '0.1120000000000000001'), ['EXCESS_PRECISION value']],
    ['range', { ...good, value: 100_001 }, ['OUT_OF_RANGE value']],
    ['misaligned', { ...good, start: '2012-09-30T00:31:00Z' }, ['MISALIGNED start']],
    ['future', { ...good, start: '2012-10-02T00:00:00Z' }, ['FUTURE_TIME start']],
    ['too old', { ...good, start: '1999-12-31T23:00:00Z' }, ['TOO_OLD start']],
    ['no instant', { ...good, start: '2012-02-30T00:00:00Z' }, ['INVALID_TIME start']],
    ['missing and unknown', { ...good, value: undefined, colour: 1 }, ['MISSING_FIELD value', 'UNKNOWN_FIELD colour']],
    ['type', { ...good, value: '0.1' }, ['WRONG_TYPE value']],
    ['empty list', { ...block, intervals: [] }, ['EMPTY intervals']],
    ['empty batch', [], ['EMPTY ']],
    ['second of a batch', [good, { ...good, value: -1 }], ['NEGATIVE [1].value']],
    ['a number', 5, ['WRONG_TYPE ']],
  ])('%s', (_name, payload, expected) => {
    expect(codesOf(payload)).toEqual(expected);
  });

  test('the id of another', () => {
    expect(codesOf(good, 'm2')).toEqual(['ID_MISMATCH meterId']);
    expect(fast(bytesOf(good), 'm2').accepted).toBe(false);
  });

  test('a good interval beside two bad ones is kept', () => {
    const intervals = [
      { start: good.start, value: 1 },
      { start: good.start, value: -1 },
      { start: 'x', value: Number.NaN },
    ];
    const { reasons, rows } = strict(bytesOf(JSON.stringify({ ...block, intervals })));
    expect(rows).toHaveLength(1);
    expect(reasons.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'NEGATIVE intervals[1].value',
      'INVALID_TIME intervals[2].start',
      'WRONG_TYPE intervals[2].value',
    ]);
  });
});
