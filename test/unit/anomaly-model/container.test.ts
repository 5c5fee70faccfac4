import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AnomalyResponse,
  anomalyResponse,
  FAULT_CLASSES,
  type MeterWindow,
} from '../../../layers/contracts/models/anomaly.ts';
import { anomalyContainer } from '../../../models/anomaly/container.ts';
import { householdData } from '../../harness/household-data.ts';

const PER_DAY = 24;
/** A quarter of a year of a few households: enough to learn what a dead meter looks like. */
const TRAINED_DAYS = 90;
const METERS = ['m001', 'm002'];

const { starts, wh } = householdData();
/** Hourly is enough and half the work. */
const HOUR_MS = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'anomaly-model-'));
const readings = join(folder, 'readings');

/** Days [from, to) of a household from its first complete day on. */
const daysOf = (meterId: string, from: number, to: number): (number | null)[] => {
  const halves = wh.get(meterId) ?? [];
  const first = Math.ceil(halves.findIndex((value) => value !== undefined) / (2 * PER_DAY)) * PER_DAY;
  return Array.from({ length: (to - from) * PER_DAY }, (_, n) => {
    const at = 2 * (first + from * PER_DAY + n);
    const [early, late] = [halves[at], halves[at + 1]];
    return early === undefined || late === undefined ? null : early + late;
  });
};

const window = (imported: (number | null)[], more: Partial<MeterWindow> = {}): MeterWindow => ({
  meterId: 'm009',
  timeZone: 'Australia/Brisbane',
  start: '2013-01-01T00:00:00+10:00',
  intervalMinutes: 60,
  imported,
  ...more,
});

const train = async (modelDir: string, channels: Record<string, string> = { readings }) => {
  mkdirSync(modelDir, { recursive: true });
  const metrics: Record<string, number> = {};
  await anomalyContainer.train({
    hyperparameters: { timeZone: 'Australia/Brisbane', seed: '3', trees: '6' },
    channels,
    modelDir,
    signal: new AbortController().signal,
    metric: (name, value) => {
      metrics[name] = value;
    },
  });
  return metrics;
};

const invoke = async (windows: unknown[], modelDir = join(folder, 'model')): Promise<AnomalyResponse['windows']> => {
  const model = await anomalyContainer.load(modelDir);
  return anomalyResponse.parse(model.invoke({ windows })).windows;
};

beforeAll(async () => {
  mkdirSync(readings);
  for (const meterId of METERS) {
    const rows = daysOf(meterId, 0, TRAINED_DAYS).map(
      (value, n) => `${new Date((starts[0] as number) + n * HOUR_MS).toISOString()},${value ?? ''}`,
    );
    writeFileSync(join(readings, `${meterId}.csv`), `time,value\n${rows.join('\n')}\n`);
  }
  await train(join(folder, 'model'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a dead meter is told from a living one, with what is unusual and since when', async () => {
  const living = daysOf('m009', 0, 56);
  const dead = living.map((value, n) => (n >= 51 * PER_DAY && value !== null ? 0 : value));
  const [clean, faulty] = await invoke([window(living), window(dead)]);
  expect(faulty?.score).toBeGreaterThan(0.5);
  expect(faulty?.score).toBeGreaterThan((clean?.score ?? 1) + 0.2);
  expect(faulty?.explanation.find(({ signal }) => signal === 'mean')).toMatchObject({ value: 0, direction: 'low' });
  expect(faulty?.since).toMatch(/T14:00:00.000Z$/);
  expect(faulty?.day).toBe('2013-02-25');
});

test('the same seed and readings give the same bytes', async () => {
  await train(join(folder, 'again'));
  expect(readFileSync(join(folder, 'again', 'ensemble.bin'))).toEqual(
    readFileSync(join(folder, 'model', 'ensemble.bin')),
  );
});

test('what people say changes the model', async () => {
  const labels = join(folder, 'labels');
  mkdirSync(labels);
  writeFileSync(
    join(labels, 'feedback.csv'),
    'meterId,from,to,label\nm001,2012-07-01T00:00:00Z,2012-07-20T00:00:00Z,theft\nm404,2012-07-01T00:00:00Z,2012-07-20T00:00:00Z,normal\n',
  );
  expect(await train(join(folder, 'told'), { readings, labels })).toMatchObject({ meters: 2, labelled_spans: 1 });
  const labelled = window(daysOf('m001', 0, 70), { peers: daysOf('m002', 0, 70) });
  const [before] = await invoke([labelled]);
  const [after] = await invoke([labelled], join(folder, 'told'));
  expect(after?.faults.theft).toBeGreaterThan(before?.faults.theft ?? 1);
});

test.each<[string, MeterWindow]>([
  ['one day of history', window(daysOf('m009', 0, 1))],
  ['one reading', window([12])],
  ['no reading at all', window(Array.from({ length: 56 * PER_DAY }, () => null))],
  ['always zero', window(Array.from({ length: 56 * PER_DAY }, () => 0))],
  ['constant', window(Array.from({ length: 56 * PER_DAY }, () => 250))],
  [
    'a day of 23 hours',
    window(daysOf('m009', 0, 30), { timeZone: 'Australia/Sydney', start: '2013-09-10T00:00:00+10:00' }),
  ],
  [
    'a day of 25 hours',
    window(daysOf('m009', 0, 30), { timeZone: 'Australia/Sydney', start: '2013-03-10T00:00:00+11:00' }),
  ],
  ['half-hourly readings', window(daysOf('m009', 0, 30), { intervalMinutes: 30 })],
  ['generation', window(daysOf('m009', 0, 56), { exported: daysOf('m010', 0, 56).map((value) => value ?? 0) })],
  ['peers', window(daysOf('m009', 0, 56), { peers: daysOf('m010', 0, 56) })],
])('%s is judged', async (_, asked) => {
  const [answer] = await invoke([asked]);
  expect(answer?.score).toBeGreaterThanOrEqual(0);
  expect(FAULT_CLASSES.reduce((sum, fault) => sum + (answer?.faults[fault] ?? 0), 0)).toBeCloseTo(
    answer?.score ?? -1,
    5,
  );
});

test('nothing later than the judged day counts: a window cut at a day gives what that day gave', async () => {
  const values = daysOf('m009', 0, 60);
  const whole = await invoke([window(values.slice(0, 50 * PER_DAY))]);
  const poisoned = [...values.slice(0, 50 * PER_DAY), ...Array.from({ length: 5 * PER_DAY }, () => 99_999)];
  expect(await invoke([window(poisoned.slice(0, 50 * PER_DAY))])).toEqual(whole);
});

test('a request that breaks the contract is refused', async () => {
  const model = await anomalyContainer.load(join(folder, 'model'));
  expect(() => model.invoke({ windows: [window([1, 2], { exported: [1] })] })).toThrow(/exported/);
});

test('what is wrong with the channels is said', async () => {
  await expect(train(join(folder, 'none'), {})).rejects.toThrow('the channel "readings" is missing');
  const bad = join(folder, 'bad');
  mkdirSync(bad);
  writeFileSync(join(bad, 'm1.csv'), 'time,value\n2013-01-01T00:00:00Z,1\nyesterday,2\n');
  await expect(train(join(folder, 'none'), { readings: bad })).rejects.toThrow(
    'm1.csv:3: not a time and numbers: yesterday,2',
  );
});

test('a file that is cut short or of another version is no model', async () => {
  const bytes = readFileSync(join(folder, 'model', 'ensemble.bin'));
  const broken = join(folder, 'broken');
  mkdirSync(broken);
  writeFileSync(join(broken, 'ensemble.bin'), bytes.subarray(0, bytes.length - 1));
  await expect(anomalyContainer.load(broken)).rejects.toThrow('is cut short');
  writeFileSync(join(broken, 'ensemble.bin'), bytes.toString('latin1').replace('level', 'lever'), 'latin1');
  await expect(anomalyContainer.load(broken)).rejects.toThrow('train it anew');
});
