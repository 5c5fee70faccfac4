import { settledReadings } from '../../../functions/api/meters/settled-readings.ts';
import { veeRoutes } from '../../../functions/api/vee/vee-routes.ts';
import { postgresMeterFacts } from '../../../layers/adapters/postgres/meter-facts.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import {
  postgresSettlementFacts,
  postgresSettlementMasterData,
} from '../../../layers/adapters/postgres/settlement-master-data.ts';
import { postgresSettlementReader } from '../../../layers/adapters/postgres/settlement-reader.ts';
import { postgresSettlementStore } from '../../../layers/adapters/postgres/settlement-store.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import type { Meter } from '../../../layers/contracts/api/meters.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import type { Topology } from '../../../layers/contracts/messages/topology.ts';
import { DEFAULT_VEE_SETTINGS } from '../../../layers/contracts/vee/settings.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi } from '../../harness/api-events.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const HALF_HOUR = 1_800_000;
const DAY = 86_400_000;
/** 2012-10-07T00:00 in Sydney: the day of 23 hours. */
const MIDNIGHT = Date.parse('2012-10-06T14:00:00Z');
const END = MIDNIGHT + 23 * 3_600_000;
const FROM = MIDNIGHT - 30 * DAY;
/** m002 is replaced by m003 at 10:10. */
const EXCHANGE = Date.parse('2012-10-06T23:10:00Z');
const point = { lon: 151.2, lat: -33.8 };
const channels = [{ channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 }] as const;
const meter = (meterId: string, usagePointId: string, from: number, to?: number) => ({
  meterId,
  usagePointId,
  from: new Date(from).toISOString(),
  ...(to === undefined ? {} : { to: new Date(to).toISOString() }),
  channels: [...channels],
});

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
      path: [
        [151.2, -33.8],
        [151.3, -33.9],
      ],
    },
  ],
  transformers: [{ transformerId: 'T1', feederId: 'F1', name: 'T1', ratingKva: 100, ...point }],
  usagePoints: ['U1', 'U2', 'U3'].map((usagePointId) => ({ usagePointId, transformerId: 'T1', ...point })),
  meters: [
    meter('m001', 'U1', FROM),
    meter('m002', 'U2', FROM, EXCHANGE),
    meter('m003', 'U2', EXCHANGE),
    meter('m004', 'U3', MIDNIGHT),
  ],
};

interface Run {
  run: number;
  kind: string;
  complete: boolean;
  counts: Record<string, number>;
}

for (const { name, open } of testDatabases(21_190)) {
  (open ? describe : describe.skip)(`settlement on ${name}`, () => {
    let opened: TestDatabase;
    let api: unknown;
    const numbers = new Map<string, number>();

    const store = async (
      meterId: string,
      starts: number[],
      energyWh: number,
      over: { at?: number; quality?: number } = {},
    ) => {
      const columns = new ReadingColumns();
      for (const start of starts) {
        const day = Math.floor(start / DAY);
        columns.push({
          meterNo: numbers.get(meterId) as number,
          channel: 1,
          intervalMinutes: 30,
          day,
          slot: (start - day * DAY) / HALF_HOUR,
          energyWh,
          revision: 0,
          quality: over.quality ?? 2,
          recordedAt: over.at ?? start + HALF_HOUR + 20_000,
        });
      }
      await postgresReadingStore(opened.database).appendDeltas(columns);
    };
    const starts = (from: number, to: number) =>
      Array.from({ length: (to - from) / HALF_HOUR }, (_, n) => from + n * HALF_HOUR);
    const settle = async (body: Record<string, unknown>) =>
      (await callApi(api, routesById.runVee, { body: { regionId: 'R1', day: '2012-10-07', ...body } })) as unknown as {
        status: number;
        body: Run;
      };
    const bytes = async () =>
      (
        await opened.database.query(
          `SELECT usage_point_id, meter_no, run, billable, encode(body, 'hex') AS body FROM settled_day ORDER BY 1, 2, 3`,
        )
      ).rows;
    const determinantsOf = async (usagePointId: string) => {
      const answer = await callApi(api, routesById.getBillingDeterminants, {
        params: { usagePointId },
        query: { cycle: '2012-10' },
      });
      expect(answer.status).toBe(200);
      return answer.body as { billable: boolean; days: Record<string, unknown>[] };
    };

    beforeAll(async () => {
      process.env.API_CLIENT_IDS = CLIENT_IDS;
      opened = await (open as () => Promise<TestDatabase>)();
      const { database } = opened;
      await topologyWriter(database).importTopology(topology);
      for (const row of (await database.query('SELECT meter_id, meter_no FROM meter')).rows) {
        numbers.set(String(row.meter_id), Number(row.meter_no));
      }
      api = apiHandler(
        veeRoutes({
          readings: postgresReadingStore(database),
          facts: postgresSettlementFacts(database),
          master: postgresSettlementMasterData(database),
          store: postgresSettlementStore(database),
          settings: { current: async () => ({ version: 'default', settings: DEFAULT_VEE_SETTINGS }) },
          reader: postgresSettlementReader(database),
          clock: Date.now,
        }),
      );
      // U1: 100 Wh per half hour, one hour missing on the day (06:00 to 07:00 by the wall: 05:00 after midnight).
      const gap = new Set(starts(MIDNIGHT + 5 * 3_600_000, MIDNIGHT + 6 * 3_600_000));
      await store(
        'm001',
        starts(FROM, END).filter((start) => !gap.has(start)),
        100,
      );
      // U2: the old meter measures 10 minutes of the interval of the exchange, the new one 20.
      const at = EXCHANGE - 600_000;
      await store('m002', starts(FROM, at), 300);
      await store('m002', [at], 100);
      await store('m003', [at], 200);
      await store('m003', starts(at + HALF_HOUR, END), 300);
      // U3 begins on the day and sends nothing: nothing to estimate from.
    }, 120_000);
    afterAll(() => opened?.stop());

    test('a day that is not over, a day too young to be final, and a region that does not exist are refused', async () => {
      expect((await settle({ cutoff: new Date(END - 1).toISOString() })).status).toBe(409);
      expect((await settle({ cutoff: new Date(END + DAY).toISOString(), final: true })).status).toBe(409);
      expect((await settle({ regionId: 'R9' })).status).toBe(404);
    });

    test('the first run validates, estimates and holds; the same request is the same run and the same bytes', async () => {
      const cutoff = new Date(END + DAY).toISOString();
      const { status, body } = await settle({ cutoff });
      expect([status, body.run, body.kind, body.complete]).toEqual([200, 1, 'preliminary', true]);
      // 46 half hours of each; the interval of the exchange counts once; U3 is open, the two of U1 estimated.
      expect(body.counts).toMatchObject({
        usagePoints: 3,
        billable: 2,
        changed: 3,
        intervals: 138,
        estimated: 2,
        open: 46,
      });
      const before = await bytes();
      expect((await settle({ cutoff })).body).toEqual(body);
      expect(await bytes()).toEqual(before);
    });

    test('determinants: 23 hours by period; both meters of the exchanged usage point; the held one is not billable', async () => {
      const [u1, u2, u3] = await Promise.all(['U1', 'U2', 'U3'].map(determinantsOf));
      // A Sunday: shoulder 07:00 to 22:00 is 15 h, off peak the other 8 h.
      expect(u1?.days[0]).toMatchObject({
        day: '2012-10-07',
        energy: 4.6,
        energyByPeriod: { offPeak: 1.6, shoulder: 3 },
        peakKw: 0.2,
        intervalsExpected: 46,
        estimatedShare: 2 / 46,
        billable: true,
        billed: false,
      });
      expect(u2?.days[0]).toMatchObject({ energy: 13.8, peakKw: 0.6, intervalsExpected: 46, estimatedShare: 0 });
      expect(u3?.days[0]).toMatchObject({ billable: false, intervalsOpen: 46 });
      expect(u1?.billable).toBe(false);
    });

    test('the final view says of each interval what it is and how it was made', async () => {
      const meterNo = numbers.get('m001') as number;
      const interval = { channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 } as const;
      const meterOf = (await topologyReader(opened.database).findMeter('m001')) as Meter;
      const at = MIDNIGHT + 4.5 * 3_600_000;
      const page = await settledReadings(
        { settlement: postgresSettlementReader(opened.database) },
        {
          meter: { ...meterOf, meterNo },
          channel: interval,
          query: { view: 'final', channel: 'activeEnergyImport', limit: 2 },
          range: { from: at, to: END },
          from: at,
        },
      );
      if (!('intervals' in page)) throw new Error('a problem');
      expect(page.intervals.map(({ value, quality, version, settled }) => [value, quality, version, settled])).toEqual([
        [0.1, 'raw', 1, { quality: 'validated', cim: '3.0.1', espi: 17, method: null, references: 0 }],
        [0.1, 'estimated', 1, { quality: 'linear', cim: '3.8.0', espi: 9, method: 'LINEAR', references: 2 }],
      ]);
      expect(page.next).not.toBeNull();
    });

    test('exceptions tell every rule with its state', async () => {
      const list = async (query: Record<string, string>) => {
        const range = { from: '2012-10-01T00:00:00Z', to: '2012-11-01T00:00:00Z', ...query };
        const { body } = await callApi(api, routesById.listVeeExceptions, { query: range });
        return (body as { items: { meterId: string; rule: string; status: string; code: string }[] }).items;
      };
      const missing = (await list({ rule: 'MISSING_INTERVAL' })).map((one) => [one.meterId, one.status, one.code]);
      expect(missing).toEqual([
        ['m001', 'estimated', '3.6.1001'],
        ['m004', 'open', '3.6.1001'],
      ]);
      expect(await list({ status: 'open', meterId: 'm001' })).toEqual([]);
    });

    test('the final run bills what is billable and leaves the bytes alone', async () => {
      const before = await bytes();
      const { body } = await settle({ cutoff: new Date(END + 11 * DAY).toISOString(), final: true });
      expect([body.run, body.kind, body.counts.changed]).toEqual([2, 'final', 0]);
      expect(await bytes()).toEqual(before);
      expect((await determinantsOf('U1')).days[0]).toMatchObject({ run: 2, billed: true, adjustments: [] });
      expect((await determinantsOf('U3')).days[0]).toMatchObject({ billed: false });
    });

    test('late readings never change what is final: the difference is a signed adjustment', async () => {
      const at = END + 12 * DAY;
      // Measured now: 40 Wh less than estimated in the one half hour, the same in the other. U3 delivers its day.
      const [first = 0, second = 0] = starts(MIDNIGHT + 5 * 3_600_000, MIDNIGHT + 6 * 3_600_000);
      await store('m001', [first], 60, { at });
      await store('m001', [second], 100, { at });
      await store('m004', starts(MIDNIGHT, END), 50, { at });
      const early = await settle({ cutoff: new Date(at - 1).toISOString() });
      expect([early.body.run, early.body.kind, early.body.counts.changed]).toEqual([3, 'adjustment', 0]);
      const { body } = await settle({ cutoff: new Date(at).toISOString() });
      expect([body.run, body.kind, body.counts.changed]).toEqual([4, 'adjustment', 2]);
      const [u1] = (await determinantsOf('U1')).days;
      expect(u1).toMatchObject({
        run: 4,
        estimatedShare: 0,
        adjustments: [{ run: 4, energyByPeriod: { offPeak: -0.04 } }],
      });
      const [u3] = (await determinantsOf('U3')).days;
      expect(u3).toMatchObject({
        billed: true,
        adjustments: [{ run: 4, energyByPeriod: { offPeak: 0.8, shoulder: 1.5 } }],
      });
      const { rows } = await opened.database.query(
        `SELECT determinants->>'energyWh' AS wh FROM settlement_determinant
         WHERE usage_point_id = 'U1' AND run = 2 AND billed`,
      );
      expect(rows).toEqual([{ wh: '4600' }]);
    });

    test('what was missing is resolved by the run that found it', async () => {
      const { body } = await callApi(api, routesById.listVeeExceptions, {
        query: { from: '2012-10-01T00:00:00Z', to: '2012-11-01T00:00:00Z', rule: 'MISSING_INTERVAL' },
      });
      const items = (body as { items: { status: string; firstRun: number; lastRun: number }[] }).items;
      expect(items.map(({ status, firstRun, lastRun }) => [status, firstRun, lastRun])).toEqual([
        ['resolved', 1, 4],
        ['resolved', 1, 4],
      ]);
    });

    test('a register that says less than the intervals holds the day', async () => {
      const read = (time: number, registerWh: number) => ({
        meterNo: numbers.get('m001') as number,
        channel: 1,
        readAt: time,
        revision: 0,
        registerWh,
        reason: 'scheduled' as const,
        serial: '',
        digits: 0,
        multiplier: 0,
        recordedAt: END + 13 * DAY,
      });
      await postgresMeterFacts(opened.database).storeRegisterReads([read(END, 4000), read(MIDNIGHT, 0)]);
      const { body } = await settle({ cutoff: new Date(END + 13 * DAY).toISOString() });
      expect([body.run, body.counts.changed]).toEqual([5, 1]);
      const [u1] = (await determinantsOf('U1')).days;
      // What was billed stays billed, and nothing is adjusted by what is held.
      expect(u1).toMatchObject({ run: 5, billable: false, billed: true, adjustments: [{ run: 4 }] });
      const shown = (time: number, value: number) => ({ time: new Date(time).toISOString(), value, basis: 'measured' });
      expect(u1?.boundaryReads).toEqual([{ meterId: 'm001', opening: shown(MIDNIGHT, 0), closing: shown(END, 4) }]);
    });

    test('an opening read alone: the closing one is what the settled intervals add to it, said to be estimated', async () => {
      const at = END + 14 * DAY;
      await postgresMeterFacts(opened.database).storeRegisterReads([
        {
          meterNo: numbers.get('m004') as number,
          channel: 1,
          readAt: MIDNIGHT,
          revision: 0,
          registerWh: 1000,
          reason: 'scheduled',
          serial: '',
          digits: 0,
          multiplier: 0,
          recordedAt: at,
        },
      ]);
      const { body } = await settle({ cutoff: new Date(at).toISOString() });
      expect([body.run, body.counts.changed]).toEqual([6, 1]);
      const month = await determinantsOf('U3');
      // 1 kWh and 46 half hours of 50 Wh.
      const expected = {
        meterId: 'm004',
        opening: { time: new Date(MIDNIGHT).toISOString(), value: 1, basis: 'measured' },
        closing: { time: new Date(END).toISOString(), value: 3.3, basis: 'estimated' },
      };
      expect(month.days[0]?.boundaryReads).toEqual([expected]);
      expect((month as { boundaryReads?: unknown }).boundaryReads).toEqual([expected]);
      // Kept and read again it is the same: the next run changes nothing.
      const again = await settle({ cutoff: new Date(at + 1).toISOString() });
      expect([again.body.run, again.body.counts.changed]).toEqual([7, 0]);
    });

    test('a check meter is master data of its usage point, and in no sum', async () => {
      const { database } = opened;
      const windows = postgresWindowReader(database);
      const span = { channel: 'activeEnergyImport', fromDay: MIDNIGHT / DAY, toDay: END / DAY } as const;
      const days = { ...span, fromDay: Math.floor(span.fromDay), toDay: Math.ceil(span.toDay) };
      const entity = { kind: 'feeder', id: 'F1' } as const;
      const groups = () =>
        topologyReader(database).serviceGroups({ entity, channel: 'activeEnergyImport', from: MIDNIGHT, to: END });
      const before = [await windows.daysOf({ entity, ...days }), await groups()];
      await topologyWriter(database).importTopology({ meters: [{ ...meter('m005', 'U1', FROM), role: 'check' }] });
      numbers.set('m005', Number((await topologyReader(database).findMeter('m005'))?.meterNo));
      await store('m005', starts(MIDNIGHT, END), 97);
      expect([await windows.daysOf({ entity, ...days }), await groups()]).toEqual(before);
      const own = { kind: 'meter', id: 'm005' } as const;
      expect((await windows.daysOf({ entity: own, ...days })).length).toBeGreaterThan(0);
      const period = { start: MIDNIGHT, end: END };
      const [u1] = await postgresSettlementMasterData(database).usagePoints({
        regionId: 'R1',
        period,
        after: '',
        limit: 1,
      });
      expect(u1?.meters.map(({ meterNo }) => meterNo)).toEqual([numbers.get('m001')]);
      expect(u1?.checks.map(({ meterNo }) => meterNo)).toEqual([numbers.get('m005')]);
      expect(u1?.checks[0]?.channels).toMatchObject([{ channel: 1, intervalMinutes: 30 }]);
    });
  });
}
