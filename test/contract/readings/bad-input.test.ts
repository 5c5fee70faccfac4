import { postgresMeterFacts } from '../../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import type { QuarantinedMessage } from '../../../layers/contracts/messages/messages.ts';
import { storeReadings } from '../../../layers/domain/readings/store-readings.ts';
import { BAD_CLASSES } from '../../e2e/bad-messages.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const EACH = 200;
const GOOD_PER_BAD = 9;
const BATCH = 500;
const METERS = ['m001', 'm002', 'm003', 'm004'];
const FIRST = Date.parse('2013-06-01T00:00:00Z');
const NOW = Date.parse('2026-01-01T00:00:00Z');

const topology = {
  regions: [{ regionId: 'R', name: 'Region', timeZone: 'Australia/Sydney' }],
  substations: [{ substationId: 'S', regionId: 'R', name: 'Substation', lon: 151, lat: -33 }],
  feeders: [
    {
      feederId: 'F',
      substationId: 'S',
      name: 'Feeder',
      nominalVoltageV: 11_000,
      ratingKva: 500,
      path: [
        [151, -33],
        [151.1, -33],
      ] as [number, number][],
    },
  ],
  transformers: [{ transformerId: 'T', feederId: 'F', name: 'Transformer', ratingKva: 100, lon: 151, lat: -33 }],
  usagePoints: METERS.map((id) => ({ usagePointId: `U-${id}`, transformerId: 'T', lon: 151, lat: -33 })),
  meters: METERS.map((meterId) => ({
    meterId,
    usagePointId: `U-${meterId}`,
    from: '2012-01-01T00:00:00Z',
    channels: [{ channel: 'activeEnergyImport' as const, unit: 'kWh' as const, intervalMinutes: 30 as const }],
  })),
};

const record = (meterId: string, payload: Buffer, traceId: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      payload: payload.toString('base64'),
      topic: `meters/${meterId}/interval-readings`,
      clientId: meterId,
      receivedAt: NOW,
      traceId,
    }),
  );

const [embedded] = testDatabases(21_020);

describe(`${BAD_CLASSES.length} classes of bad input × ${EACH}, one in ten among good readings`, () => {
  let opened: TestDatabase;
  const quarantine = new Map<string, QuarantinedMessage>();
  let readings: ReturnType<typeof postgresReadingStore>;
  let good = 0;

  beforeAll(async () => {
    if (embedded?.open === undefined) throw new Error('no database to test on');
    opened = await embedded.open();
    await topologyWriter(opened.database).importTopology(topology);
    readings = postgresReadingStore(opened.database);
    const store = storeReadings({
      readings,
      facts: postgresMeterFacts(opened.database),
      registry: postgresMeterRegistry(opened.database),
      quarantine: {
        put: async (messages) => {
          for (const message of messages) quarantine.set(message.id, message);
        },
      },
      clock: () => NOW,
    });
    let batch: Buffer[] = [];
    const flush = async () => {
      await store(batch);
      batch = [];
    };
    for (let n = 0; n < EACH; n++) {
      for (const { name, payload } of BAD_CLASSES) {
        const meterId = METERS[n % METERS.length] ?? '';
        batch.push(record(meterId, payload(n, meterId), `${name} ${n}`));
        for (let i = 0; i < GOOD_PER_BAD; i++, good++) {
          const owner = METERS[good % METERS.length] ?? '';
          const start = new Date(FIRST + Math.floor(good / METERS.length) * 1_800_000).toISOString();
          const text = `{"meterId":"${owner}","channel":"activeEnergyImport","unit":"kWh","intervalMinutes":30,"start":"${start}","value":${(good % 1000) / 1000}}`;
          batch.push(record(owner, Buffer.from(text), `good ${good}`));
        }
        if (batch.length >= BATCH) await flush();
      }
    }
    await flush();
  }, 240_000);

  afterAll(() => opened.stop());

  test('there are at least 25 classes', () => expect(BAD_CLASSES.length).toBeGreaterThanOrEqual(25));

  test.each(BAD_CLASSES.map(({ name, reason }) => [name, reason] as const))(
    '%s: every one in quarantine as %s',
    (name, reason) => {
      const found = [...quarantine.values()].filter(({ traceId }) => traceId.replace(/ \d+$/, '') === name);
      expect(found).toHaveLength(EACH);
      expect(
        new Set(
          found
            .map(({ reasons }) => reasons.map(({ code }) => code))
            .filter((codes) => !codes.includes(reason))
            .map(String),
        ),
      ).toEqual(new Set());
    },
  );

  test('no good one is lost and no bad one accepted', async () => {
    expect([...quarantine.values()].filter(({ traceId }) => traceId.startsWith('good'))).toEqual([]);
    let stored = 0;
    const registry = await postgresMeterRegistry(opened.database).find(METERS);
    for (const [m, meterId] of METERS.entries()) {
      const meterNo = registry.get(meterId)?.meterNo ?? -1;
      const found = await readings.readIntervals({
        meterNo,
        channel: 1,
        from: Date.parse('1970-01-01'),
        to: Date.parse('2999-12-31'),
      });
      const values = [...found].map((each) => each.energyWh);
      const expected = Array.from({ length: good }, (_, i) => i).filter((i) => i % METERS.length === m);
      expect(values).toEqual(expected.map((i) => i % 1000));
      stored += values.length;
    }
    expect(stored).toBe(good);
  });
});
