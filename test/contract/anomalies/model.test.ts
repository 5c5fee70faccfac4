import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { askModel } from '../../../functions/learn/ask-anomaly-model/ask-model.ts';
import { buildRequests } from '../../../functions/learn/build-anomaly-requests/build-requests.ts';
import { scoringShards } from '../../../functions/learn/list-scored-meters/scoring-shards.ts';
import { prepareTraining } from '../../../functions/learn/prepare-anomaly-training/prepare-training.ts';
import { storeScores } from '../../../functions/learn/store-anomaly-scores/store-scores.ts';
import { postgresAnomalyInbox } from '../../../layers/adapters/postgres/anomaly-inbox.ts';
import { postgresAnomalyLabels } from '../../../layers/adapters/postgres/anomaly-labels.ts';
import { postgresLatestDay } from '../../../layers/adapters/postgres/latest-day.ts';
import { postgresMeterDirectory } from '../../../layers/adapters/postgres/meter-directory.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { postgresModelAnomalies } from '../../../layers/adapters/postgres/model-anomalies.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { DEFAULT_ANOMALY_SETTINGS } from '../../../layers/contracts/anomalies/settings.ts';
import { FAULT_LABELS } from '../../../layers/contracts/models/anomaly.ts';
import { anomalyLoss } from '../../../layers/domain/models/anomaly-loss.ts';
import { DAY_MS, dayOf } from '../../../layers/domain/readings/calendar-day.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';
import { anomalyContainer } from '../../../models/anomaly/container.ts';
import { evaluateModel } from '../../../models/container/evaluation.ts';
import type { LoadedModel } from '../../../models/container/model-container.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';
import { householdLoad } from '../../harness/household-load.ts';
import { memoryObjects } from '../../harness/memory-objects.ts';
import { smallGrid } from '../../harness/small-grid.ts';

const HALF_HOUR = 1_800_000;
const METERS = Array.from({ length: 16 }, (_, n) => `m${n + 1}`);
const DAYS = 90;
/** A local midnight of Sydney: every series is whole local days. */
const START = Date.parse('2026-04-05T14:00:00Z');
const END = START + DAYS * DAY_MS;
const SINCE_DAY = 84;

const grid = smallGrid('2025-01-01T00:00:00Z');
const channels = [{ channel: 'activeEnergyImport' as const, unit: 'kWh' as const, intervalMinutes: 30 as const }];
const topology = {
  ...grid,
  usagePoints: METERS.map((meterId) => ({
    usagePointId: `U-${meterId}`,
    transformerId: 'T1',
    lon: 151.2,
    lat: -33.8,
  })),
  meters: METERS.map((meterId) => ({
    meterId,
    usagePointId: `U-${meterId}`,
    from: '2025-01-01T00:00:00Z',
    channels,
  })),
};

/** The last meter is bypassed in its last six days. */
const loadOf = (n: number): number[] =>
  householdLoad(DAYS, n + 1).map((wh, at) =>
    n === METERS.length - 1 && at >= SINCE_DAY * 48 ? Math.round(wh * 0.03) : wh,
  );

const task = {
  model: 'anomaly' as const,
  execution: 'e1',
  startedAt: '2026-07-05T00:00:00Z',
  request: { reason: 'labels' as const, budgetMinutes: 10, candidates: [{ trees: '5' }] },
};
const folder = mkdtempSync(join(tmpdir(), 'anomaly-path-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Trained once: the same readings and labels are the same data version, whichever database they lie in. */
let trained: { dataVersion: string; model: LoadedModel; metrics: Record<string, number> } | undefined;

for (const { name, open } of testDatabases(21_330)) {
  (open ? describe : describe.skip)(`the anomaly model's path on ${name}`, () => {
    let opened: TestDatabase;
    const objects = memoryObjects();
    const ports = () => ({
      directory: postgresMeterDirectory(opened.database),
      readings: postgresReadingStore(opened.database),
      labels: postgresAnomalyLabels(opened.database),
      latestDay: postgresLatestDay(opened.database),
      objects,
    });
    const append = async (n: number, values: readonly number[], from = 0) => {
      const found = await postgresMeterRegistry(opened.database).find([METERS[n] ?? '']);
      const versions = values.map((energyWh, at) => {
        const start = START + (from + at) * HALF_HOUR;
        const slot = (start % DAY_MS) / HALF_HOUR;
        const meterNo = found.get(METERS[n] ?? '')?.meterNo ?? -1;
        const key = { meterNo, channel: 1, intervalMinutes: 30, day: dayOf(start), slot };
        return { ...key, energyWh, revision: 0, quality: 2, recordedAt: start };
      });
      await ports().readings.appendDeltas(ReadingColumns.of(versions));
    };
    const inbox = () => postgresAnomalyInbox(opened.database);
    const all = (meterId?: string) =>
      inbox().list({ from: START, to: END, now: END, order: 'score', skip: 0, limit: 100, meterId });
    const night = async (execution: string, model: LoadedModel) => {
      const { output } = await scoringShards(ports())({ execution });
      const told: { judged: number; suspicious: number }[] = [];
      for (const shard of output.shards) {
        const built = await buildRequests(ports())(shard);
        const endpoint = { ask: async (request: unknown) => ({ answer: model.invoke(request) }) };
        const asked = await askModel({ endpoint, objects, clock: () => 0, watch: () => {} })(built.output);
        expect(asked.output.failed).toBe(0);
        const store = storeScores({
          transaction: postgresModelAnomalies(opened.database),
          objects,
          settings: async () => ({ ...DEFAULT_ANOMALY_SETTINGS, leastFaultScore: 0.6 }),
          clock: () => END,
        });
        told.push((await store(asked.output)).output);
      }
      return told;
    };

    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
      await topologyWriter(opened.database).importTopology(topology);
      for (const n of METERS.keys()) await append(n, loadOf(n));
      // A reading of the day after: the days before it are whole.
      for (const n of METERS.keys())
        await append(
          n,
          Array.from({ length: 24 }, () => 200),
          DAYS * 48,
        );
      await opened.database.query(
        `INSERT INTO anomaly (anomaly_id, entity_kind, entity_id, quantity, source, since, until, ongoing, unit, signal, method, direction,
             score, value, peak_at, explanation, raised_at)
           VALUES ('ano-000000000000000000000000', 'meter', 'm2', 'activeEnergyImport', 'stream', to_timestamp($1), to_timestamp($2), false,
             'kWh', 'level', 'robust-z', 'low', 0.9, 0, to_timestamp($1), '[]', to_timestamp($2))`,
        [(START + 80 * DAY_MS) / 1000, (START + 82 * DAY_MS) / 1000],
      );
      const said = { note: null, from: START + 80 * DAY_MS, to: START + 82 * DAY_MS, by: 'someone' };
      await inbox().addLabel('ano-000000000000000000000000', { ...said, label: 'theft', at: END });
      await inbox().addLabel('ano-000000000000000000000000', { ...said, label: 'normal', at: END + 1 });
    }, 120_000);
    afterAll(() => opened.stop());

    test('labels are in the training channel, their meters are learned from, and the gate is by other meters', async () => {
      const { output: plan } = await prepareTraining(ports())(task);
      expect(plan.jobs.map(({ kind, fold, hyperparameters }) => [kind, fold, hyperparameters])).toEqual([
        ['backtest', 0, { timeZone: 'Australia/Sydney', trees: '5' }],
        ['backtest', 1, { timeZone: 'Australia/Sydney', trees: '5' }],
      ]);
      const base = `training/anomaly/${plan.dataVersion}/2`;
      expect(plan.holdout?.train).toBe(`s3://models/${base}/train/`);
      const keys = [...objects.kept.keys()].filter((key) => key.startsWith(`${base}/train/`));
      expect(keys).toHaveLength(METERS.length - 5 + 1);
      const text = async (key: string) => new TextDecoder().decode(await objects.read(key));
      expect(await text(`${base}/train/labels/labels.csv`)).toBe(
        'meterId,from,to,label\nm2,2026-06-24T14:00:00.000Z,2026-06-26T14:00:00.000Z,normal\n',
      );
      const readings = gunzipSync(await objects.read(`${base}/train/readings/m2.csv.gz`)).toString();
      expect(readings.split('\n').slice(0, 2)).toEqual(['time,value', `2026-04-05T14:00Z,${loadOf(1)[0]}`]);
      expect(readings.trim().split('\n')).toHaveLength(1 + DAYS * 48);
      const examples = (await text(`${base}/validation/examples.jsonl`)).trim().split('\n');
      const parsed = examples.map((line) => JSON.parse(line) as { block: string; label: string });
      expect(new Set(parsed.map(({ block }) => block)).size).toBe(5);
      expect(new Set(parsed.map(({ label }) => label))).toEqual(new Set(FAULT_LABELS));
      const learned = new Set(keys.map((key) => /readings\/(m\d+)/.exec(key)?.[1]));
      expect(parsed.filter(({ block }) => learned.has(block))).toEqual([]);
      expect(learned.has('m2')).toBe(true);
      const again = await prepareTraining(ports())(task);
      expect(again.output).toEqual(plan);
      await inbox().addLabel('ano-000000000000000000000000', {
        label: 'theft',
        note: null,
        from: START + 80 * DAY_MS,
        to: START + 82 * DAY_MS,
        by: 'someone',
        at: END + 2,
      });
      expect((await prepareTraining(ports())(task)).output.dataVersion).not.toBe(plan.dataVersion);
      trained ??= await train(objects, plan.dataVersion);
      expect(plan.dataVersion).toBe(trained.dataVersion);
      // Without any knowledge the mean over so many faults is far worse than a quarter.
      expect(trained.metrics.detection).toBeLessThan(0.2);
      for (const label of FAULT_LABELS) expect(trained.metrics[`detection_${label}`]).toBeGreaterThanOrEqual(0);
    }, 180_000);

    test('a bypassed meter is found at night, once, and over when it is usual again', async () => {
      const model = trained?.model as LoadedModel;
      const [judged] = await night('n1', model);
      expect(judged?.judged).toBe(METERS.length);
      const [found] = await all('m16');
      expect(found).toMatchObject({ source: 'model', direction: 'low', ongoing: true, until: END, status: 'open' });
      expect(found?.method).toMatch(/forest|ensemble/);
      expect(found?.since).toBeGreaterThanOrEqual(START + (SINCE_DAY - 1) * DAY_MS);
      expect(found?.modelVersion).toMatch(/^[0-9a-f]{16}$/);
      const before = await all();
      expect(await night('n2', model)).toEqual([judged]);
      expect(await all()).toEqual(before);
      const usual = householdLoad(10, METERS.length);
      for (let day = 0; day < 10; day++)
        for (const n of METERS.keys())
          await append(
            n,
            (n === METERS.length - 1 ? usual : householdLoad(10, n + 1)).slice(day * 48, (day + 1) * 48),
            (DAYS + 1 + day) * 48,
          );
      await night('n3', model);
      const [later] = await all('m16');
      expect(later).toMatchObject({ anomalyId: found?.anomalyId, ongoing: false, until: END });
    }, 180_000);
  });
}

async function train(objects: { kept: Map<string, Uint8Array> }, dataVersion: string) {
  const base = `training/anomaly/${dataVersion}/2/`;
  for (const [key, bytes] of objects.kept) {
    if (!key.startsWith(base)) continue;
    const path = join(folder, key.slice(base.length));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  const modelDir = join(folder, 'model');
  mkdirSync(modelDir, { recursive: true });
  const { signal } = new AbortController();
  await anomalyContainer.train({
    hyperparameters: { timeZone: 'Australia/Sydney', trees: '5' },
    channels: { train: join(folder, 'train') },
    modelDir,
    signal,
    metric: () => {},
  });
  const model = await anomalyContainer.load(modelDir);
  const evaluated = await evaluateModel({
    model,
    evaluation: { loss: anomalyLoss },
    folder: join(folder, 'validation'),
    signal,
  });
  return { dataVersion, model, metrics: evaluated.metrics };
}
