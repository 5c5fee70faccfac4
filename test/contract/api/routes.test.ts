import { meterRoutes } from '../../../functions/api/meters/meter-routes.ts';
import { networkRoutes } from '../../../functions/api/network/network-routes.ts';
import { putTopology } from '../../../functions/api/topology/put-topology.ts';
import { postgresMeterFactReader } from '../../../layers/adapters/postgres/meter-fact-reader.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { postgresSettlementReader } from '../../../layers/adapters/postgres/settlement-reader.ts';
import { postgresTelemetryStore } from '../../../layers/adapters/postgres/telemetry.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import type { Topology } from '../../../layers/contracts/messages/topology.ts';
import type { RegisteredFeeder, RegisteredSensor } from '../../../layers/domain/network/topology-store.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi as call, claimsFor } from '../../harness/api-events.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const HALF_HOUR = 1_800_000;
const START = Date.parse('2012-10-06T14:00:00Z');
const point = { lon: 151.2, lat: -33.8 };
const channels = [{ channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 }] as const;

const topology: Topology = {
  regions: [{ regionId: 'R1', name: 'North', timeZone: 'Australia/Sydney' }],
  substations: [{ substationId: 'S1', regionId: 'R1', name: 'Zone', ...point }],
  feeders: [
    {
      feederId: 'F1',
      substationId: 'S1',
      name: 'One',
      nominalVoltageV: 11_000,
      ratingKva: 5000,
      declaredLossPercent: 5,
      path: [
        [151.2, -33.8],
        [151.3, -33.9],
      ],
    },
  ],
  transformers: ['T1', 'T2'].map((transformerId) => ({
    transformerId,
    feederId: 'F1',
    name: transformerId,
    ratingKva: 100,
    ...point,
  })),
  usagePoints: ['U1', 'U2'].map((usagePointId, i) => ({ usagePointId, transformerId: `T${i + 1}`, ...point })),
  meters: ['m001', 'm002'].map((meterId, i) => ({
    meterId,
    usagePointId: `U${i + 1}`,
    from: new Date(START).toISOString(),
    channels: [...channels],
  })),
  sensors: [{ sensorId: 'F1-S', feederId: 'F1', name: 'Head', kinds: [{ kind: 'activePower', unit: 'kW' }] }],
};

/** Calls as somebody who may read single meters, where viewers may call too: from them two meters' energy is withheld. */
const callApi: typeof call = (handler, route, request = {}) => {
  const claims = claimsFor(route);
  if (claims?.['cognito:groups'] === 'viewer') claims['cognito:groups'] = 'analyst';
  return call(handler, route, { claims, ...request });
};

for (const { name, open } of testDatabases(21_120)) {
  (open ? describe : describe.skip)(`routes on ${name}`, () => {
    let opened: TestDatabase;
    const published: { sensors: readonly RegisteredSensor[]; feeders: readonly RegisteredFeeder[] }[] = [];
    let topologies: unknown;
    let meters: unknown;
    let network: unknown;
    const put = (body: unknown) => callApi(topologies, routesById.putTopology, { body });

    beforeAll(async () => {
      process.env.API_CLIENT_IDS = CLIENT_IDS;
      opened = await (open as () => Promise<TestDatabase>)();
      const registry = { publish: async (entries: (typeof published)[number]) => void published.push(entries) };
      topologies = apiHandler({ putTopology: putTopology({ topology: topologyWriter(opened.database), registry }) });
      const readings = postgresReadingStore(opened.database);
      const windows = postgresWindowReader(opened.database);
      const settlement = postgresSettlementReader(opened.database);
      const ports = { topology: topologyReader(opened.database), readings, windows, settlement };
      const facts = postgresMeterFactReader(opened.database);
      meters = apiHandler(meterRoutes({ ...ports, facts, registry: postgresMeterRegistry(opened.database) }));
      network = apiHandler(networkRoutes(ports));
      expect((await put(topology)).status).toBe(200);
      const { rows } = await opened.database.query(
        `SELECT meter_no FROM meter WHERE meter_id IN ('m001', 'm002') ORDER BY meter_id`,
      );
      const columns = new ReadingColumns();
      rows.forEach((row, which) => {
        for (let i = 0; i < 46; i += 1) {
          if (which === 0 && (i === 3 || i === 4)) continue;
          const start = START + i * HALF_HOUR;
          const day = Math.floor(start / DAY_MS);
          columns.push({
            meterNo: Number(row.meter_no),
            channel: 1,
            intervalMinutes: 30,
            day,
            slot: (start - day * DAY_MS) / HALF_HOUR,
            energyWh: 1000 * (which + 1),
            revision: 0,
            quality: 2,
            recordedAt: start + HALF_HOUR,
          });
        }
      });
      await readings.appendDeltas(columns);
    }, 120_000);
    afterAll(() => opened.stop());

    test('the same topology again changes nothing and publishes its sensors again', async () => {
      const { status, body } = await put(topology);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        meters: { inserted: 0, changed: 0, unchanged: 2 },
        feeders: { inserted: 0, changed: 0, unchanged: 1 },
        sensors: { inserted: 0, changed: 0, unchanged: 1 },
        sensorsPublished: 1,
      });
      expect(published.at(-1)?.feeders).toEqual([{ feederId: 'F1', name: 'One', sensorId: 'F1-S' }]);
    });

    test('every reference that leads nowhere is named, and nothing is imported', async () => {
      const { status, body } = await put({
        regions: [{ regionId: 'R9', name: 'New', timeZone: 'UTC' }],
        transformers: [{ transformerId: 'T9', feederId: 'F9', name: 'T9', ratingKva: 1, ...point }],
        usagePoints: [{ usagePointId: 'U9', transformerId: 'T8', ...point }],
      });
      expect(status).toBe(422);
      expect((body.violations as { path: string }[]).map(({ path }) => path)).toEqual([
        'body.transformers[0].feederId',
        'body.usagePoints[0].transformerId',
      ]);
      const { rows } = await opened.database.query(`SELECT 1 FROM region WHERE region_id = 'R9'`);
      expect(rows).toEqual([]);
    });

    test('readings in pages, with their gaps', async () => {
      const query = {
        from: new Date(START).toISOString(),
        to: new Date(START + 4 * HALF_HOUR * 2).toISOString(),
        limit: '4',
      };
      const first = await callApi(meters, routesById.getMeterReadings, { params: { meterId: 'm001' }, query });
      expect(first.status).toBe(200);
      expect(first.body).toMatchObject({ unit: 'kWh', intervalMinutes: 30 });
      const starts = (body: Record<string, unknown>) =>
        (body.intervals as { start: string }[]).map(({ start }) => (Date.parse(start) - START) / HALF_HOUR);
      expect(starts(first.body)).toEqual([0, 1, 2, 5]);
      expect(first.body.gaps).toEqual([
        { start: '2012-10-06T15:30:00.000Z', end: '2012-10-06T16:30:00.000Z', reason: 'missing' },
      ]);
      const second = await callApi(meters, routesById.getMeterReadings, {
        params: { meterId: 'm001' },
        query: { ...query, cursor: String(first.body.next) },
      });
      expect([starts(second.body), second.body.gaps, second.body.next]).toEqual([[6, 7], [], null]);
    });

    test.each([
      ['getMeterConsumption', { meterId: 'm001' }, 44, 46, 44],
      ['getTransformerConsumption', { transformerId: 'T2' }, 92, 46, 46],
      ['getFeederConsumption', { feederId: 'F1' }, 136, 92, 90],
      ['getRegionConsumption', { regionId: 'R1' }, 136, 92, 90],
      ['getSystemConsumption', {}, 136, 92, 90],
    ] as const)('%s of the day of 23 hours', async (route, params, value, intervalsExpected, intervalsPresent) => {
      const handler = route === 'getMeterConsumption' ? meters : network;
      const { status, body } = await callApi(handler, routesById[route], {
        params,
        query: {
          granularity: 'day',
          tz: 'Australia/Sydney',
          from: '2012-10-07T00:00:00+10:00',
          to: '2012-10-08T00:00:00+11:00',
        },
      });
      expect(status).toBe(200);
      expect(body.periods).toEqual([
        {
          start: '2012-10-06T14:00:00.000Z',
          end: '2012-10-07T13:00:00.000Z',
          value,
          intervalsExpected,
          intervalsPresent,
          estimatedShare: 0,
        },
      ]);
    });

    test.each([
      ['getMeterWindows', { meterId: 'm001' }, 44, 46, 44, 2, 2],
      ['getTransformerWindows', { transformerId: 'T2' }, 92, 46, 46, 4, 4],
      ['getFeederWindows', { feederId: 'F1' }, 136, 92, 90, 4, 6],
      ['getRegionWindows', { regionId: 'R1' }, 136, 92, 90, 4, 6],
      ['getSystemWindows', {}, 136, 92, 90, 4, 6],
    ] as const)(
      '%s of the day of 23 hours, in the zone of the region',
      async (route, params, sum, expected, present, maximum, peak) => {
        const handler = route === 'getMeterWindows' ? meters : network;
        const ask = (query: Record<string, string>) =>
          callApi(handler, routesById[route], {
            params,
            query: { from: '2012-10-07T05:00:00+11:00', to: '2012-10-07T06:00:00+11:00', ...query },
          });
        const { status, body } = await ask({ size: '1d' });
        expect(status).toBe(200);
        expect(body).toMatchObject({ timeZone: 'Australia/Sydney', energyUnit: 'kWh', powerUnit: 'kW', next: null });
        expect(body.windows).toEqual([
          {
            start: '2012-10-06T14:00:00.000Z',
            end: '2012-10-07T13:00:00.000Z',
            sum,
            mean: sum / (present / 2),
            minimum: route === 'getTransformerWindows' ? 4 : 2,
            maximum,
            peak,
            intervalsExpected: expected,
            intervalsPresent: present,
            completeness: present / expected,
            estimatedShare: 0,
          },
        ]);
        const hours = (await ask({ size: '1h', to: '2012-10-07T08:00:00+11:00', limit: '2' })).body;
        expect(hours.windows).toHaveLength(2);
        const rest = (await ask({ size: '1h', to: '2012-10-07T08:00:00+11:00', cursor: String(hours.next) })).body;
        expect([rest.windows, rest.next]).toMatchObject([[{ start: '2012-10-06T20:00:00.000Z' }], null]);
        // Half hours are not cut into quarters.
        const quarters = (await ask({ size: '15m' })).body;
        expect(quarters.leftOutIntervalMinutes).toEqual([30]);
        expect(quarters.windows).toHaveLength(4);
        expect(quarters.windows).toContainEqual(expect.objectContaining({ sum: null, intervalsExpected: 0 }));
      },
    );

    test('loading of a transformer, and of all of them at an instant', async () => {
      const query = { from: new Date(START).toISOString(), to: new Date(START + 2 * HALF_HOUR).toISOString() };
      const { body } = await callApi(network, routesById.getTransformerLoading, {
        params: { transformerId: 'T2' },
        query,
      });
      const [interval] = body.intervals as { loadKva: number; band: string; metersPresent: number }[];
      expect(interval?.loadKva).toBeCloseTo(4 / 0.95, 9);
      expect(interval).toMatchObject({ band: 'normal', metersPresent: 1 });
      expect(body.intervals).toHaveLength(2);
      const all = await callApi(network, routesById.getNetworkLoading, {
        query: { at: new Date(START + 5 * HALF_HOUR).toISOString() },
      });
      expect(all.body.transformers).toMatchObject([
        { transformerId: 'T1', start: '2012-10-06T15:00:00.000Z' },
        { transformerId: 'T2', start: '2012-10-06T16:00:00.000Z' },
      ]);
    });

    test('losses of a feeder by what is declared of it, and by its head where that is measured', async () => {
      const ask = async (handler: unknown) => {
        const params = { feederId: 'F1' };
        const query = {
          granularity: 'day',
          tz: 'Australia/Sydney',
          from: new Date(START).toISOString(),
          to: new Date(START + 4 * HALF_HOUR).toISOString(),
        };
        const { status, body } = await callApi(handler, routesById.getFeederLosses, { params, query });
        expect(status).toBe(200);
        return body as { headSensorId: string; periods: Record<string, number | string | null>[] };
      };
      const declared = await ask(network);
      expect(declared).toMatchObject({ headSensorId: 'F1-S', declaredLossPercent: 5 });
      const [day] = declared.periods;
      expect(day).toMatchObject({ basis: 'declared', exported: 0 });
      const consumed = Number(day?.consumed);
      // 1 + 2 kWh in three of the four half hours; of the fourth one meter is missing.
      expect([consumed, day?.intervalsCounted, day?.intervalsExpected]).toEqual([9, 3, 4]);
      expect(day?.loss).toBeCloseTo((consumed * 5) / 95, 3);
      // 6.4 kW through the head: 3.2 kWh in each half hour.
      const telemetry = postgresTelemetryStore(opened.database);
      const sample = { sensorId: 'F1-S', feederId: 'F1', kind: 'activePower', value: 6.4, version: 1 } as const;
      await telemetry.write([0, 1, 2, 3].map((n) => ({ ...sample, time: START + n * HALF_HOUR })));
      const ports = { topology: topologyReader(opened.database), windows: postgresWindowReader(opened.database) };
      const [measured] = (await ask(apiHandler(networkRoutes({ ...ports, telemetry })))).periods;
      expect(measured).toMatchObject({ basis: 'measured', consumed, entered: 9.6, loss: 0.6, intervalsCounted: 3 });
    });

    test('lists, one of them, the network, and what is not there', async () => {
      const page = await callApi(meters, routesById.listMeters, { query: { limit: '1' } });
      expect(page.body.items).toMatchObject([
        { meterId: 'm001', transformerId: 'T1', feederId: 'F1', serviceTo: null },
      ]);
      const rest = await callApi(meters, routesById.listMeters, { query: { cursor: String(page.body.next) } });
      expect([rest.body.items, rest.body.next]).toMatchObject([[{ meterId: 'm002' }], null]);
      expect((await callApi(meters, routesById.getMeter, { params: { meterId: 'm009' } })).status).toBe(404);
      const { status, body } = await callApi(network, routesById.getNetwork);
      expect(status).toBe(200);
      expect(body.feeders).toMatchObject([
        {
          sensorId: 'F1-S',
          path: [
            { lat: -33.8, lon: 151.2 },
            { lat: -33.9, lon: 151.3 },
          ],
        },
      ]);
      for (const [id, params] of [
        ['getFeederConsumption', { feederId: 'F9' }],
        ['getFeederLosses', { feederId: 'F9' }],
        ['getTransformerLoading', { transformerId: 'T9' }],
      ] as const) {
        expect((await callApi(network, routesById[id], { params })).status).toBe(404);
      }
    });

    test('a meter that moves keeps its past where it was', async () => {
      const moved = START + 10 * HALF_HOUR;
      const meter = {
        meterId: 'm002',
        usagePointId: 'U1',
        from: new Date(moved).toISOString(),
        channels: [...channels],
      };
      expect((await put({ meters: [meter] })).body).toMatchObject({
        meters: { inserted: 0, changed: 1, unchanged: 0 },
      });
      expect((await put({ meters: [meter] })).body).toMatchObject({
        meters: { inserted: 0, changed: 0, unchanged: 1 },
      });
      const query = {
        granularity: 'day',
        from: new Date(START).toISOString(),
        to: new Date(START + 46 * HALF_HOUR).toISOString(),
        tz: 'Australia/Sydney',
      };
      const { body } = await callApi(network, routesById.getTransformerConsumption, {
        params: { transformerId: 'T2' },
        query,
      });
      expect(body.periods).toMatchObject([{ value: 20, intervalsExpected: 10 }]);
      expect((await put(topology)).body).toMatchObject({ meters: { changed: 0, unchanged: 2 } });
    });
  });
}
