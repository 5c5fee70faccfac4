import { askModel } from '../../../functions/learn/ask-forecast-model/ask-model.ts';
import { buildRequests } from '../../../functions/learn/build-forecast-requests/build-requests.ts';
import { storeForecasts } from '../../../functions/learn/store-forecasts/store-forecasts.ts';
import { postgresForecastStore } from '../../../layers/adapters/postgres/forecast-store.ts';
import { postgresLatestDay } from '../../../layers/adapters/postgres/latest-day.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { topologyReader } from '../../../layers/adapters/postgres/topology-reader.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import type { ForecastResponse } from '../../../layers/contracts/models/forecast.ts';
import type { ForecastEntity } from '../../../layers/domain/models/entity-history.ts';
import { forecastEntities } from '../../../layers/domain/models/forecast-entities.ts';
import { DAY_MS, dayOf } from '../../../layers/domain/readings/calendar-day.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';
import { answer, trainSeasonal } from '../../../models/forecast/seasonal.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';
import { householdLoad } from '../../harness/household-load.ts';
import { memoryObjects } from '../../harness/memory-objects.ts';
import { smallGrid } from '../../harness/small-grid.ts';

const HALF_HOUR = 1_800_000;
const DAYS = 35;
const START = Date.parse('2026-04-06T00:00:00Z');
const METERS = Array.from({ length: 8 }, (_, n) => `m${n + 1}`);
const INTERVALS = 96;

const grid = smallGrid('2025-01-01T00:00:00Z');
const channels = [{ channel: 'activeEnergyImport' as const, unit: 'kWh' as const, intervalMinutes: 30 as const }];
const topology = { ...grid, meters: grid.meters?.map((meter) => ({ ...meter, channels })) };

/** A model of medians and the spread around them: medians of sums are no sums of medians. */
const model = trainSeasonal({
  series: [1, 2, 3].map((seed) => ({
    start: START,
    intervalMs: HALF_HOUR,
    values: Float64Array.from(householdLoad(DAYS, seed), (wh) => wh / 1000),
  })),
  weeks: 4,
  signal: new AbortController().signal,
});

for (const { name, open } of testDatabases(21_360)) {
  (open ? describe : describe.skip)(`parts of forecasts on ${name}`, () => {
    let opened: TestDatabase;
    const objects = memoryObjects();
    const ports = () => ({
      windows: postgresWindowReader(opened.database),
      topology: topologyReader(opened.database),
      forecasts: postgresForecastStore(opened.database),
      latestDay: postgresLatestDay(opened.database),
      objects,
    });
    /** Before anything was made to add up. */
    const answers = new Map<string, ForecastResponse>();

    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
      await topologyWriter(opened.database).importTopology(topology);
      const registered = await postgresMeterRegistry(opened.database).find(METERS);
      for (const [n, meterId] of METERS.entries()) {
        const versions = householdLoad(DAYS, n + 1).map((energyWh, at) => {
          const start = START + at * HALF_HOUR;
          const slot = (start % DAY_MS) / HALF_HOUR;
          const meterNo = registered.get(meterId)?.meterNo ?? -1;
          const key = { meterNo, channel: 1, intervalMinutes: 30, day: dayOf(start), slot };
          return { ...key, energyWh, revision: 0, quality: 2, recordedAt: start };
        });
        await postgresReadingStore(opened.database).appendDeltas(ReadingColumns.of(versions));
      }
      const { output: built } = await buildRequests({ ...ports(), meters: true })({ execution: 'e', request: {} });
      const endpoint = {
        ask: async (request: unknown) => {
          const answered = answer(model, 'v1', request);
          const { entity } = request as { entity: ForecastEntity };
          answers.set(`${entity.kind}/${entity.id}`, answered);
          return { answer: answered };
        },
      };
      for (const shard of built.shards)
        await askModel({ endpoint, objects, clock: () => START, watch: () => {} })(shard);
      await storeForecasts(ports())({ issuedAt: built.issuedAt ?? '', shards: built.shards });
    }, 120_000);
    afterAll(() => opened.stop());

    const stored = async (entity: ForecastEntity) => {
      const [found] = await ports().forecasts.latest({ entity, asOf: START + 2 * DAYS * DAY_MS, count: 1 });
      return found?.intervals ?? [];
    };
    /** Every entity that has parts, with its parts. */
    const families = async () => {
      const placed = await forecastEntities(ports(), { meters: true });
      return placed.flatMap(({ entity }) => {
        const parts = placed.filter(({ parent }) => parent?.kind === entity.kind && parent.id === entity.id);
        return parts.length > 0 ? [{ entity, parts: parts.map((part) => part.entity) }] : [];
      });
    };

    test('meters, transformers, feeders and regions add up to what they are parts of, interval by interval', async () => {
      const all = await families();
      expect(Map.groupBy(all, ({ entity }) => entity.kind).size).toBe(4);
      let unsettled = 0;
      for (const { entity, parts } of all) {
        const whole = await stored(entity);
        const own = await Promise.all(parts.map(stored));
        expect([entity, whole.length]).toEqual([entity, INTERVALS]);
        whole.forEach(({ point, start }, index) => {
          const sum = own.reduce((total, intervals) => total + (intervals[index]?.point ?? Number.NaN), 0);
          expect([entity, start, sum.toFixed(6)]).toEqual([entity, start, point.toFixed(6)]);
          const answered = parts.reduce(
            (total, { kind, id }) => total + (answers.get(`${kind}/${id}`)?.intervals[index]?.point ?? Number.NaN),
            0,
          );
          if (Math.abs(answered - (answers.get(`${entity.kind}/${entity.id}`)?.intervals[index]?.point ?? 0)) > 1e-3)
            unsettled += 1;
        });
      }
      // What the model answered did not add up by itself.
      expect(unsettled).toBeGreaterThan(INTERVALS);
    });

    test('a band goes with its point: as wide as the model said where it stays above zero, ascending, never below zero', async () => {
      let moved = 0;
      for (const [key, { intervals: before }] of answers) {
        const [kind, id] = key.split('/') as [ForecastEntity['kind'], string];
        const after = await stored({ kind, id });
        after.forEach(({ point, quantiles }, index) => {
          const was = before[index] as (typeof before)[number];
          const shift = point - was.point;
          if (Math.abs(shift) > 1e-6) moved += 1;
          expect(point).toBeGreaterThanOrEqual(0);
          quantiles.forEach(({ level, value }, at) => {
            const said = was.quantiles[at] as (typeof was.quantiles)[number];
            expect([key, level, value.toFixed(6)]).toEqual([
              key,
              said.level,
              Math.max(0, said.value + shift).toFixed(6),
            ]);
            expect(value).toBeGreaterThanOrEqual(quantiles[at - 1]?.value ?? 0);
          });
        });
      }
      expect(moved).toBeGreaterThan(INTERVALS);
    });
  });
}
