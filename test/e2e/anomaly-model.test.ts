import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { Stack } from '../harness/stack.ts';
import { describeWithWeeks } from '../harness/weeks-of-readings.ts';

const stack = new Stack({ portBase: 9750, stateDir: '.cache/e2e-anomaly-model' });
const tokens = new Map<string, string>();
let states: SFNClient;
let ssm: SSMClient;
let endpoint: SageMakerRuntimeClient;

const FUNCTIONS = /^(PrepareAnomalyTraining|RecordRun|ChooseCandidate|JudgeAnomalyCandidate)$/;
const FIRST_DAY = '2012-06-01';
/** The twelve weeks that the forest needs, and some days. */
const DAYS = 88;
/** Three folds hold out eight each; the others and these take turns to be learned from. */
const METERS = 30;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const parameter = async (name: string): Promise<string> =>
  (await ssm.send(new GetParameterCommand({ Name: `/smart-grid/local/${name}` }))).Parameter?.Value ?? '';
const champion = async () => (JSON.parse(await parameter('champions/anomaly')) as { runId: string }).runId;

async function call<Answer>(group: string, path: string, body?: unknown): Promise<{ status: number; json: Answer }> {
  const response = await fetch(`${stack.endpoints().api}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${tokens.get(group)}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Answer };
}

async function run(machine: string, input: object = {}) {
  const stateMachineArn = await parameter(`intelligence/anomaly-${machine}-machine`);
  const { executionArn } = await states.send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
  );
  for (;;) {
    const { status, output, error } = await states.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING') return { status, error, output: output === undefined ? undefined : JSON.parse(output) };
    await pause(500);
  }
}

const train = (trees: string) =>
  run('training', { reason: 'operator', budgetMinutes: 10, candidates: [{ trees, strideDays: '84' }] });

/** Waits for a promotion that somebody started to end with this version as the champion. */
async function serves(runId: string): Promise<void> {
  for (const until = Date.now() + 150_000; Date.now() < until; await pause(1_000))
    if ((await champion()) === runId) return;
  throw new Error(`${await champion()} serves, and not ${runId}`);
}

/** The version of the model that the endpoint answers by. */
async function answersBy(): Promise<string> {
  const start = `${FIRST_DAY}T00:00:00Z`;
  const imported = Array.from({ length: 56 * 48 }, (_, n) => 200 + 150 * Math.sin(n / 7.6) + (n % 5));
  const window = { meterId: 'a', timeZone: 'UTC', start, intervalMinutes: 30, imported };
  const EndpointName = 'smart-grid-local-anomaly';
  const { Body } = await endpoint.send(
    new InvokeEndpointCommand({
      EndpointName,
      ContentType: 'application/json',
      Body: JSON.stringify({ windows: [window] }),
    }),
  );
  return (JSON.parse(new TextDecoder().decode(Body)) as { modelVersion: string }).modelVersion;
}

interface Run {
  runId: string;
  kind: string;
  artefact: string;
  packageArn: string;
  metrics: Record<string, number>;
  decision: { passed: boolean; blocks: number } | null;
}

const finals = async (): Promise<Run[]> =>
  (await call<{ items: Run[] }>('analyst', '/models/anomaly/runs')).json.items.filter(({ kind }) => kind === 'final');

describeWithWeeks('the anomaly model on the whole stack', () => {
  let seed: string;
  let poor: Run;

  beforeAll(async () => {
    await stack.start({
      fresh: true,
      arguments: ['--speed', 'max', '--from', FIRST_DAY, '--days', String(DAYS), '--meters', String(METERS)],
    });
    for (const name of ['analyst', 'admin']) tokens.set(name, await stack.token(name));
    const settings = stack.operator();
    states = new SFNClient(settings);
    ssm = new SSMClient(settings);
    endpoint = new SageMakerRuntimeClient(settings);
    const last = Date.parse(`${FIRST_DAY}T00:00:00Z`) + (DAYS - 2) * 86_400_000;
    const range = `from=${new Date(last).toISOString()}&to=${new Date(last + 86_400_000).toISOString()}`;
    // Replayed whole: the last day has readings, and no more come.
    for (let before = 0; ; await pause(5_000)) {
      const { json } = await call<{ periods: { intervalsPresent: number }[] }>(
        'analyst',
        `/system/consumption?granularity=day&tz=UTC&${range}`,
      );
      const present = json.periods[0]?.intervalsPresent ?? 0;
      if (present > 0 && present === before) break;
      before = present;
    }
    seed = await champion();
  }, 200_000);
  afterAll(async () => {
    await stack.stop();
    for (const client of [states, ssm, endpoint]) client?.destroy();
  }, 60_000);

  test('the seed serves, with a card of how it was measured', async () => {
    expect(seed).toMatch(/^seed-/);
    const { status, json } = await call<{ serves: boolean; metrics: { metric: string; value: number | null }[] }>(
      'analyst',
      `/models/anomaly/runs/${seed}`,
    );
    expect(status).toBe(200);
    expect(json.serves).toBe(true);
    expect(json.metrics.find(({ metric }) => metric === 'detection')?.value).toBeGreaterThan(0);
  }, 30_000);

  test('a less accurate candidate is trained, registered and refused, and not promoted by hand either', async () => {
    expect(await train('1')).toMatchObject({ status: 'SUCCEEDED', error: undefined, output: { passed: false } });
    const [found] = await finals();
    poor = found as Run;
    expect(poor.decision).toMatchObject({ passed: false });
    expect(poor.decision?.blocks).toBeGreaterThanOrEqual(5);
    expect(poor.packageArn).toContain('model-package');
    expect((await call('admin', '/models/anomaly/promote', { runId: poor.runId })).status).toBe(409);
    expect(await champion()).toBe(seed);
  }, 240_000);

  test('what an operator promotes past the gate serves by the endpoint, and goes back by the API', async () => {
    const { packageArn, artefact: modelDataUrl, runId } = poor;
    const before = await answersBy();
    expect(await run('promotion', { runId, packageArn, modelDataUrl })).toMatchObject({ status: 'SUCCEEDED' });
    expect(await champion()).toBe(runId);
    expect(await answersBy()).not.toBe(before);
    expect((await call('admin', '/models/anomaly/rollback', {})).status).toBe(202);
    await serves(seed);
    expect(await answersBy()).toBe(before);
  }, 300_000);

  test('the functions of the machines have needed every grant they hold', async () => {
    const view = (await (await fetch(`${stack.endpoints().console}/data/view`)).json()) as {
      functions: { label: string; grants: { sid: string; used: boolean }[] }[];
    };
    const own = view.functions.filter(({ label }) => FUNCTIONS.test(label));
    expect(own).toHaveLength(4);
    const unused = own.flatMap(({ label, grants }) =>
      grants.flatMap(({ sid, used }) => (used ? [] : [`${label} ${sid}`])),
    );
    // SageMaker asks for the image with the caller's rights; its emulation reads the assembly.
    expect(unused).toEqual(['JudgeAnomalyCandidate RegisterImage']);
  });
});
