import { anomalyRoutes } from '../../../functions/api/anomalies/anomaly-routes.ts';
import { postgresAnomalyInbox } from '../../../layers/adapters/postgres/anomaly-inbox.ts';
import { postgresScoringStore } from '../../../layers/adapters/postgres/anomaly-scoring.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { postgresWindowAggregation } from '../../../layers/adapters/postgres/window-aggregation.ts';
import { DEFAULT_ANOMALY_SETTINGS } from '../../../layers/contracts/anomalies/settings.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import type { StoredAnomaly } from '../../../layers/domain/anomalies/anomaly.ts';
import { AnomalyTracker } from '../../../layers/domain/anomalies/anomaly-tracker.ts';
import { scoreReadings } from '../../../layers/domain/anomalies/score-readings.ts';
import { streamEpisodes } from '../../../layers/domain/anomalies/stream-episodes.ts';
import type { AuditRecord } from '../../../layers/domain/audit/audit-log.ts';
import { DAY_MS, dayOf } from '../../../layers/domain/readings/calendar-day.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';
import { aggregateWindows } from '../../../layers/domain/windows/aggregate-windows.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi } from '../../harness/api-events.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';
import { householdLoad } from '../../harness/household-load.ts';
import { seededRandom } from '../../harness/seeded-random.ts';
import { smallGrid } from '../../harness/small-grid.ts';

const HALF_HOUR = 1_800_000;
const START = Date.parse('2026-02-02T00:00:00Z');
const DAYS = 40;
/** A spike in one night, a meter that dies, and one whose last reading is a spike. */
const SPIKE = 35 * 48 + 5;
const DEAD = 38 * 48;
const loadOf = (meter: number): number[] => {
  const load = householdLoad(DAYS, meter);
  if (meter === 1) load[SPIKE] = 9000;
  if (meter === 2) load.fill(0, DEAD);
  if (meter === 3) load[DAYS * 48 - 1] = 9000;
  return load;
};

/** What a prosumer feeds in: by day alone, less where clouds pass; one noon nothing at all, one night something. */
const EXPORT_OUTAGE = 36 * 48 + 24;
const EXPORT_AT_NIGHT = 37 * 48 + 2;
const exportOf = (): number[] => {
  const random = seededRandom(9);
  return Array.from({ length: DAYS * 48 }, (_, n) => {
    const sun = Math.max(0, Math.sin((2 * Math.PI * ((n % 48) - 12)) / 48));
    const usual = Math.round(2000 * sun * (0.75 + 0.25 * random()));
    if (n >= EXPORT_OUTAGE && n < EXPORT_OUTAGE + 3) return 0;
    return n === EXPORT_AT_NIGHT ? 6000 : usual;
  });
};

interface Reading {
  meter: number;
  index: number;
  energyWh: number;
  revision: number;
  channel?: number;
}

for (const { name, open } of testDatabases(21_290)) {
  (open ? describe : describe.skip)(`scoring on ${name}`, () => {
    let opened: TestDatabase;
    let numbers: ReadonlyMap<string, { meterNo: number }>;
    const { leastSurprise } = DEFAULT_ANOMALY_SETTINGS;
    let now = START + DAYS * DAY_MS;

    const append = (readings: readonly Reading[]) => {
      const versions = readings.map(({ meter, index, energyWh, revision, channel = 1 }) => {
        const start = START + index * HALF_HOUR;
        const slot = (start % DAY_MS) / HALF_HOUR;
        const meterNo = numbers.get(`m${meter}`)?.meterNo ?? -1;
        const key = { meterNo, channel, intervalMinutes: 30, day: dayOf(start), slot };
        return { ...key, energyWh, revision, quality: 2, recordedAt: start };
      });
      return postgresReadingStore(opened.database).appendDeltas(ReadingColumns.of(versions));
    };
    const readingsOf = (meter: number, from = 0, to = DAYS * 48): Reading[] =>
      loadOf(meter)
        .slice(from, to)
        .map((energyWh, n) => ({ meter, index: from + n, energyWh, revision: 0 }));
    const run = async () => {
      await aggregateWindows(postgresWindowAggregation(opened.database));
      const store = postgresScoringStore(opened.database);
      const settings = async () => ({ ...DEFAULT_ANOMALY_SETTINGS, gatherMinutes: 0 });
      // What was noted is compared with the database's clock.
      return scoreReadings({ store, settings, clock: () => Date.now() + 60_000 })();
    };
    const inbox = () => postgresAnomalyInbox(opened.database);
    const all = (over: { status?: StoredAnomaly['status'] } = {}) =>
      inbox().list({ from: START, to: now, order: 'since', now, skip: 0, limit: 1000, ...over });
    const told = ({ entity, since, until, ongoing, signal, score }: StoredAnomaly) =>
      [entity.id, since, until, ongoing, signal, score.toFixed(9)].join(' ');
    /** What a tracker says that sees every reading in order, once. */
    const oracle = (meters: readonly number[]): string[] =>
      meters
        .flatMap((meter) => {
          const series = loadOf(meter).map((energyWh, n) => {
            const at = START + n * HALF_HOUR;
            return { at, end: at + HALF_HOUR, value: energyWh / 1000 };
          });
          const tracker = new AnomalyTracker({ timeZone: 'Australia/Sydney', seed: 1 });
          const subject = {
            entity: { kind: 'meter' as const, id: `m${meter}` },
            quantity: 'activeEnergyImport',
            phase: null,
          };
          return streamEpisodes(tracker, series, { subject, unit: 'kWh', from: START, leastSurprise });
        })
        .filter(({ recorded }) => recorded)
        .map((found) => told(found as unknown as StoredAnomaly))
        .sort();

    beforeAll(async () => {
      process.env.API_CLIENT_IDS = CLIENT_IDS;
      opened = await (open as () => Promise<TestDatabase>)();
      await topologyWriter(opened.database).importTopology(smallGrid('2025-01-01T00:00:00Z'));
      numbers = await postgresMeterRegistry(opened.database).find(['m1', 'm2', 'm3']);
    }, 120_000);
    afterAll(() => opened.stop());
    beforeEach(async () => {
      now = START + DAYS * DAY_MS;
      await opened.database.query(
        `TRUNCATE anomaly, anomaly_label, anomaly_snooze, meter_tracker, score_due, reading_delta, reading_block, reading_version,
           window_day, window_mark, window_due, window_known_day`,
      );
    });

    test('a spike and a dead meter are found, once, with band, since and how unusual; a second run changes nothing', async () => {
      await append([1, 2, 3].flatMap((meter) => readingsOf(meter)));
      expect(await run()).toMatchObject({ BucketsScored: 2, AnomaliesWithdrawn: 0 });
      const found = await all();
      expect(found.map(told).sort()).toEqual(oracle([1, 2, 3]));
      const spike = found.find(({ entity, since }) => entity.id === 'm1' && since === START + SPIKE * HALF_HOUR);
      expect(spike).toMatchObject({
        direction: 'high',
        value: 9,
        unit: 'kWh',
        ongoing: false,
        status: 'open',
        label: null,
      });
      expect(spike?.expected?.high).toBeLessThan(1.5);
      const dead = found.find(({ entity, since }) => entity.id === 'm2' && since >= START + DEAD * HALF_HOUR);
      expect(dead).toMatchObject({ direction: 'low', value: 0 });
      expect(found.filter(({ ongoing }) => ongoing)).toMatchObject([
        { entity: { id: 'm3' }, until: START + DAYS * DAY_MS },
      ]);
      await append(readingsOf(1, 37 * 48));
      expect(await run()).toMatchObject({ AnomaliesFound: 0, AnomaliesWithdrawn: 0 });
      expect((await all()).map(told).sort()).toEqual(oracle([1, 2, 3]));
    });

    test.each([1, 2, 3])(
      'late, repeated and out of order within a day, in many runs: as if in order, once (seed %d)',
      async (seed) => {
        const random = seededRandom(seed);
        await append([1, 2].flatMap((meter) => readingsOf(meter, 0, 33 * 48)));
        await run();
        const rest = [1, 2].flatMap((meter) => readingsOf(meter, 33 * 48));
        // Each comes up to a day late, and some come twice.
        const arrivals = rest
          .flatMap((reading) => (random() < 0.2 ? [reading, reading] : [reading]))
          .map((reading) => ({ reading, at: reading.index + random() * 47 }))
          .sort((a, b) => a.at - b.at);
        for (let from = 0; from < arrivals.length; ) {
          const count = 1 + Math.floor(random() * 120);
          await append(arrivals.slice(from, from + count).map(({ reading }) => reading));
          from += count;
          await run();
        }
        expect((await all({ status: 'open' })).map(told).sort()).toEqual(oracle([1, 2]));
      },
    );

    test('two runs at once give what one gives', async () => {
      await append([1, 2, 3].flatMap((meter) => readingsOf(meter)));
      await Promise.all(Array.from({ length: Math.min(3, opened.sessions) }, run));
      expect((await all()).map(told).sort()).toEqual(oracle([1, 2, 3]));
    });

    test('what a meter feeds in is scored beside what it takes, in both directions', async () => {
      const exported = exportOf().map((energyWh, index) => ({ meter: 1, index, energyWh, revision: 0, channel: 2 }));
      await append(readingsOf(1, 0, 36 * 48));
      await append(exported.slice(0, 36 * 48));
      await run();
      await append([...readingsOf(1, 36 * 48), ...exported.slice(36 * 48)]);
      await run();
      const found = await all({ status: 'open' });
      const taken = found.filter(({ quantity }) => quantity === 'activeEnergyImport');
      expect(taken.map(told).sort()).toEqual(oracle([1]));
      const fedIn = found.filter(({ quantity }) => quantity === 'activeEnergyExport');
      const near = (index: number) =>
        fedIn.find(({ peakAt }) => Math.abs(peakAt - START - index * HALF_HOUR) <= 2 * HALF_HOUR);
      expect(near(EXPORT_OUTAGE + 1)).toMatchObject({ entity: { id: 'm1' }, unit: 'kWh', direction: 'low', value: 0 });
      expect(near(EXPORT_AT_NIGHT)).toMatchObject({ direction: 'high', value: 6 });
      expect(fedIn.length).toBeLessThan(12);
    });

    test('a corrected reading withdraws its anomaly; one that is too late is not scored', async () => {
      await append(readingsOf(1, 0, SPIKE + 20));
      await run();
      const [spike] = await all();
      expect(spike).toMatchObject({ since: START + SPIKE * HALF_HOUR, status: 'open' });
      const usual = { meter: 1, index: SPIKE, energyWh: householdLoad(DAYS, 1)[SPIKE] as number, revision: 1 };
      await append([usual]);
      expect(await run()).toMatchObject({ AnomaliesWithdrawn: 1 });
      expect(await all({ status: 'withdrawn' })).toMatchObject([{ anomalyId: spike?.anomalyId }]);
      await append([{ ...usual, energyWh: 9000, revision: 2 }]);
      await run();
      expect(await all()).toMatchObject([{ anomalyId: spike?.anomalyId, status: 'open' }]);
      await append(readingsOf(1, SPIKE + 20));
      await run();
      await append([{ ...usual, revision: 3 }]);
      expect(await run()).toMatchObject({ AnomaliesWithdrawn: 0 });
      expect(await all()).toMatchObject([{ anomalyId: spike?.anomalyId, status: 'open' }]);
    });

    test('people see, label and snooze them by the API', async () => {
      await append([1, 2, 3].flatMap((meter) => readingsOf(meter)));
      await run();
      const audited = new Map<string, AuditRecord>();
      const note = async (records: readonly AuditRecord[]) => {
        for (const one of records) audited.set(`${one.entity}/${one.sequence}`, one);
      };
      const handler = apiHandler(anomalyRoutes({ inbox: inbox(), audit: { append: note } }), () => now);
      const list = async (query: Record<string, string> = {}) =>
        (await callApi(handler, routesById.listAnomalies, { query })).body as {
          items: Record<string, unknown>[];
          next: string | null;
        };
      const { items } = await list();
      const scores = items.map(({ score }) => Number(score));
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(await list({ minScore: '0.999999', status: 'labelled' })).toEqual({ items: [], next: null });
      const pages: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = await list({ limit: '1', ...(cursor === '' ? {} : { cursor }) });
        pages.push(...page.items);
        cursor = page.next;
      }
      expect(pages).toEqual(items);
      const spike = items.find(({ since }) => since === new Date(START + SPIKE * HALF_HOUR).toISOString());
      const anomalyId = String(spike?.anomalyId);
      const params = { anomalyId };
      const detail = await callApi(handler, routesById.getAnomaly, { params });
      expect(detail.body).toMatchObject({ ...spike, labels: [], snoozes: [] });
      expect((detail.body.explanation as unknown[]).length).toBe(5);
      const body = { label: 'spike', note: 'a charging car' };
      const label = () => callApi(handler, routesById.labelAnomaly, { params, body });
      expect(await label()).toMatchObject({
        status: 200,
        body: { status: 'labelled', label: { ...body, by: 'someone' } },
      });
      expect((await label()).body.labels).toHaveLength(1);
      const other = await callApi(handler, routesById.labelAnomaly, { params, body: { label: 'normal' } });
      expect([...audited.values()].map(({ action, details }) => `${action} ${details.label}`)).toEqual([
        'anomaly.label spike',
        'anomaly.label normal',
      ]);
      expect(other.body).toMatchObject({ label: { label: 'normal', note: null } });
      expect(other.body.labels).toHaveLength(2);
      expect((await list({ status: 'labelled' })).items).toHaveLength(1);
      const last = items.find(({ until }) => until === null);
      const snooze = (until: number) =>
        callApi(handler, routesById.snoozeAnomaly, {
          params: { anomalyId: String(last?.anomalyId) },
          body: { until: new Date(until).toISOString() },
        });
      expect((await snooze(now + DAY_MS)).body).toMatchObject({ status: 'snoozed', snoozes: [{ by: 'someone' }] });
      now += 2 * DAY_MS;
      expect((await list({ status: 'snoozed' })).items).toEqual([]);
      expect((await snooze(now + 400 * DAY_MS)).status).toBe(400);
      const nowhere = { params: { anomalyId: `ano-${'0'.repeat(24)}` } };
      expect((await callApi(handler, routesById.getAnomaly, nowhere)).status).toBe(404);
      expect((await callApi(handler, routesById.labelAnomaly, { ...nowhere, body })).status).toBe(404);
    });
  });
}
