import { meterRoutes } from '../../../functions/api/meters/meter-routes.ts';
import { postgresMeterFactReader } from '../../../layers/adapters/postgres/meter-fact-reader.ts';
import { postgresMeterFacts } from '../../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { postgresSettlementReader } from '../../../layers/adapters/postgres/settlement-reader.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import type { QuarantinedMessage } from '../../../layers/contracts/messages/quarantined-message.ts';
import type { Topology } from '../../../layers/contracts/messages/topology.ts';
import { storeReadings } from '../../../layers/domain/readings/store-readings.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi } from '../../harness/api-events.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const place = { lon: 151, lat: -33 };
const channel = { channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 } as const;
const register = (digits: number) => ({ digits, resolution: 0.01 });

const network: Topology = {
  regions: [{ regionId: 'R', name: 'Region', timeZone: 'Australia/Sydney' }],
  substations: [{ substationId: 'S', regionId: 'R', name: 'Substation', ...place }],
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
      ],
    },
  ],
  transformers: [{ transformerId: 'T', feederId: 'F', name: 'Transformer', ratingKva: 100, ...place }],
  usagePoints: [{ usagePointId: 'U', transformerId: 'T', ...place, serviceRatingKva: 15 }],
  concentrators: [{ concentratorId: 'c01', name: 'Pole 7' }],
};
/** The meter is exchanged, and read over other transformers, from 1 June. */
const installed = [
  {
    from: '2025-01-01T00:00:00Z',
    serial: 'A1',
    concentratorId: 'c01',
    channels: [{ ...channel, multiplier: 40, register: register(5) }],
  },
  {
    from: '2025-06-01T00:00:00Z',
    serial: 'B2',
    concentratorId: 'c01',
    channels: [{ ...channel, multiplier: 60, register: register(6) }],
  },
].map((installation) => ({ meterId: 'm1', usagePointId: 'U', ...installation }));

const read = { meterId: 'm1', channel: 'activeEnergyImport', unit: 'kWh' };

for (const { name, open } of testDatabases(21_160)) {
  (open ? describe : describe.skip)(`register reads and events on ${name}`, () => {
    let opened: TestDatabase;
    let meters: unknown;
    let poison: QuarantinedMessage[] = [];
    let publish: (topic: string, payload: unknown) => Promise<string[]>;
    const imported = (topology: Topology) => topologyWriter(opened.database).importTopology(topology);
    const reads = async (query: Record<string, string> = {}) =>
      (await callApi(meters, routesById.getMeterRegisters, { params: { meterId: 'm1' }, query: { ...year, ...query } }))
        .body as { reads: Record<string, unknown>[]; next: string | null };
    const year = { from: '2025-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' };

    beforeAll(async () => {
      process.env.API_CLIENT_IDS = CLIENT_IDS;
      opened = await (open as () => Promise<TestDatabase>)();
      const { database } = opened;
      await imported(network);
      for (const meter of installed) await imported({ meters: [meter as NonNullable<Topology['meters']>[number]] });
      const registry = postgresMeterRegistry(database);
      const store = storeReadings({
        readings: postgresReadingStore(database),
        facts: postgresMeterFacts(database),
        registry,
        quarantine: { put: async (messages) => void poison.push(...messages) },
        clock: () => NOW,
      });
      publish = async (topic, payload) => {
        poison = [];
        const bytes = Buffer.from(JSON.stringify(payload)).toString('base64');
        const envelope = { payload: bytes, topic, clientId: 'c', receivedAt: NOW, traceId: 't' };
        await store([Buffer.from(JSON.stringify(envelope))]);
        return poison.flatMap(({ reasons }) => reasons.map(({ code, path }) => `${code} ${path}`));
      };
      const readings = postgresReadingStore(database);
      const facts = postgresMeterFactReader(database);
      const windows = postgresWindowReader(database);
      const settlement = postgresSettlementReader(database);
      meters = apiHandler(
        meterRoutes({ topology: topologyReader(database), readings, facts, registry, windows, settlement }),
      );
    }, 120_000);
    afterAll(() => opened.stop());

    test('an import again changes nothing; another multiplier does', async () => {
      const meter = installed[1] as NonNullable<Topology['meters']>[number];
      const changes = async (topology: Topology) => {
        const outcome = await imported(topology);
        return 'changes' in outcome ? [outcome.changes.meters, outcome.changes.concentrators] : outcome.dangling;
      };
      const same = { inserted: 0, changed: 0, unchanged: 1 };
      expect(await changes({ ...network, meters: [meter] })).toEqual([same, same]);
      const dated = [{ ...channel, multiplier: 61, register: register(6) }];
      const changed = { inserted: 0, changed: 1, unchanged: 0 };
      expect((await changes({ meters: [{ ...meter, channels: dated }] }))[0]).toEqual(changed);
      expect((await changes({ meters: [meter] }))[0]).toEqual(changed);
      expect(await changes({ meters: [{ ...meter, concentratorId: 'c09' }] })).toMatchObject([{ id: 'c09' }]);
    });

    test('a read by OBIS code, with what the topology dates; a repeated one is one', async () => {
      const byCode = {
        meterId: 'm1',
        obis: '1-0:1.8.0*255',
        unit: 'kWh',
        time: '2025-05-01T00:00:00Z',
        value: 99_999.25,
      };
      for (let i = 0; i < 2; i++) expect(await publish('meters/m1/register-reads', [byCode, byCode])).toEqual([]);
      const { reads: found } = await reads();
      expect(found).toEqual([
        {
          time: '2025-05-01T00:00:00.000Z',
          value: 99_999.25,
          version: 0,
          reason: 'scheduled',
          serial: null,
          multiplier: 40,
          digits: 5,
          recordedAt: new Date(NOW).toISOString(),
        },
      ]);
    });

    test('an exchange: the last read of the old register and the first of the new one at one instant', async () => {
      const time = '2025-06-01T00:00:00Z';
      const final = { ...read, time, value: 12, reason: 'exchange-final', register: { serial: 'A1', multiplier: 40 } };
      const initial = { ...read, time, value: 0, reason: 'exchange-initial', register: { serial: 'B2', digits: 6 } };
      expect(await publish('concentrators/c01/register-reads', [initial, final])).toEqual([]);
      const { reads: found } = await reads({ from: time });
      expect(found.map((each) => [each.value, each.serial, each.multiplier, each.digits])).toEqual([
        [0, 'B2', 60, 6],
        [12, 'A1', 40, 5],
      ]);
      const seen: unknown[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof reads>> = await reads({
          limit: '1',
          ...(cursor === null ? {} : { cursor }),
        });
        seen.push(...page.reads.map(({ value }) => value));
        cursor = page.next;
      } while (cursor !== null);
      expect(seen).toEqual([99_999.25, 0, 12]);
    });

    test.each([
      ['another multiplier', { register: { multiplier: 60 } }, ['WRONG_MULTIPLIER register.multiplier']],
      ['other digits', { register: { digits: 6 } }, ['WRONG_DIGITS register.digits']],
      ['more digits than there are', { value: 100_000 }, ['OUT_OF_RANGE value']],
      ['a reason of nobody', { reason: 'whim' }, ['WRONG_TYPE reason']],
      ['the channel twice', { obis: '1-0:1.8.0' }, ['UNKNOWN_FIELD obis']],
      ['a code of no channel', { channel: undefined, obis: '1-0:1.7.0' }, ['UNKNOWN_CHANNEL obis']],
      ['no channel', { channel: undefined }, ['MISSING_FIELD channel']],
      ['a multiplier of zero', { register: { multiplier: 0 } }, ['NEGATIVE register.multiplier']],
    ])('%s goes to quarantine', async (_, fault, reasons) => {
      const message = { ...read, time: '2025-05-02T00:00:00Z', value: 1, ...fault };
      expect(await publish('meters/m1/register-reads', message)).toEqual(reasons);
    });

    test('a concentrator speaks for its own meters only', async () => {
      const event = { meterId: 'm1', time: '2025-07-01T00:00:00Z', event: 'LAST_GASP' };
      const interval = { ...read, intervalMinutes: 30, start: '2025-07-01T00:00:00Z', value: 0.5 };
      for (const [kind, message] of [
        ['meter-events', event],
        ['interval-readings', interval],
        ['register-reads', { ...read, time: '2025-07-01T00:00:00Z', value: 20 }],
      ] as const) {
        expect(await publish(`concentrators/c02/${kind}`, message)).toEqual(['WRONG_CONCENTRATOR meterId']);
        expect(await publish(`concentrators/c01/${kind}`, message)).toEqual([]);
      }
      const answer = await callApi(meters, routesById.getMeterEvents, { params: { meterId: 'm1' }, query: year });
      expect(answer.body.events).toEqual([
        { time: '2025-07-01T00:00:00.000Z', event: 'LAST_GASP', recordedAt: new Date(NOW).toISOString() },
      ]);
      const none = { ...year, event: 'POWER_RETURNED' };
      const filtered = await callApi(meters, routesById.getMeterEvents, { params: { meterId: 'm1' }, query: none });
      expect(filtered.body).toMatchObject({ events: [], next: null });
    });
  });
}
