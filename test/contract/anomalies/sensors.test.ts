import { TimestreamQueryClient } from '@aws-sdk/client-timestream-query';
import { TimestreamWriteClient } from '@aws-sdk/client-timestream-write';
import { postgresAnomalyInbox } from '../../../layers/adapters/postgres/anomaly-inbox.ts';
import { postgresSensorDirectory, postgresSensorScoring } from '../../../layers/adapters/postgres/sensor-scoring.ts';
import { postgresTelemetryStore } from '../../../layers/adapters/postgres/telemetry.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { timestreamTelemetryStore } from '../../../layers/adapters/timestream/telemetry-store.ts';
import { DEFAULT_ANOMALY_SETTINGS } from '../../../layers/contracts/anomalies/settings.ts';
import type { StoredAnomaly } from '../../../layers/domain/anomalies/anomaly.ts';
import { scoreSensors } from '../../../layers/domain/anomalies/score-sensors.ts';
import { scoreSeries } from '../../../layers/domain/anomalies/score-series.ts';
import { nextWindows } from '../../../layers/domain/anomalies/sensor-windows.ts';
import type { Sample, TelemetryStore } from '../../../layers/domain/telemetry/telemetry-store.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';
import { seededRandom } from '../../harness/seeded-random.ts';
import { smallGrid } from '../../harness/small-grid.ts';
import { startTimestream } from '../../harness/timestream-server.ts';

const MINUTE = 60_000;
const TEN = 10 * MINUTE;
const DAY = 144;
const START = Date.parse('2026-02-02T00:00:00Z');
const DAYS = 20;
/** A voltage that sags for an hour, and one that rises for ten minutes. */
const SAG = 17 * DAY + 30;
const RISE = 18 * DAY + 100;

const loadAt = (index: number): number => Math.sin((2 * Math.PI * index) / DAY) ** 2;
/** Volts of two sensors every five minutes: they follow the load, with noise. */
const voltageOf = (seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: 2 * DAYS * DAY }, (_, n) => {
    const index = n >> 1;
    const usual = 6350 - 40 * loadAt(index) + 4 * (random() + random() + random() - 1.5);
    if (seed !== 1) return usual;
    if (index >= SAG && index < SAG + 6) return usual - 600;
    return index === RISE ? usual + 500 : usual;
  });
};
const VOLTAGES = [1, 2].map(voltageOf);

interface Given {
  sensor: number;
  n: number;
  value?: number;
  version?: number;
}
const sampleOf = ({ sensor, n, value, version = 1 }: Given): Sample => ({
  sensorId: `F${sensor}-S`,
  feederId: `F${sensor}`,
  kind: 'voltage',
  phase: 'L1',
  time: START + n * 5 * MINUTE,
  value: value ?? (VOLTAGES[sensor - 1]?.[n] as number),
  version,
});
const samplesOf = (sensor: number, from = 0, to = 2 * DAYS * DAY): Given[] =>
  Array.from({ length: to - from }, (_, n) => ({ sensor, n: from + n }));

const { leastSurprise } = DEFAULT_ANOMALY_SETTINGS;
const told = ({ entity, quantity, phase, since, until, ongoing, signal, direction, score }: StoredAnomaly) =>
  [entity.kind, entity.id, quantity, phase, since, until, ongoing, signal, direction, score.toFixed(9)].join(' ');

/** What a tracker says that sees every window in order, once. */
const oracle = (): string[] =>
  [1, 2]
    .flatMap((sensor) => {
      const voltage = VOLTAGES[sensor - 1] as number[];
      const readings = Array.from({ length: DAYS * DAY }, (_, window) => ({
        at: START + window * TEN,
        end: START + (window + 1) * TEN,
        value: ((voltage[2 * window] as number) + (voltage[2 * window + 1] as number)) / 2,
      }));
      const entity = { kind: 'sensor' as const, id: `F${sensor}-S` };
      return scoreSeries(readings, {
        subject: { entity, quantity: 'voltage', phase: 'L1' },
        unit: 'V',
        tracker: { timeZone: 'Australia/Sydney', leastSpread: 0.0005 },
        leastSurprise,
        before: undefined,
        from: START,
        keepTo: START,
      }).found;
    })
    .filter(({ recorded }) => recorded)
    .map((found) => told(found as unknown as StoredAnomaly))
    .sort();

for (const { name, open } of testDatabases(21_310)) {
  (open ? describe : describe.skip)(`scoring of sensors on ${name}`, () => {
    let opened: TestDatabase;

    const telemetry = (): TelemetryStore => postgresTelemetryStore(opened.database);
    const write = (given: readonly Given[]) => telemetry().write(given.map(sampleOf));
    const scoring = () =>
      scoreSensors({
        store: postgresSensorScoring(opened.database),
        settings: async () => DEFAULT_ANOMALY_SETTINGS,
        clock: () => START + DAYS * 86_400_000,
      });
    const run = async (now = START + DAYS * 86_400_000, from: TelemetryStore = telemetry()) => {
      const sensors = await postgresSensorDirectory(opened.database).sensors();
      return scoring()(await nextWindows(from, sensors, now));
    };
    const all = (over: { status?: StoredAnomaly['status']; sensorId?: string } = {}) => {
      const range = { from: 0, to: START + 1000 * 86_400_000 };
      const page = { order: 'since' as const, now: range.to, skip: 0, limit: 1000 };
      return postgresAnomalyInbox(opened.database).list({ ...range, ...page, ...over });
    };

    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
      await topologyWriter(opened.database).importTopology({
        ...smallGrid('2025-01-01T00:00:00Z'),
        sensors: [1, 2].map((sensor) => ({
          sensorId: `F${sensor}-S`,
          feederId: `F${sensor}`,
          name: `Feeder ${sensor}`,
          kinds: [{ kind: 'voltage', unit: 'V', phases: ['L1', 'L2', 'L3'] }],
        })),
      });
    }, 120_000);
    afterAll(() => opened.stop());
    beforeEach(() =>
      opened.database.query('TRUNCATE anomaly, anomaly_label, anomaly_snooze, sensor_tracker, telemetry'),
    );

    test('a sag and a rise are found, once, with phase, band, since and how unusual; a second run changes nothing', async () => {
      await write([...samplesOf(1), ...samplesOf(2)]);
      expect(await run()).toMatchObject({ withdrawn: 0 });
      const found = await all();
      expect(found.map(told).sort()).toEqual(oracle());
      const sag = found.find(({ since }) => since === START + SAG * TEN);
      expect(sag).toMatchObject({
        entity: { kind: 'sensor', id: 'F1-S' },
        phase: 'L1',
        unit: 'V',
        direction: 'low',
        ongoing: false,
        source: 'stream',
      });
      expect(sag?.expected?.low).toBeGreaterThan(6290);
      expect(sag?.expected?.high).toBeLessThan(6365);
      const rise = found.find(({ peakAt }) => peakAt === START + RISE * TEN);
      expect(rise).toMatchObject({ direction: 'high', entity: { id: 'F1-S' } });
      expect(rise?.surprise).toBeGreaterThanOrEqual(leastSurprise);
      expect((await all({ sensorId: 'F1-S' })).map(({ entity }) => entity.id)).toContain('F1-S');
      expect(await all({ sensorId: 'F3-S' })).toEqual([]);
      expect(await run()).toEqual({ found: 0, withdrawn: 0 });
      expect((await all()).map(told).sort()).toEqual(oracle());
    });

    test.each([1, 2, 3])(
      'late, repeated and out of order within a day, in many runs: as if in order, once (seed %d)',
      async (seed) => {
        const random = seededRandom(seed);
        await write([1, 2].flatMap((sensor) => samplesOf(sensor, 0, 2 * 16 * DAY)));
        await run(START + 16 * DAY * TEN);
        // Each comes up to a day late, and some come twice.
        const arrivals = [1, 2]
          .flatMap((sensor) => samplesOf(sensor, 2 * 16 * DAY))
          .flatMap((sample) => (random() < 0.2 ? [sample, sample] : [sample]))
          .map((sample) => ({ sample, at: sample.n + random() * (2 * DAY - 14) }))
          .sort((a, b) => a.at - b.at);
        for (let from = 0; from < arrivals.length; ) {
          const count = 1 + Math.floor(random() * 300);
          await write(arrivals.slice(from, from + count).map(({ sample }) => sample));
          from += count;
          await run();
        }
        await run();
        expect((await all({ status: 'open' })).map(told).sort()).toEqual(oracle());
      },
    );

    test('a run that dies before it commits leaves nothing, and the next does its work', async () => {
      await write([...samplesOf(1), ...samplesOf(2)]);
      const store = postgresSensorScoring(opened.database);
      const dying = scoreSensors({
        store: {
          transaction: (work) =>
            store.transaction(async (step) => {
              await work(step);
              throw new Error('killed');
            }),
        },
        settings: async () => DEFAULT_ANOMALY_SETTINGS,
        clock: () => START,
      });
      const sensors = await postgresSensorDirectory(opened.database).sensors();
      await expect(dying(await nextWindows(telemetry(), sensors, START + DAYS * DAY * TEN))).rejects.toThrow('killed');
      expect(await all()).toEqual([]);
      await run();
      expect((await all()).map(told).sort()).toEqual(oracle());
    });

    test('runs side by side give what one gives', async () => {
      await write([...samplesOf(1), ...samplesOf(2)]);
      await Promise.all(Array.from({ length: Math.min(3, opened.sessions) }, () => run()));
      expect((await all()).map(told).sort()).toEqual(oracle());
    });

    test('a corrected sample withdraws its anomaly', async () => {
      await write(samplesOf(1, 0, 2 * (RISE + 20)));
      await run(START + (RISE + 20) * TEN);
      const risen = (await all({ status: 'open' })).find(({ peakAt }) => peakAt === START + RISE * TEN);
      expect(risen).toBeDefined();
      const usual = VOLTAGES[1] as number[];
      await write(
        [0, 1].map((half) => ({ sensor: 1, n: 2 * RISE + half, value: usual[2 * RISE + half], version: 2 }) as Given),
      );
      const { withdrawn } = await run(START + (RISE + 20) * TEN);
      expect(withdrawn).toBeGreaterThanOrEqual(1);
      expect((await all({ status: 'withdrawn' })).map(({ anomalyId }) => anomalyId)).toContain(risen?.anomalyId);
    });

    test('years of samples are worked off in spans, wherever they begin', async () => {
      const early = Date.parse('2019-03-05T00:00:00Z');
      const late = Date.parse('2021-07-01T00:00:00Z');
      const at = (from: number) =>
        Array.from({ length: DAY }, (_, n) => ({ ...sampleOf({ sensor: 1, n }), time: from + n * TEN }));
      await telemetry().write([...at(early), ...at(late)]);
      const stood: number[] = [];
      for (let runs = 0; runs < 4; runs++) {
        await run();
        const { rows } = await opened.database.query(
          'SELECT (extract(epoch FROM scored_to) * 1000)::float8 AS at FROM sensor_tracker',
        );
        expect(rows).toHaveLength(1);
        stood.push(Number(rows[0]?.at));
      }
      expect(stood[0]).toBeGreaterThan(early);
      expect(stood[0]).toBeLessThan(late);
      expect(stood.at(-1)).toBeGreaterThanOrEqual(late);
    });

    test('Timestream gives the same windows as PostgreSQL', async () => {
      // Within what it keeps in memory, so that nothing waits for the magnetic store.
      const server = await startTimestream(() => START + DAY * TEN);
      const settings = {
        endpoint: server.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 's' },
      };
      const write = new TimestreamWriteClient(settings);
      const query = new TimestreamQueryClient(settings);
      try {
        server.createTable('grid', 'telemetry');
        const inTimestream = timestreamTelemetryStore({ write, query }, { database: 'grid', table: 'telemetry' });
        const given = samplesOf(1, 0, 2 * DAY).map(sampleOf);
        await inTimestream.write(given);
        await telemetry().write(given);
        const sensors = await postgresSensorDirectory(opened.database).sensors();
        const now = START + DAY * TEN;
        const [theirs, ours] = [
          await nextWindows(inTimestream, sensors, now),
          await nextWindows(telemetry(), sensors, now),
        ];
        expect(ours.series[0]?.windows).toHaveLength(DAY);
        expect(theirs.series).toEqual(ours.series);
      } finally {
        write.destroy();
        query.destroy();
        await server.stop();
      }
    });
  });
}
