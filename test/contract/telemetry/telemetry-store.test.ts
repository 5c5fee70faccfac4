import { TimestreamQueryClient } from '@aws-sdk/client-timestream-query';
import { TimestreamWriteClient } from '@aws-sdk/client-timestream-write';
import { postgresTelemetryStore } from '../../../layers/adapters/postgres/telemetry.ts';
import { timestreamTelemetryStore } from '../../../layers/adapters/timestream/telemetry-store.ts';
import type { Sample, TelemetryStore } from '../../../layers/domain/telemetry/telemetry-store.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';
import { seededRandom } from '../../harness/seeded-random.ts';
import { startTimestream } from '../../harness/timestream-server.ts';

const START = Date.parse('2012-10-06T14:00:00Z');
const MINUTE = 60_000;
const sample = (over: Partial<Sample> = {}): Sample => ({
  sensorId: 'F1-S',
  feederId: 'F1',
  kind: 'activePower',
  time: START,
  value: 12.3,
  version: 1,
  ...over,
});

/** What every telemetry store does. */
function contract(store: () => TelemetryStore): void {
  const read = (over: Partial<Parameters<TelemetryStore['read']>[0]> = {}) =>
    store().read({ sensorId: 'F1-S', kind: 'activePower', from: START, to: START + 60 * MINUTE, limit: 100, ...over });

  test('samples are read in order of time and phase, half-open', async () => {
    await store().write([
      sample({ time: START + 60 * MINUTE }),
      sample({ time: START + MINUTE, phase: 'L2', value: -2 }),
      sample({ time: START + MINUTE, phase: 'L1' }),
      sample({ time: START }),
      sample({ time: START, sensorId: 'F2-S' }),
      sample({ time: START, kind: 'temperature', value: 21 }),
    ]);
    expect(await read()).toEqual([
      { time: START, value: 12.3 },
      { time: START + MINUTE, phase: 'L1', value: 12.3 },
      { time: START + MINUTE, phase: 'L2', value: -2 },
    ]);
    expect(await read({ limit: 1 })).toHaveLength(1);
    expect(await read({ kind: 'temperature' })).toEqual([{ time: START, value: 21 }]);
  });

  test('the same again changes nothing, the later received value counts', async () => {
    await store().write([sample({ version: 5 })]);
    await store().write([sample({ version: 5 })]);
    await store().write([sample({ version: 7, value: 8 })]);
    await store().write([sample({ version: 6, value: 9 })]);
    expect(await read()).toEqual([{ time: START, value: 8 }]);
  });

  test('a kind never reported has no samples', async () => {
    await store().write([sample()]);
    expect(await read({ kind: 'totalHarmonicDistortion' })).toEqual([]);
  });

  test('more samples than one request takes', async () => {
    const many = Array.from({ length: 250 }, (_, i) => sample({ time: START + i * 1000, value: i }));
    expect(await store().write(many)).toEqual([]);
    expect((await read({ limit: 1000 })).map(({ value }) => value)).toEqual(many.map(({ value }) => value));
  });

  test('means and extremes by sensor, phase and span', async () => {
    await store().write([
      sample({ value: 10 }),
      sample({ time: START + 29 * MINUTE, value: 20 }),
      sample({ time: START + 30 * MINUTE, value: 7 }),
      sample({ sensorId: 'F2-S', phase: 'L1', value: 1 }),
    ]);
    const found = await store().aggregate({
      sensorIds: ['F1-S', 'F2-S'],
      kind: 'activePower',
      from: START,
      to: START + 60 * MINUTE,
      minutes: 30,
    });
    expect(found.toSorted((a, b) => a.start - b.start || (a.sensorId < b.sensorId ? -1 : 1))).toEqual([
      { sensorId: 'F1-S', start: START, mean: 15, minimum: 10, maximum: 20, count: 2 },
      { sensorId: 'F2-S', phase: 'L1', start: START, mean: 1, minimum: 1, maximum: 1, count: 1 },
      { sensorId: 'F1-S', start: START + 30 * MINUTE, mean: 7, minimum: 7, maximum: 7, count: 1 },
    ]);
  });

  test('late, repeated, reordered and split samples give the windows of samples in order', async () => {
    const random = seededRandom(48);
    const samples = Array.from({ length: 120 }, (_, i) =>
      sample({ time: START + (i % 60) * MINUTE, value: (i * 37) % 101, version: 1 + Math.floor(i / 60) }),
    );
    const windows = async (minutes: number) => {
      const span = { from: START, to: START + 60 * MINUTE };
      const found = await store().aggregate({ sensorIds: ['F1-S', 'F9-S'], kind: 'activePower', ...span, minutes });
      return found.map(({ start, mean, ...rest }) => ({ start, mean: Number(mean.toFixed(9)), ...rest }));
    };
    const delivered = [...samples, ...samples]
      .map((each) => ({ each, rank: random() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ each }) => each);
    for (let at = 0; at < delivered.length; at += 7) await store().write(delivered.slice(at, at + 7));
    const found = [await windows(1), await windows(15)];
    // The last version of each minute, in order.
    const last = samples.slice(60).map(({ value }) => value);
    expect(found[0]).toEqual(
      last.map((value, i) => ({
        sensorId: 'F1-S',
        start: START + i * MINUTE,
        mean: value,
        minimum: value,
        maximum: value,
        count: 1,
      })),
    );
    expect(found[1]).toEqual(
      [0, 15, 30, 45].map((from) => {
        const quarter = last.slice(from, from + 15);
        const mean = quarter.reduce((sum, value) => sum + value, 0) / 15;
        return {
          sensorId: 'F1-S',
          start: START + from * MINUTE,
          mean: Number(mean.toFixed(9)),
          minimum: Math.min(...quarter),
          maximum: Math.max(...quarter),
          count: 15,
        };
      }),
    );
  });

  test('a quote in an id is a letter like others', async () => {
    expect(await read({ sensorId: "x' OR '1'='1" })).toEqual([]);
  });
}

for (const { name, open } of testDatabases(21_110)) {
  (open ? describe : describe.skip)(`telemetry store on ${name}`, () => {
    let opened: TestDatabase;
    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
    }, 120_000);
    afterAll(() => opened.stop());
    beforeEach(async () => {
      await opened.database.query('TRUNCATE telemetry');
    });
    contract(() => postgresTelemetryStore(opened.database));
  });
}

describe('telemetry store on Timestream', () => {
  let server: Awaited<ReturnType<typeof startTimestream>>;
  let store: TelemetryStore;
  let tables = 0;

  beforeAll(async () => {
    server = await startTimestream(() => START + 90 * MINUTE);
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    tables += 1;
    const table = `telemetry-${tables}`;
    server.createTable('grid', table);
    const settings = {
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    store = timestreamTelemetryStore(
      { write: new TimestreamWriteClient(settings), query: new TimestreamQueryClient(settings) },
      { database: 'grid', table },
    );
  });
  contract(() => store);

  test('what is older than the store keeps is rejected one by one, the rest is stored', async () => {
    const rejected = await store.write([
      sample({ time: START - 400 * 24 * 60 * MINUTE }),
      sample({ time: START }),
      sample({ time: START - 401 * 24 * 60 * MINUTE }),
    ]);
    expect(rejected.map(({ index }) => index)).toEqual([0, 2]);
    expect(
      await store.read({ sensorId: 'F1-S', kind: 'activePower', from: START, to: START + 1, limit: 9 }),
    ).toHaveLength(1);
  });
});
