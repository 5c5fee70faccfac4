import fc from 'fast-check';
import { RELEASED_VERSIONS, schemaVersions } from '../../../layers/contracts/avro/versions.ts';
import { CHANNEL_NAMES, CHANNELS, QUALITIES, QUALITY_NAMES } from '../../../layers/contracts/messages/channels.ts';
import { MAX_MESSAGE_BYTES } from '../../../layers/contracts/messages/limits.ts';
import { openPayload } from '../../../layers/domain/messages/payload.ts';
import { IntervalColumnsParser } from '../../../layers/domain/readings/interval-columns-parser.ts';
import { MeterIndex } from '../../../layers/domain/readings/meter-registry.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';
import { COMPRESSIONS, FORMS, type Packing, packReadings } from '../../../local/pack/pack-readings.ts';
import { type FileReading, readCsv, readJson } from '../../../local/pack/read-readings.ts';

const DEFAULTS = { channel: 'activeEnergyImport', intervalMinutes: 30 } as const;
const ID = '0a1b2c3d-0000-4000-8000-000000000001';
const columnsVersion = RELEASED_VERSIONS.find(({ kind }) => kind === 'interval-columns');
const schemas = schemaVersions(`${columnsVersion?.name}=${ID}`);
const HALF_HOUR = 1_800_000;
const START = Date.parse('2025-03-01T00:00:00Z');
const NOW = Date.parse('2026-01-01T00:00:00Z');

/** What a consumer of the topic stores of a message. */
function stored(bytes: Uint8Array, meters: readonly string[]): string[] {
  const index = new MeterIndex();
  for (const [meterNo, meterId] of meters.entries())
    index.put(meterId, { meterNo, intervalMinutes: [0, 30, 30, 30, 30] });
  const payload = openPayload(bytes, schemas);
  const out = new ReadingColumns();
  const parser = new IntervalColumnsParser(index);
  if (payload.form === 'unreadable') throw new Error(String(payload.reasons[0]?.code));
  const arrived = { receivedAt: NOW };
  const usual =
    payload.form === 'json' ? parser.parse(payload.bytes, arrived, out) : parser.parseAvro(payload.bytes, arrived, out);
  if (!usual) throw new Error('not as a parser expects it');
  return Array.from({ length: out.length }, (_, row) => {
    const { meterNo, channel, energyWh, revision, quality } = out.at(row);
    return [meters[meterNo], channel, out.startAt(row), energyWh, revision, quality].join();
  });
}

const given = ({ meterId, channel, start, energyWh, revision, quality }: FileReading): string =>
  [meterId, CHANNELS[channel].code, start, energyWh, revision, QUALITIES[quality]].join();

const packings: Packing[] = FORMS.flatMap((form) =>
  COMPRESSIONS.map((compression) => ({ form, compression, schemaVersionId: ID })),
);

test.each(packings)('what goes in comes out: $form, $compression', (packing) => {
  const meters = ['m1', 'm2', 'm3'];
  const reading = fc.record({
    meterId: fc.constantFrom(...meters),
    channel: fc.constantFrom(...CHANNEL_NAMES),
    slot: fc.integer({ min: 0, max: 120 }),
    energyWh: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 100_000_000 })),
    revision: fc.constantFrom(0, 0, 7),
    quality: fc.constantFrom(...QUALITY_NAMES),
  });
  const selector = (each: { meterId: string; channel: string; slot: number; revision: number; quality: string }) =>
    [each.meterId, each.channel, each.slot, each.revision, each.quality].join();
  fc.assert(
    fc.property(fc.uniqueArray(reading, { selector, minLength: 1, maxLength: 200 }), (some) => {
      const readings = some.map(
        ({ slot, ...rest }, line): FileReading => ({
          ...rest,
          intervalMinutes: 30,
          start: START + slot * HALF_HOUR,
          line,
        }),
      );
      const found = [...packReadings(readings, packing)].flatMap(({ bytes }) => stored(bytes, meters));
      expect(found.sort()).toEqual(readings.map(given).sort());
    }),
    { numRuns: 20 },
  );
});

test('a day of many meters is split into messages that MQTT carries', () => {
  // Numerical Recipes' generator: values that do not compress away.
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  const meters = Array.from({ length: 3000 }, (_, index) => `meter-${index}`);
  const readings = meters.flatMap((meterId) =>
    Array.from({ length: 48 }, (_, slot) => ({
      ...DEFAULTS,
      meterId,
      start: START + slot * HALF_HOUR,
      energyWh: next() % 5000,
      revision: 0,
      quality: 'raw' as const,
      line: 1,
    })),
  );
  const packed = [...packReadings(readings, { form: 'json', compression: 'zstd' })];
  expect(packed.length).toBeGreaterThan(1);
  for (const { bytes } of packed) expect(bytes.length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
  expect(new Set(packed.flatMap(({ bytes }) => stored(bytes, meters)))).toEqual(new Set(readings.map(given)));
});

test('CSV and JSON say the same; a block is its intervals', () => {
  const csv = readCsv(
    'meterId,start,value\nm1,2025-03-01T00:00:00Z,0.5\r\n"m1","2025-03-01T00:30:00Z",1.25\n',
    DEFAULTS,
  );
  const reading = { meterId: 'm1', channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 };
  const intervals = [
    { start: '2025-03-01T00:00:00Z', value: 0.5 },
    { start: '2025-03-01T10:30:00+10:00', value: 1.25 },
  ];
  const [first, second] = intervals.map((interval) => JSON.stringify({ ...reading, ...interval }));
  const all = [
    csv,
    readJson(`${first}\n${second}\n`),
    readJson(`[\n  ${first},\n  ${second}\n]`),
    readJson(JSON.stringify({ ...reading, channel: undefined, obis: '1-0:1.8.0', intervals })),
  ];
  for (const { readings, faults } of all) {
    expect(faults).toEqual([]);
    expect(readings.map(given)).toEqual(csv.readings.map(given));
  }
  expect(csv.readings.map(({ line }) => line)).toEqual([2, 3]);
  expect(all[2]?.readings.map(({ line }) => line)).toEqual([2, 3]);
});

describe('faults are named with their lines', () => {
  test.each([
    ['m1,2025-03-01T00:00:00Z,many', 'line 2: value: WRONG_TYPE'],
    ['m1,2025-03-01T00:00:00Z,-1', 'line 2: value: NEGATIVE'],
    ['m1,2025-03-01T00:00:00Z,0.0001', 'line 2: value: 0.0001 has more than three decimals'],
    ['m1,2025-03-01T00:00:00Z,100001', 'line 2: value: over 100000 kWh'],
    ['m1,2025-03-01T00:01:00Z,1', 'line 2: start: 2025-03-01T00:01:00Z is not on a multiple of 30 minutes'],
    ['m1,yesterday,1', 'line 2: start: INVALID_TIME'],
    ['m/1,2025-03-01T00:00:00Z,1', 'line 2: meterId: INVALID_ID'],
    ['m1,1', 'line 2: 2 cells under 3 columns'],
  ])('%s', (row, fault) => {
    const { readings, faults } = readCsv(`meterId,start,value\n${row}\nm2,2025-03-01T00:00:00Z,1`, DEFAULTS);
    expect(readings).toHaveLength(1);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
  });

  test('columns that are missing or not known, JSON that is none, and a value given twice', () => {
    expect(readCsv('meterId,time,value\n', DEFAULTS).faults).toHaveLength(2);
    expect(readJson('{"meterId":"m1"}\n{"meterId":').faults.at(-1)).toContain('line 2: INVALID_JSON');
    const twice = readCsv('meterId,start,value\nm1,2025-03-01T00:00:00Z,1\nm1,2025-03-01T00:00:00Z,2', DEFAULTS);
    expect(() => [...packReadings(twice.readings, { form: 'json', compression: 'none' })]).toThrow('lines 2 and 3');
    const same = readCsv('meterId,start,value\nm1,2025-03-01T00:00:00Z,1\nm1,2025-03-01T00:00:00Z,1', DEFAULTS);
    expect([...packReadings(same.readings, { form: 'json', compression: 'none' })][0]?.readings).toBe(1);
  });
});
