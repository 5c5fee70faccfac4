import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TimestreamQuery } from '../../../local/timestream/query.ts';
import { TimestreamTables } from '../../../local/timestream/tables.ts';
import { RejectedRecords, writeRecords } from '../../../local/timestream/write.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const HOUR = 3_600_000;

const opened = () => {
  const tables = new TimestreamTables(mkdtempSync(join(tmpdir(), 'timestream-')));
  tables.create('grid.telemetry', { memoryMs: 48 * HOUR, magneticMs: 365 * 24 * HOUR, magneticWrites: true });
  let now = NOW;
  const query = new TimestreamQuery(() => now);
  const write = (records: object[], common: object = {}) =>
    writeRecords(
      tables,
      { DatabaseName: 'grid', TableName: 'telemetry', Records: records, CommonAttributes: common },
      now,
    );
  const ask = (QueryString: string, more: object = {}) =>
    query.run(tables, { QueryString, ...more }) as {
      Rows: { Data: { ScalarValue?: string; NullValue?: boolean }[] }[];
      NextToken?: string;
    };
  return { write, ask, later: (ms: number) => (now += ms) };
};

const record = (time: number, activePower: number, version = 1) => ({
  Time: String(time),
  Version: version,
  MeasureName: 'telemetry',
  MeasureValueType: 'MULTI',
  MeasureValues: [{ Name: 'active_power', Value: String(activePower), Type: 'DOUBLE' }],
});
const common = { Dimensions: [{ Name: 'sensor_id', Value: 'F01-S' }] };
const ALL = `SELECT time, active_power FROM "grid"."telemetry" WHERE sensor_id = 'F01-S' ORDER BY time`;

describe('Timestream', () => {
  test('multi-measure records come back as columns', () => {
    const { write, ask } = opened();
    write([record(NOW - HOUR, 1.5), record(NOW, 2.5)], common);
    expect(ask(ALL).Rows.map((row) => row.Data.map((datum) => datum.ScalarValue))).toEqual([
      ['2026-02-28 23:00:00.000000000', '1.5'],
      ['2026-03-01 00:00:00.000000000', '2.5'],
    ]);
  });

  // Source: Timestream API reference, WriteRecords: an equal version with other values is rejected, a higher one upserts.
  test('equal content is a no-op, an equal version with another value is rejected by index, a higher one wins', () => {
    const { write, ask } = opened();
    write([record(NOW, 1)], common);
    write([record(NOW, 1)], common);
    let refusal: unknown;
    try {
      write([record(NOW - HOUR, 7), record(NOW, 2)], common);
    } catch (failure) {
      refusal = failure;
    }
    expect(refusal).toBeInstanceOf(RejectedRecords);
    expect((refusal as RejectedRecords).records).toMatchObject([{ RecordIndex: 1, ExistingVersion: 1 }]);
    write([record(NOW, 3, 2)], common);
    expect(ask(ALL).Rows.map((row) => row.Data[1]?.ScalarValue)).toEqual(['7', '3']);
  });

  test('a late record goes to the magnetic store and is readable only later', () => {
    const { write, ask, later } = opened();
    write([record(NOW - 72 * HOUR, 4)], common);
    expect(() => ask(ALL)).not.toThrow();
    expect(ask(ALL).Rows).toEqual([]);
    later(60_000);
    expect(ask(ALL).Rows).toHaveLength(1);
  });

  test('a stale late version is accepted and changes nothing', () => {
    const { write, ask, later } = opened();
    write([record(NOW - 72 * HOUR, 4, 2)], common);
    expect(() => write([record(NOW - 72 * HOUR, 5, 1)], common)).not.toThrow();
    later(60_000);
    expect(ask(ALL).Rows.map((row) => row.Data[1]?.ScalarValue)).toEqual(['4']);
  });

  test('older than the magnetic retention, or ahead of now by more than 15 minutes: rejected', () => {
    const { write } = opened();
    expect(() => write([record(NOW - 400 * 24 * HOUR, 1)], common)).toThrow(RejectedRecords);
    expect(() => write([record(NOW + 16 * 60_000, 1)], common)).toThrow(RejectedRecords);
    expect(() => write([record(NOW + 14 * 60_000, 1)], common)).not.toThrow();
  });

  test('100 records are taken, 101 are not', () => {
    const { write } = opened();
    const many = (n: number) => Array.from({ length: n }, (_, i) => record(NOW - i * 1000, i));
    expect(() => write(many(101), common)).toThrow(/less than or equal to 100/);
    expect(() => write(many(100), common)).not.toThrow();
  });

  const dimensions = (count: number, name = 1, value = 1) => ({
    Dimensions: Array.from({ length: count }, (_, i) => ({
      Name: String(i).padStart(name, 'n'),
      Value: 'v'.repeat(value),
    })),
  });
  const measures = (count: number) => ({
    ...record(NOW, 1),
    MeasureValues: Array.from({ length: count }, (_, i) => ({ Name: `m${i}`, Value: '1', Type: 'DOUBLE' })),
  });
  test.each([
    ['128 dimensions', record(NOW, 1), dimensions(128), dimensions(129)],
    ['a name of 60 bytes', record(NOW, 1), dimensions(1, 60), dimensions(1, 61)],
    ['a value of 2048 bytes', record(NOW, 1), dimensions(1, 1, 2048), dimensions(1, 1, 2049)],
  ])('%s are taken, one more is not', (_, given, most, more) => {
    const { write } = opened();
    expect(() => write([given], most)).not.toThrow();
    expect(() => write([given], more)).toThrow(/dimension/);
  });
  test('256 measures are taken, 257 are not', () => {
    const { write } = opened();
    expect(() => write([measures(256)], common)).not.toThrow();
    expect(() => write([measures(257)], common)).toThrow(/measures/);
  });

  test('bins, aggregates, iso times and pages', () => {
    const { write, ask } = opened();
    write(
      Array.from({ length: 60 }, (_, i) => record(NOW - i * 60_000, i)),
      common,
    );
    const bins = ask(
      `SELECT bin(time, 30m) AS slot, avg(active_power) AS mean FROM "grid"."telemetry" WHERE time >= from_iso8601_timestamp('2026-02-28T23:00:00Z') GROUP BY bin(time, 30m) ORDER BY slot`,
    );
    expect(bins.Rows.map((row) => row.Data[0]?.ScalarValue)).toEqual([
      '2026-02-28 23:00:00.000000000',
      '2026-02-28 23:30:00.000000000',
      '2026-03-01 00:00:00.000000000',
    ]);
    const first = ask(ALL, { MaxRows: 40 });
    expect(first.Rows).toHaveLength(40);
    expect(ask(ALL, { MaxRows: 40, NextToken: first.NextToken }).Rows).toHaveLength(20);
  });

  test('what it does not know is refused by name', () => {
    const { ask } = opened();
    expect(() => ask(`SELECT approx_percentile(active_power, 0.5) FROM "grid"."telemetry"`)).toThrow(
      /approx_percentile/,
    );
    expect(() => ask('DELETE FROM "grid"."telemetry"')).toThrow(/only SELECT/);
  });
});
