import { networkRoutes } from '../../../functions/api/network/network-routes.ts';
import { editRoutes } from '../../../functions/api/reading-edits/edit-routes.ts';
import { postgresEditStore } from '../../../layers/adapters/postgres/edit-store.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { postgresWindowAggregation } from '../../../layers/adapters/postgres/window-aggregation.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import type { AuditRecord } from '../../../layers/domain/audit/audit-log.ts';
import { dayOf } from '../../../layers/domain/readings/calendar-day.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';
import { aggregateWindows } from '../../../layers/domain/windows/aggregate-windows.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi, claimsFor } from '../../harness/api-events.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const DAY_START = Date.parse('2026-03-04T00:00:00Z');
const HALF_HOUR = 1_800_000;
const point = { lon: 151.2, lat: -33.8 };
const channels = [{ channel: 'activeEnergyImport' as const, unit: 'kWh' as const, intervalMinutes: 30 as const }];
const topology = {
  regions: [{ regionId: 'R', name: 'Region', timeZone: 'UTC' }],
  substations: [{ substationId: 'S', regionId: 'R', name: 'Substation', ...point }],
  feeders: [
    {
      feederId: 'F',
      substationId: 'S',
      name: 'F',
      nominalVoltageV: 11_000,
      ratingKva: 500,
      path: [
        [151, -33],
        [151.1, -33],
      ] as [number, number][],
    },
  ],
  transformers: [{ transformerId: 'T', feederId: 'F', name: 'T', ratingKva: 100, ...point }],
  usagePoints: ['m1', 'm2'].map((id) => ({ usagePointId: `U-${id}`, transformerId: 'T', ...point })),
  meters: ['m1', 'm2'].map((meterId) => ({
    meterId,
    usagePointId: `U-${meterId}`,
    from: '2020-01-01T00:00:00Z',
    channels,
  })),
};

for (const { name, open } of testDatabases(21_180)) {
  (open ? describe : describe.skip)(`edits of readings on ${name}`, () => {
    let opened: TestDatabase;
    let meterNo = 0;
    const audited: AuditRecord[] = [];
    const at = (slot: number) => new Date(DAY_START + slot * HALF_HOUR).toISOString();
    const readings = () => postgresReadingStore(opened.database);

    beforeAll(async () => {
      process.env.API_CLIENT_IDS = CLIENT_IDS;
      opened = await (open as () => Promise<TestDatabase>)();
      await topologyWriter(opened.database).importTopology(topology);
      const meters = await postgresMeterRegistry(opened.database).find(['m1', 'm2']);
      meterNo = meters.get('m1')?.meterNo ?? 0;
      const versions = [...meters.values()].flatMap((meter) =>
        Array.from({ length: 48 }, (_, slot) => ({
          meterNo: meter.meterNo,
          channel: 1,
          intervalMinutes: 30,
          day: dayOf(DAY_START),
          slot,
          energyWh: 1000,
          revision: 0,
          quality: 2,
          recordedAt: DAY_START,
        })),
      );
      // One interval of the first meter never came.
      const kept = versions.filter(({ meterNo: no, slot }) => no !== meterNo || slot !== 40);
      await readings().appendDeltas(ReadingColumns.of(kept));
    }, 120_000);
    afterAll(() => opened.stop());

    const call = (
      route: 'getReading' | 'editReading' | 'decideReadingEdit',
      slot: number,
      request: { etag?: unknown; body?: object; subject?: string; secondPerson?: boolean; meterId?: string } = {},
    ) => {
      const handler = apiHandler(
        editRoutes({
          topology: topologyReader(opened.database),
          edits: postgresEditStore(opened.database),
          audit: { append: async (records) => void audited.push(...records) },
          secondPerson: request.secondPerson ?? false,
        }),
      );
      return callApi(handler, routesById[route], {
        params: { meterId: request.meterId ?? 'm1', channel: 'activeEnergyImport', intervalStart: at(slot) },
        ...(request.etag === undefined ? {} : { headers: { 'If-Match': String(request.etag) } }),
        ...(request.body ? { body: request.body } : {}),
        claims: { ...claimsFor(routesById[route]), sub: request.subject ?? 'anna' },
      });
    };
    const edit = (value: number, reason = 'misread display') => ({ body: { value, reason } });
    const dayOfTransformer = async () => {
      await aggregateWindows(postgresWindowAggregation(opened.database));
      const handler = apiHandler(
        networkRoutes({
          topology: topologyReader(opened.database),
          windows: postgresWindowReader(opened.database),
        }),
      );
      const { body } = await callApi(handler, routesById.getTransformerConsumption, {
        params: { transformerId: 'T' },
        query: { granularity: 'day', tz: 'UTC', from: at(0), to: at(48) },
        // Two meters are too few for those who may not read single ones.
        claims: { ...claimsFor(routesById.getTransformerConsumption), 'cognito:groups': 'analyst' },
      });
      return (body.periods as { value: number; intervalsPresent: number }[]).map(({ value, intervalsPresent }) => [
        value,
        intervalsPresent,
      ]);
    };

    test('an edit counts, the measured value stays, aggregates follow, a later raw revision does not win', async () => {
      expect(await dayOfTransformer()).toEqual([[95, 95]]);
      const { body: before } = await call('getReading', 3);
      expect(before).toMatchObject({ value: 1, quality: 'raw', edits: [], etag: '"raw-0-1000-0"' });
      const { status, body } = await call('editReading', 3, { etag: before.etag, ...edit(4.5) });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        value: 4.5,
        quality: 'edited',
        versions: [
          { value: 4.5, quality: 'edited', version: 1 },
          { value: 1, quality: 'raw', version: 0 },
        ],
        edits: [{ sequence: 1, action: 'apply', previousValue: 1, subject: 'anna', reason: 'misread display' }],
      });
      expect(await dayOfTransformer()).toEqual([[98.5, 95]]);
      const raw = { meterNo, channel: 1, intervalMinutes: 30, day: dayOf(DAY_START), slot: 3, quality: 2 };
      await readings().appendDeltas(
        ReadingColumns.of([{ ...raw, energyWh: 2000, revision: 7, recordedAt: Date.now() }]),
      );
      await readings().compact({ everything: true });
      expect(await dayOfTransformer()).toEqual([[98.5, 95]]);
      const { body: after } = await call('getReading', 3);
      expect(after).toMatchObject({ value: 4.5, quality: 'edited' });
      expect(after.versions).toHaveLength(3);
    });

    test('an edit is undone by another edit, each with its own version', async () => {
      const first = await call('editReading', 5, { etag: '"raw-0-1000-0"', ...edit(9) });
      const second = await call('editReading', 5, { etag: first.body.etag, ...edit(1, 'was right after all') });
      expect(second.body).toMatchObject({ value: 1, quality: 'edited' });
      expect((second.body.edits as { sequence: number }[]).map(({ sequence }) => sequence)).toEqual([1, 2]);
    });

    test('a missing interval can be set', async () => {
      const { body } = await call('getReading', 40);
      expect(body).toMatchObject({ value: null, quality: null, versions: [], etag: '"missing-0"' });
      const { body: set } = await call('editReading', 40, { etag: body.etag, ...edit(0.25) });
      expect(set).toMatchObject({ value: 0.25, edits: [expect.objectContaining({ previousValue: null })] });
    });

    test('without If-Match, on an old state, or with what no meter can say, it is refused and nothing changes', async () => {
      expect((await call('editReading', 6, edit(2))).status).toBe(400);
      expect((await call('editReading', 6, { etag: '"raw-0-999-0"', ...edit(2) })).status).toBe(412);
      const good = { etag: '"raw-0-1000-0"' };
      expect((await call('editReading', 6, { ...good, ...edit(-1) })).status).toBe(400);
      expect((await call('editReading', 6, { ...good, ...edit(1.0005) })).status).toBe(400);
      expect((await call('editReading', 6, { ...good, body: { value: 1 } })).status).toBe(400);
      expect((await call('editReading', 6.5, { ...good, ...edit(1) })).status).toBe(400);
      expect((await call('editReading', 6, { ...good, ...edit(1), meterId: 'm9' })).status).toBe(404);
      expect((await call('editReading', 48 * 365_000, { etag: '"missing-0"', ...edit(1) })).status).toBe(400);
      expect((await call('getReading', 6)).body).toMatchObject({ value: 1, edits: [] });
    });

    test('of eight at once on the same state one is made; the same request again answers what it came to', async () => {
      const tries = await Promise.all(
        Array.from({ length: 8 }, (_, i) => call('editReading', 8, { etag: '"raw-0-1000-0"', ...edit(i + 2) })),
      );
      const made = tries.filter(({ status }) => status === 200);
      expect([made.length, tries.filter(({ status }) => status === 412).length]).toEqual([1, 7]);
      const value = Number(made[0]?.body.value);
      const again = await call('editReading', 8, { etag: '"raw-0-1000-0"', ...edit(value) });
      expect([again.status, (again.body.edits as unknown[]).length]).toEqual([200, 1]);
    });

    test('where a second person approves, a proposal changes nothing until another person has decided', async () => {
      const proposed = await call('editReading', 10, { etag: '"raw-0-1000-0"', ...edit(3), secondPerson: true });
      expect(proposed.body).toMatchObject({ value: 1, quality: 'raw', proposal: { value: 3, subject: 'anna' } });
      expect(await postgresEditStore(opened.database).proposals({ limit: 10 })).toEqual([
        expect.objectContaining({ meterId: 'm1', start: DAY_START + 10 * HALF_HOUR }),
      ]);
      const { etag } = proposed.body;
      const approve = { etag, body: { decision: 'approve', reason: 'seen the photo' } };
      expect((await call('decideReadingEdit', 10, approve)).status).toBe(403);
      expect((await call('getReading', 10)).body).toMatchObject({ value: 1 });
      const approved = await call('decideReadingEdit', 10, { ...approve, subject: 'ben' });
      expect(approved.body).toMatchObject({ value: 3, quality: 'edited', proposal: null });
      expect((await call('decideReadingEdit', 10, { ...approve, subject: 'ben' })).status).toBe(200);
      expect((await call('decideReadingEdit', 10, { ...approve, subject: 'carl' })).status).toBe(409);
      const other = await call('editReading', 11, { etag: '"raw-0-1000-0"', ...edit(3), secondPerson: true });
      const rejected = await call('decideReadingEdit', 11, {
        etag: other.body.etag,
        body: { decision: 'reject', reason: 'no proof' },
        subject: 'ben',
      });
      expect(rejected.body).toMatchObject({ value: 1, quality: 'raw', proposal: null });
      expect(await postgresEditStore(opened.database).proposals({ limit: 10 })).toEqual([]);
    });

    test('every edit stands in the audit with who, why and what was there before', () => {
      const entity = `reading#m1/activeEnergyImport/${at(10)}`;
      const records = new Map(
        audited.filter((record) => record.entity === entity).map((record) => [record.sequence, record]),
      );
      expect([...records.values()]).toEqual([
        expect.objectContaining({ action: 'reading.propose', actor: { subject: 'anna', clientId: 'dashboard' } }),
        expect.objectContaining({
          action: 'reading.approve',
          reason: 'seen the photo',
          actor: { subject: 'ben', clientId: 'dashboard' },
          details: { energyWh: 3000, previousWh: 1000 },
        }),
      ]);
    });

    test('the writer cannot change or remove an edit', async () => {
      const { rows } = await opened.database.query(
        `SELECT privilege_type FROM information_schema.role_table_grants
         WHERE table_name = 'reading_edit' AND grantee = 'grid_writer' ORDER BY 1`,
      );
      expect(rows.map(({ privilege_type }) => privilege_type)).toEqual(['INSERT', 'SELECT']);
    });
  });
}
