import { postgresForecastStore } from '../../../layers/adapters/postgres/forecast-store.ts';
import type { ForecastOutcome, IssuedForecast } from '../../../layers/domain/models/forecast-store.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const ISSUED = Date.parse('2026-03-02T14:00:00Z');
const HOUR = 3_600_000;
const forecast = (over: Partial<IssuedForecast> = {}): IssuedForecast => {
  const issuedAt = over.issuedAt ?? ISSUED;
  return {
    entity: { kind: 'feeder', id: 'F1' },
    issuedAt,
    availableAt: issuedAt + 7 * 60_000,
    model: 'forecast',
    modelVersion: 'v1',
    method: 'ensemble',
    fallback: null,
    inputs: { read: 100 },
    intervalMinutes: 60,
    intervals: [0, 1].map((step) => ({
      start: new Date(issuedAt + step * HOUR).toISOString(),
      end: new Date(issuedAt + (step + 1) * HOUR).toISOString(),
      point: 10 + step,
      quantiles: [
        { level: 0.1, value: 9 + step },
        { level: 0.9, value: 12 + step },
      ],
    })),
    ...over,
  };
};
const outcome: ForecastOutcome = { error: 1, pinball: 0.5, coverage: 1, intervals: 2, scale: 10 };

for (const { name, open } of testDatabases(21_140)) {
  (open ? describe : describe.skip)(`forecast store on ${name}`, () => {
    let opened: TestDatabase;
    const store = () => postgresForecastStore(opened.database);
    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
    }, 120_000);
    afterAll(() => opened.stop());
    beforeEach(async () => {
      await opened.database.query('TRUNCATE forecast');
    });

    test('what was issued is read back as it was; issuing it again changes nothing', async () => {
      expect(await store().issue([forecast(), forecast({ issuedAt: ISSUED + HOUR })])).toBe(2);
      expect(await store().issue([forecast({ modelVersion: 'v2', method: 'other' })])).toBe(0);
      const entity = { kind: 'feeder', id: 'F1' } as const;
      const all = await store().latest({ entity, asOf: ISSUED + 9 * HOUR, count: 2 });
      expect(all).toEqual([
        { ...forecast({ issuedAt: ISSUED + HOUR }), outcome: null },
        { ...forecast(), outcome: null },
      ]);
      expect(await store().latest({ entity, asOf: ISSUED + HOUR - 1, count: 2 })).toHaveLength(1);
      expect(await store().latest({ entity, asOf: ISSUED - 1, count: 2 })).toEqual([]);
      expect(await store().latest({ entity, asOf: ISSUED + HOUR, count: 2, modelVersion: 'v2' })).toEqual([]);
      expect(await store().latest({ entity: { kind: 'region', id: 'F1' }, asOf: ISSUED, count: 1 })).toEqual([]);
    });

    const whole = (modelVersion: string) =>
      [{ kind: 'system', id: 'system' } as const, { kind: 'feeder', id: 'F1' } as const].map((entity) =>
        forecast({ entity, modelVersion }),
      );
    const versions = async () => {
      const { rows } = await opened.database.query('SELECT model_version FROM forecast ORDER BY entity_kind');
      return rows.map((row) => row.model_version);
    };

    test('what a run gave up halfway is not there, and the next run is kept whole', async () => {
      const [first, second] = whole('v1');
      const broken = { ...(second as IssuedForecast), intervals: [] };
      await expect(store().issue([first as IssuedForecast, broken])).rejects.toThrow('at least one interval');
      expect(await versions()).toEqual([]);
      expect(await store().issue(whole('v2'))).toBe(2);
      expect(await versions()).toEqual(['v2', 'v2']);
    });

    test('two runs of one hour leave the forecasts of one of them, also where the other knows more', async () => {
      const more = forecast({ entity: { kind: 'feeder', id: 'F2' }, modelVersion: 'v2' });
      const added = await Promise.all([store().issue(whole('v1')), store().issue([...whole('v2'), more])]);
      expect(added.filter((count) => count > 0)).toHaveLength(1);
      expect(new Set(await versions()).size).toBe(1);
    });

    test('issues are listed newest first, with how they turned out', async () => {
      const entity = { kind: 'feeder', id: 'F1' } as const;
      const { entity: _, inputs, intervals, intervalMinutes, ...issue } = forecast();
      await store().issue([0, 1, 2, 3].map((hours) => forecast({ issuedAt: ISSUED + hours * HOUR })));
      await store().issue([forecast({ entity: { kind: 'feeder', id: 'F2' } })]);
      await store().settle(forecast(), outcome);
      const between = { entity, from: ISSUED, to: ISSUED + 3 * HOUR };
      const listed = await store().issues({ ...between, limit: 10 });
      expect(listed.map(({ issuedAt }) => (issuedAt - ISSUED) / HOUR)).toEqual([2, 1, 0]);
      expect(listed[2]).toEqual({ ...issue, outcome });
      expect((await store().issues({ ...between, limit: 2 })).map(({ outcome: of }) => of)).toEqual([null, null]);
      expect(await store().issues({ ...between, to: ISSUED, limit: 2 })).toEqual([]);
    });

    test('a forecast awaits its outcome once its horizon has ended, and then no longer', async () => {
      await store().issue([
        forecast(),
        forecast({ issuedAt: ISSUED + HOUR }),
        forecast({ issuedAt: ISSUED - HOUR, fallback: 'model-failed' }),
      ]);
      const household = forecast({ entity: { kind: 'meter', id: 'm1' } });
      const awaiting = (until: number) => store().awaiting({ until, limit: 10 });
      expect((await awaiting(ISSUED + HOUR - 1)).map(({ issuedAt }) => issuedAt)).toEqual([]);
      expect((await awaiting(ISSUED + 2 * HOUR)).map(({ issuedAt }) => issuedAt)).toEqual([ISSUED - HOUR, ISSUED]);
      await store().settle(forecast(), outcome);
      await store().settle(forecast({ issuedAt: ISSUED - HOUR }), outcome);
      expect((await awaiting(ISSUED + 9 * HOUR)).map(({ issuedAt }) => issuedAt)).toEqual([ISSUED + HOUR]);
      await store().issue([household]);
      await store().settle(household, outcome);
      // A fallback says nothing about the model, and a household little.
      expect(await store().outcomes({ from: ISSUED - 9 * HOUR, to: ISSUED + 9 * HOUR })).toEqual([
        { issuedAt: ISSUED, outcome },
      ]);
      expect(await store().outcomes({ from: ISSUED + 1, to: ISSUED + 9 * HOUR })).toEqual([]);
    });
  });
}
