import { postgresMeterFacts } from '../../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { postgresOutageStore, postgresSupplyEvidence } from '../../../layers/adapters/postgres/outage-detection.ts';
import { postgresOutageCauses, postgresOutageReader } from '../../../layers/adapters/postgres/outage-reader.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { postgresSettlementFacts } from '../../../layers/adapters/postgres/settlement-master-data.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { DEFAULT_OUTAGE_SETTINGS } from '../../../layers/contracts/outages/settings.ts';
import { detectOutages } from '../../../layers/domain/outages/detect-outages.ts';
import { dayOf } from '../../../layers/domain/readings/calendar-day.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const at = (clock: string): number => Date.parse(`2026-03-04T${clock}Z`);
const METERS = ['m1', 'm2', 'm3', 'm4', 'm5'];
const point = (i: number) => ({ lon: 151 + i * 0.001, lat: -33 });

/** T1 with m1 to m3, T2 with m4, both on F1; T3 with m5 on F2. */
const topology = {
  regions: [{ regionId: 'R', name: 'Region', timeZone: 'Australia/Sydney' }],
  substations: [{ substationId: 'S', regionId: 'R', name: 'Substation', lon: 151, lat: -33 }],
  feeders: ['F1', 'F2'].map((feederId) => ({
    feederId,
    substationId: 'S',
    name: feederId,
    nominalVoltageV: 11_000,
    ratingKva: 500,
    path: [
      [151, -33],
      [151.1, -33],
    ] as [number, number][],
  })),
  transformers: [
    { transformerId: 'T1', feederId: 'F1' },
    { transformerId: 'T2', feederId: 'F1' },
    { transformerId: 'T3', feederId: 'F2' },
  ].map((one) => ({ ...one, name: one.transformerId, ratingKva: 100, lon: 151, lat: -33 })),
  usagePoints: METERS.map((id, i) => ({
    usagePointId: `U-${id}`,
    transformerId: i < 3 ? 'T1' : i < 4 ? 'T2' : 'T3',
    ...point(i),
  })),
  meters: METERS.map((meterId) => ({
    meterId,
    usagePointId: `U-${meterId}`,
    from: '2020-01-01T00:00:00Z',
    channels: [{ channel: 'activeEnergyImport' as const, unit: 'kWh' as const, intervalMinutes: 30 as const }],
  })),
};

for (const { name, open } of testDatabases(21_045)) {
  (open ? describe : describe.skip)(`outages on ${name}`, () => {
    let opened: TestDatabase;
    let numbers: ReadonlyMap<string, number>;
    let now = at('14:00:00');
    const ports = () => {
      const { database } = opened;
      return {
        facts: postgresMeterFacts(database),
        readings: postgresReadingStore(database),
        outages: postgresOutageStore(database),
        reader: postgresOutageReader(database),
        causes: postgresOutageCauses(database),
        settlement: postgresSettlementFacts(database),
        evidence: postgresSupplyEvidence(database),
      };
    };
    const noOf = (meterId: string): number => numbers.get(meterId) ?? -1;
    const detect = () =>
      detectOutages({ ...ports(), settings: async () => DEFAULT_OUTAGE_SETTINGS, clock: () => now })();
    const event = (meterId: string, event: string, clock: string, recordedAt = now) =>
      ports().facts.storeMeterEvents([
        { meterNo: noOf(meterId), occurredAt: at(clock), event, detail: '', recordedAt },
      ]);
    /** Half-hours from 08:00 to 14:00, but for those from one hour to another. */
    const read = (meterId: string, [from, to]: [string, string] = ['00:00:00', '00:00:00']) => {
      const slots = Array.from({ length: 12 }, (_, i) => 16 + i);
      const versions = slots.flatMap((slot) => {
        const start = at('00:00:00') + slot * 1_800_000;
        if (start >= at(from) && start < at(to)) return [];
        const reading = { channel: 1, intervalMinutes: 30, day: dayOf(start), slot, energyWh: 150 };
        return [{ meterNo: noOf(meterId), ...reading, revision: 0, quality: 2, recordedAt: start }];
      });
      return ports().readings.appendDeltas(ReadingColumns.of(versions));
    };
    const list = async () =>
      (await ports().reader.list({ from: at('00:00:00'), to: at('23:59:00'), limit: 100 })).map((one) => [
        one.level,
        one.entityId,
        one.status,
        one.customers,
        one.customersOut,
      ]);

    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
      await topologyWriter(opened.database).importTopology(topology);
      const found = await postgresMeterRegistry(opened.database).find(METERS);
      numbers = new Map([...found].map(([id, { meterNo }]) => [id, meterNo]));
    }, 120_000);
    afterAll(() => opened.stop());
    beforeEach(async () => {
      now = at('14:00:00');
      await opened.database.query(
        'TRUNCATE meter_event, reading_delta, reading_block, reading_version, outage, outage_interruption, confirmed_interruption, outage_cause, outage_detection',
      );
    });

    test('two gasps are an outage of their transformer; returns restore it in steps; a second run changes nothing', async () => {
      for (const meterId of METERS) await read(meterId, /m[123]/.test(meterId) ? ['10:00:00', '12:00:00'] : undefined);
      await event('m1', 'LAST_GASP', '10:07:00');
      await event('m2', 'LAST_GASP', '10:08:00');
      expect(await detect()).toMatchObject({ OutagesAdded: 1, OutagesRemoved: 0 });
      // Energy of 12:00–12:30 says that they are back, though none reported it.
      expect(await list()).toEqual([['transformer', 'T1', 'restored', 3, 0]]);
      await event('m1', 'POWER_RETURNED', '11:40:00');
      await event('m2', 'POWER_RETURNED', '11:52:00');
      expect(await detect()).toMatchObject({ OutagesAdded: 0, OutagesRemoved: 0 });
      expect(await detect()).toMatchObject({ OutagesAdded: 0, OutagesRemoved: 0 });
      const [outage] = await ports().reader.list({ from: at('00:00:00'), to: at('23:59:00'), limit: 100 });
      expect(outage).toMatchObject({ from: at('10:07:00'), to: at('11:52:00'), transformerIds: ['T1'] });
      expect(outage?.steps).toEqual([
        { at: at('11:40:00'), customers: 1 },
        { at: at('11:52:00'), customers: 2 },
      ]);
      expect(outage?.area?.[0]?.length).toBeGreaterThan(4);
    });

    test('an outage is found by where it is, by its state and page by page', async () => {
      for (const meterId of METERS) await read(meterId, ['10:00:00', '14:00:00']);
      for (const [meterId, clock] of [
        ['m1', '10:07:00'],
        ['m4', '10:30:00'],
        ['m5', '11:00:00'],
      ] as const)
        await event(meterId, 'POWER_FAILURE', clock);
      await detect();
      const { reader } = ports();
      const all = { from: at('00:00:00'), to: at('23:59:00'), limit: 100 };
      expect((await reader.list(all)).map(({ entityId }) => entityId)).toEqual(['U-m5', 'U-m4', 'U-m1']);
      const [first] = await reader.list({ ...all, limit: 1 });
      const after = { from: first?.from ?? 0, outageId: first?.outageId ?? '' };
      expect((await reader.list({ ...all, after })).map(({ entityId }) => entityId)).toEqual(['U-m4', 'U-m1']);
      expect(await reader.list({ ...all, statuses: ['restored'] })).toEqual([]);
      const bbox = [151.0035, -33.1, 151.1, -32.9] as const;
      expect((await reader.list({ ...all, bbox })).map(({ entityId }) => entityId)).toEqual(['U-m5']);
      expect(await reader.list({ ...all, from: at('00:00:00'), to: at('10:00:00') })).toEqual([]);
    });

    test('an event that arrives days late is judged with what was there, and nothing is counted twice', async () => {
      for (const meterId of METERS) await read(meterId, meterId === 'm4' ? ['10:00:00', '12:00:00'] : undefined);
      await event('m4', 'POWER_RETURNED', '11:50:00');
      await detect();
      // The last gasp was lost: silence since 10:00.
      expect(await list()).toEqual([['usagePoint', 'U-m4', 'restored', 1, 0]]);
      now += 10 * 86_400_000;
      await detect();
      await event('m4', 'LAST_GASP', '10:12:00');
      expect(await detect()).toMatchObject({ OutagesAdded: 1, OutagesRemoved: 1 });
      const found = await ports().reader.list({
        statuses: ['restored'],
        from: at('00:00:00'),
        to: at('23:59:00'),
        limit: 10,
      });
      expect(found.map(({ from, to }) => [from, to])).toEqual([[at('10:12:00'), at('11:50:00')]]);
    });

    test('whatever the order in which events and readings arrive, the same is kept', async () => {
      const steps = [
        () => event('m1', 'LAST_GASP', '10:07:00'),
        () => event('m2', 'POWER_FAILURE', '10:08:30'),
        () => event('m1', 'POWER_RETURNED', '11:40:00'),
        () => event('m2', 'POWER_RETURNED', '11:52:00'),
        () => event('m4', 'LAST_GASP', '12:10:00'),
        ...METERS.map((meterId) => () => read(meterId, /m[123]/.test(meterId) ? ['10:00:00', '12:00:00'] : undefined)),
      ];
      const kept = async () => {
        const { rows } = await opened.database.query(
          'SELECT * FROM outage_interruption JOIN outage USING (outage_id) ORDER BY outage_id, meter_no',
        );
        return rows;
      };
      for (const step of steps) await step();
      await detect();
      const expected = await kept();
      expect(expected.length).toBeGreaterThan(3);
      await opened.database.query('TRUNCATE meter_event, reading_delta, outage, outage_interruption, outage_detection');
      for (const step of [...steps].reverse()) {
        await step();
        await detect();
      }
      for (const step of steps) await step();
      await detect();
      expect(await kept()).toEqual(expected);
    });

    test('a whole transformer that falls silent is suspected, and no longer once it is heard', async () => {
      now = at('12:00:00');
      for (const meterId of ['m1', 'm2', 'm3']) await read(meterId, ['10:00:00', '14:00:00']);
      for (const meterId of ['m4', 'm5']) await read(meterId, ['11:30:00', '14:00:00']);
      await detect();
      expect(await list()).toEqual([['transformer', 'T1', 'suspected', 3, 3]]);
      for (const meterId of METERS) await read(meterId);
      await detect();
      expect(await list()).toEqual([]);
    });

    const confirmedOf = async (asOf: number) => {
      const period = { start: at('00:00:00'), end: at('23:59:00') };
      const found = METERS.map(async (meterId) => {
        const own = await ports().settlement.outages({ meterNo: noOf(meterId), period, asOf });
        return own.map(({ start, end }) => [meterId, start, end] as const);
      });
      return (await Promise.all(found)).flat();
    };

    test('settlement is told of confirmed and undisputed interruptions only', async () => {
      for (const meterId of METERS)
        await read(meterId, ['m1', 'm2'].includes(meterId) ? ['10:00:00', '12:00:00'] : undefined);
      for (const meterId of ['m1', 'm2', 'm5']) await event(meterId, 'LAST_GASP', '10:07:00');
      for (const meterId of ['m1', 'm2', 'm5']) await event(meterId, 'POWER_RETURNED', '11:52:00');
      await detect();
      const both = ['m1', 'm2'].map((meterId) => [meterId, at('10:07:00'), at('11:52:00')]);
      expect(await confirmedOf(now)).toEqual(both);
      expect(await confirmedOf(now - 1)).toEqual([]);
    });

    test('what was confirmed is answered as it was known: open, with its end, and no longer once a measurement disputes it', async () => {
      const known = async () => {
        const { rows } = await opened.database.query(
          'SELECT * FROM confirmed_interruption ORDER BY known_from, meter_no',
        );
        return rows;
      };
      for (const meterId of METERS) await read(meterId, meterId === 'm4' ? ['10:00:00', '14:00:00'] : undefined);
      await event('m4', 'LAST_GASP', '10:07:00');
      await detect();
      const open = now;
      expect(await confirmedOf(open)).toEqual([['m4', at('10:07:00'), open]]);
      now += 3_600_000;
      await event('m4', 'POWER_RETURNED', '13:40:00');
      await detect();
      const ended = now;
      expect(await confirmedOf(ended)).toEqual([['m4', at('10:07:00'), at('13:40:00')]]);
      const before = await known();
      await detect();
      expect(await known()).toEqual(before);
      now += 3_600_000;
      await read('m4');
      await detect();
      expect(await confirmedOf(now)).toEqual([]);
      expect(await confirmedOf(ended)).toEqual([['m4', at('10:07:00'), at('13:40:00')]]);
      // Later than this was not known then, and no run may learn it afterwards.
      expect(await confirmedOf(open)).toEqual([['m4', at('10:07:00'), open]]);
    });

    test('a cause is kept with who gave it, every change of it, and outlives a new judgement', async () => {
      for (const meterId of METERS) await read(meterId, ['10:00:00', '12:00:00']);
      await event('m4', 'LAST_GASP', '10:07:00');
      await detect();
      const { reader, causes } = ports();
      const [outage] = await reader.list({ from: at('00:00:00'), to: at('23:59:00'), limit: 1 });
      const outageId = outage?.outageId ?? '';
      const cause = { outageId, planned: true, reason: 'pole replaced', changedBy: 'somebody' };
      expect(await causes.setCause(cause)).toBe(true);
      expect(await causes.setCause({ ...cause, planned: false, reason: 'a tree' })).toBe(true);
      expect(await causes.setCause({ ...cause, outageId: 'out-000000000000000000000000' })).toBe(false);
      await detect();
      expect(await reader.find(outageId)).toMatchObject({ planned: false, reason: 'a tree' });
      const { rows } = await opened.database.query('SELECT reason, changed_by FROM outage_cause ORDER BY change_no');
      expect(rows).toEqual([
        { reason: 'pole replaced', changed_by: 'somebody' },
        { reason: 'a tree', changed_by: 'somebody' },
      ]);
      expect(await reader.customerOutages({ from: at('00:00:00'), to: at('23:59:00'), feederId: 'F2' })).toEqual([]);
      expect(await reader.customerOutages({ from: at('00:00:00'), to: at('23:59:00'), regionId: 'R' })).toHaveLength(1);
    });

    test('the supply of a meter: its open interruption and what it said last', async () => {
      for (const meterId of METERS) await read(meterId, ['10:00:00', '14:00:00']);
      await event('m4', 'LAST_GASP', '10:07:00');
      await detect();
      expect(await ports().reader.supplyOf(noOf('m4'))).toMatchObject({
        open: { status: 'confirmed', from: at('10:07:00') },
        lastEvent: { event: 'LAST_GASP', at: at('10:07:00') },
      });
      expect(await ports().reader.supplyOf(noOf('m5'))).toEqual({ open: undefined, lastEvent: undefined });
    });
  });
}
