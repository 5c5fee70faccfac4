import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeEndpointCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as tar from 'tar';
import { sealModel } from '../../models/container/sealed-model.ts';
import { Stack } from '../harness/stack.ts';
import { describeWithWeeks } from '../harness/weeks-of-readings.ts';

const stack = new Stack({ portBase: 9950, stateDir: '.cache/e2e-models' });
const folder = mkdtempSync(join(tmpdir(), 'e2e-models-'));
const tokens = new Map<string, string>();
let states: SFNClient;
let ssm: SSMClient;
let s3: S3Client;
let sagemaker: SageMakerClient;

const ENDPOINT = 'smart-grid-local-forecast';
/** An answer looks for each of seven quantiles of 96 half-hours among all residuals. */
const SEARCHES = 7 * 96;
const SLOW_MS = 4_000;

/** So many residuals that an answer takes some four seconds on this machine while it is idle. */
function slowResiduals(): number {
  const some = Array.from({ length: 100_000 }, () => ({ level: 0 }));
  const times = Array.from({ length: 5 }, () => {
    const began = performance.now();
    for (let search = 0; search < 20; search++) some.findIndex(({ level }) => level >= 1);
    return (performance.now() - began) / 20;
  });
  return Math.round((some.length * SLOW_MS) / (SEARCHES * Math.min(...times)));
}

const MACHINES_FUNCTIONS =
  /^(PrepareForecastTraining|RecordRun|ChooseCandidate|JudgeForecastCandidate|BuildForecastRequests|AskForecastModel|StoreForecasts)$/;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const parameter = async (name: string): Promise<string> =>
  (await ssm.send(new GetParameterCommand({ Name: `/smart-grid/local/${name}` }))).Parameter?.Value ?? '';
const champion = async () =>
  JSON.parse(await parameter('champions/forecast')) as { runId: string; modelDataUrl: string };

async function call(group: string, path: string, body?: unknown): Promise<{ status: number; json: never }> {
  const response = await fetch(`${stack.endpoints().api}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${tokens.get(group)}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as never };
}

async function start(machine: string, input: object): Promise<string> {
  const stateMachineArn = await parameter(`intelligence/forecast-${machine}-machine`);
  const { executionArn } = await states.send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
  );
  return executionArn ?? '';
}

async function ended(executionArn: string, meanwhile: () => Promise<unknown> = () => pause(500)) {
  for (;;) {
    const { status, output, error } = await states.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING') return { status, error, output: output === undefined ? undefined : JSON.parse(output) };
    await meanwhile();
  }
}
const run = async (machine: string, input: object = {}) => ended(await start(machine, input));

/** The alarms of a model watch periods of ten seconds; what the version before was asked last is told within one. */
const QUIET_MS = 12_000;

/** Alarms that call a deployment back; forecasts that fell back ring for minutes, and call nothing back. */
async function guards(): Promise<{ name: string; state: string }[]> {
  const view = (await (await fetch(`${stack.endpoints().console}/data/view`)).json()) as {
    alarms: { name: string; state: string; runbook: string | null }[];
  };
  const own = view.alarms.filter(({ name, runbook }) => runbook?.endsWith('models.md') && !name.includes('FallsBack'));
  expect(own.length).toBeGreaterThan(2);
  return own;
}

/** A promotion is called back while an alarm still rings for the version before it. */
async function quiet(): Promise<void> {
  let since = Date.now();
  let ringing: string[] = [];
  for (const until = Date.now() + 150_000; Date.now() < until; await pause(1_000)) {
    // Sound answers end an alarm sooner than silence does.
    ringing = (await guards()).filter(({ state }) => state === 'ALARM').map(({ name }) => name);
    if (ringing.length > 0) {
      await run('issuing');
      since = Date.now();
    }
    if (Date.now() - since > QUIET_MS) return;
  }
  throw new Error(`alarms of the model do not end: ${ringing.join(', ')}`);
}

/** Why the endpoint went back last, in SageMaker's words. */
async function rolledBackBy(): Promise<string> {
  const { FailureReason = '' } = await sagemaker.send(new DescribeEndpointCommand({ EndpointName: ENDPOINT }));
  return FailureReason;
}

const objectOf = (uri: string) => {
  const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  return { Bucket, Key };
};

/** A version like another, but for what `spoil` does to its file; sealed, as a training job would leave it. */
async function spoiled(modelDataUrl: string, name: string, spoil: (model: string) => string): Promise<string> {
  const { Bucket, Key } = objectOf(modelDataUrl);
  const archive = join(folder, `${name}.tar.gz`);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  writeFileSync(archive, (await Body?.transformToByteArray()) as Uint8Array);
  const from = mkdtempSync(join(folder, 'from-'));
  const to = mkdtempSync(join(folder, 'to-'));
  tar.extract({ sync: true, file: archive, cwd: from });
  rmSync(join(from, 'manifest.json'));
  const file = join(from, 'model.json');
  const before = readFileSync(file, 'utf8');
  const after = spoil(before);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
  sealModel({ name: 'forecast', from, to });
  tar.create({ sync: true, gzip: true, portable: true, cwd: to, file: archive }, ['.']);
  const own = `runs/forecast/${name}/output/model.tar.gz`;
  await s3.send(new PutObjectCommand({ Bucket, Key: own, Body: readFileSync(archive) }));
  return `s3://${Bucket}/${own}`;
}

/** What the dashboard shows of training and promotion. */
const progress = async () =>
  (await call('analyst', '/models/forecast/progress')).json as {
    training: object;
    promotion: { outcome: string; failure: string };
  };

interface Interval {
  start: string;
  point: number;
}
interface Run {
  runId: string;
  kind: string;
  artefact: string;
  decision: { passed: boolean } | null;
  packageArn: string;
}

describeWithWeeks('models on the whole stack', () => {
  let poor: Run;
  let first: string;

  beforeAll(async () => {
    const replay = ['--speed', 'max', '--from', '2012-06-01', '--days', '63'];
    await stack.start({ fresh: true, arguments: replay });
    for (const name of ['analyst', 'admin']) tokens.set(name, await stack.token(name));
    const settings = stack.operator();
    states = new SFNClient(settings);
    ssm = new SSMClient(settings);
    s3 = new S3Client({ ...settings, forcePathStyle: true });
    sagemaker = new SageMakerClient(settings);
    for (;;) {
      const day = await call(
        'analyst',
        '/system/consumption?granularity=day&tz=UTC&from=2012-08-01T00:00:00Z&to=2012-08-02T00:00:00Z',
      );
      const { periods } = day.json as { periods: { intervalsPresent: number }[] };
      if ((periods[0]?.intervalsPresent ?? 0) > 2000) break;
      await pause(1_000);
    }
    await pause(5_000);
    first = (await champion()).runId;
  }, 200_000);
  afterAll(async () => {
    await stack.stop();
    for (const client of [states, ssm, s3, sagemaker]) client?.destroy();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test('forecasts are issued by the seed, and their parts add up', async () => {
    expect(await run('issuing')).toMatchObject({ status: 'SUCCEEDED' });
    const intervalsOf = async (path: string) => {
      const { status, json } = await call('analyst', `/forecasts/${path}`);
      expect([path, status]).toEqual([path, 200]);
      return json as { fallback: string | null; intervals: Interval[]; issuedAt: string };
    };
    const system = await intervalsOf('system/system');
    expect(system.intervals).toHaveLength(96);
    // The seed knows no entity of this network and says so; the model itself answered.
    expect(system.fallback).toBe('not-trained-on-this-entity');
    const { feeders } = (await call('analyst', '/network')).json as { feeders: { feederId: string }[] };
    expect(feeders.length).toBeGreaterThan(1);
    const parts = await Promise.all(feeders.map(({ feederId }) => intervalsOf(`feeder/${feederId}`)));
    expect(new Set(parts.map(({ issuedAt }) => issuedAt))).toEqual(new Set([system.issuedAt]));
    const sumAt = (of: { intervals: Interval[] }[], index: number) =>
      of.reduce((total, { intervals }) => total + (intervals[index]?.point ?? Number.NaN), 0);
    system.intervals.forEach(({ point }, index) => {
      const sum = sumAt(parts, index);
      expect(Math.abs(sum - point)).toBeLessThan(1e-6 * Math.max(1, point));
    });
    // Meters add up to their transformer.
    const { items } = (await call('analyst', '/meters?limit=200')).json as {
      items: { meterId: string; transformerId: string }[];
    };
    const transformerId = items[0]?.transformerId ?? '';
    const [whole, ...meters] = await Promise.all([
      intervalsOf(`transformer/${transformerId}`),
      ...items
        .filter((meter) => meter.transformerId === transformerId)
        .map(({ meterId }) => intervalsOf(`meter/${meterId}`)),
    ]);
    expect(meters.length).toBeGreaterThan(0);
    expect(sumAt(meters, 0)).toBeCloseTo(whole?.intervals[0]?.point ?? Number.NaN, 6);
    // The same hour again is the same issue.
    expect(await run('issuing')).toMatchObject({ status: 'SUCCEEDED' });
    expect((await intervalsOf('system/system')).issuedAt).toBe(system.issuedAt);
  }, 120_000);

  test('a less accurate candidate never passes the gate, and is not promoted by hand either', async () => {
    const candidates = [{ model: 'seasonal', weeks: '1' }];
    const trained = await run('training', { reason: 'operator', budgetMinutes: 10, candidates });
    expect(trained).toMatchObject({ status: 'SUCCEEDED', output: { passed: false } });
    const { items } = (await call('analyst', '/models/forecast/runs')).json as { items: Run[] };
    poor = items.find(({ kind }) => kind === 'final') as Run;
    expect(poor.decision?.passed).toBe(false);
    expect(items).toHaveLength(3);
    expect((await call('admin', '/models/forecast/promote', { runId: poor.runId })).status).toBe(409);
    expect((await progress()).training).toMatchObject({
      outcome: 'kept-back',
      step: 'gate',
      runsDone: 3,
      runsPlanned: 3,
      runId: poor.runId,
    });
    expect((await champion()).runId).toBe(first);
  }, 120_000);

  test('a version that answers nonsense, fails or is slow is called back by its alarm, one that does not start at once', async () => {
    const promoted = async (name: string, spoil: (model: string) => string) => {
      const modelDataUrl = await spoiled(poor.artefact, name, spoil);
      await quiet();
      const execution = await start('promotion', { runId: name, packageArn: null, modelDataUrl });
      const rang = new Set<string>();
      let over = false;
      const watching = (async () => {
        for (; !over; await pause(1_000))
          for (const { name: alarm, state } of await guards()) if (state === 'ALARM') rang.add(alarm);
      })();
      const ending = await ended(execution, () => run('issuing'));
      over = true;
      await watching;
      expect([name, ending]).toEqual([name, { status: 'FAILED', error: 'RolledBack', output: undefined }]);
      expect((await champion()).runId).toBe(first);
      const { promotion } = await progress();
      expect([promotion.outcome, promotion.failure]).toEqual(['rolled-back', await rolledBackBy()]);
      return [promotion.failure, ...rang].join(' ');
    };
    const nonsense = (model: string) => model.replaceAll(/"value":-?[\d.e-]+/g, '"value":"much"');
    expect(await promoted('nonsense', nonsense)).toContain('Invalid');
    // Its residuals have a hole, over which every answer falls.
    expect(await promoted('failing', (model) => model.replace('"residuals":[', '"residuals":[null,'))).toContain(
      'Fails',
    );
    // On a busy machine it is so slow that it fails, too, and either alarm may be the first.
    const padding = '{"level":0,"value":0},'.repeat(slowResiduals());
    expect(await promoted('slow', (model) => model.replace('"residuals":[', `"residuals":[${padding}`))).toContain(
      'Slow',
    );
    expect(await promoted('broken', () => '{')).not.toContain('Alarm');
    expect(await run('issuing')).toMatchObject({ status: 'SUCCEEDED' });
  }, 480_000);

  test('what beats the champion takes its place by itself, and goes back by the API', async () => {
    const { packageArn, artefact: modelDataUrl, runId } = poor;
    const byOperator = { runId, packageArn, modelDataUrl };
    await quiet();
    expect(await run('promotion', byOperator)).toMatchObject({ status: 'SUCCEEDED' });
    expect((await champion()).runId).toBe(runId);
    const candidates = [{ model: 'seasonal', weeks: '6' }];
    const trained = await run('training', { reason: 'operator', budgetMinutes: 10, candidates });
    expect(trained.status).toBe('SUCCEEDED');
    const better = async () => (await champion()).runId !== runId;
    for (const until = Date.now() + 150_000; !(await better()) && Date.now() < until; ) await pause(1_000);
    const { items } = (await call('analyst', '/models/forecast/runs')).json as { items: Run[] };
    const newest = items.find(({ kind }) => kind === 'final') as Run;
    expect(newest.decision).toMatchObject({ passed: true });
    expect((await champion()).runId).toBe(newest.runId);
    expect((await call('admin', '/models/forecast/rollback', {})).status).toBe(202);
  }, 400_000);

  test('the functions of the machines have needed every grant they hold', async () => {
    const view = (await (await fetch(`${stack.endpoints().console}/data/view`)).json()) as {
      functions: { label: string; grants: { sid: string; used: boolean }[] }[];
    };
    const own = view.functions.filter(({ label }) => MACHINES_FUNCTIONS.test(label));
    expect(own).toHaveLength(7);
    const unused = own.flatMap(({ label, grants }) =>
      grants.flatMap(({ sid, used }) => (used ? [] : [`${label} ${sid}`])),
    );
    // SageMaker asks for the image with the caller's rights; its emulation reads the assembly.
    expect(unused).toEqual(['JudgeForecastCandidate RegisterImage']);
  });
});
