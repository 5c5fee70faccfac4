import { readFileSync } from 'node:fs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { setSettings } from '../../local/cli/grid-settings.ts';
import { connectDevice, provisionDevices } from '../harness/devices.ts';
import { Stack } from '../harness/stack.ts';
import { describeWithWeeks } from '../harness/weeks-of-readings.ts';

const stack = new Stack({ portBase: 9850, stateDir: '.cache/e2e-anomalies' });
const tokens = new Map<string, string>();
let states: SFNClient;
let ssm: SSMClient;
let lambda: LambdaClient;
let sns: SNSClient;
let sqs: SQSClient;

const HALF_HOUR_MS = 1_800_000;
const FUNCTIONS =
  /^(ScoreReadings|ChooseAlerts|NoteAlert|ListScoredMeters|BuildAnomalyRequests|AskAnomalyModel|StoreAnomalyScores|ListScoredSensors|ReadSensorWindows|ScoreSensors|anomalies)$/;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function call<Answer>(group: string, path: string, body?: unknown): Promise<{ status: number; json: Answer }> {
  const response = await fetch(`${stack.endpoints().api}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${tokens.get(group)}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Answer };
}

const parameter = async (wire: string): Promise<string> =>
  (await ssm.send(new GetParameterCommand({ Name: `/smart-grid/local/${wire}` }))).Parameter?.Value ?? '';

/** What the schedules do every minute, now. */
async function hurry(...wires: string[]): Promise<void> {
  for (const wire of wires) {
    const FunctionName = await parameter(wire);
    const { FunctionError } = await lambda.send(new InvokeCommand({ FunctionName, Payload: '{}' }));
    expect([wire, FunctionError]).toEqual([wire, undefined]);
  }
}

async function run(wire: string) {
  const stateMachineArn = await parameter(wire);
  const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn, input: '{}' }));
  for (;;) {
    const { status, output } = await states.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING') return { status, output: output === undefined ? undefined : JSON.parse(output) };
    await pause(300);
  }
}

async function until<Found>(look: () => Promise<Found | undefined>, seconds: number): Promise<Found> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(1_000)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`nothing after ${seconds} s`);
}

/** A queue that hears what people are told, as an operator would subscribe one. @returns what it has received so far. */
async function subscribedQueue(): Promise<() => Promise<{ Subject: string; Message: string }[]>> {
  const TopicArn = await parameter('alerts/topic');
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'people' }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const Endpoint = Attributes?.QueueArn ?? '';
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: Endpoint,
      Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
    },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  const heard: { Subject: string; Message: string }[] = [];
  return async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    for (const { Body, ReceiptHandle } of Messages) {
      heard.push(JSON.parse(Body ?? ''));
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    return heard;
  };
}

interface Anomaly {
  anomalyId: string;
  entity: { kind: string; id: string };
  since: string;
  signal: string;
  expected: { low: number; high: number } | null;
  value: number;
  oneIn: number;
  direction: string;
  alertedAt: string | null;
}

describeWithWeeks('anomalies on the whole stack', () => {
  // An interval of this device that has been read, some hours ago.
  const start = new Date(HALF_HOUR_MS * (Math.floor(Date.now() / HALF_HOUR_MS) - 8)).toISOString();
  let meterId: string;
  let heard: Awaited<ReturnType<typeof subscribedQueue>>;

  beforeAll(async () => {
    await stack.start({ fresh: true, arguments: [] });
    const { anomalies, ...others } = JSON.parse(readFileSync('docs/settings/default.json', 'utf8'));
    const settings = { ...others, anomalies: { ...anomalies, alertsPerDay: 100_000, gatherMinutes: 0 } };
    await setSettings(stack.operator(), 'local', Buffer.from(JSON.stringify(settings)));
    for (const name of ['analyst', 'operator', 'headend']) tokens.set(name, await stack.token(name));
    states = new SFNClient(stack.operator());
    ssm = new SSMClient(stack.operator());
    lambda = new LambdaClient(stack.operator());
    sns = new SNSClient(stack.operator());
    sqs = new SQSClient(stack.operator());
    heard = await subscribedQueue();
    meterId = stack.endpoints().device.meterId;
  }, 150_000);
  afterAll(async () => {
    await stack.stop();
    for (const client of [states, ssm, lambda, sns, sqs]) client?.destroy();
  }, 60_000);

  test('a fault of one device is found with its band and beginning, told, labelled, and the label is kept', async () => {
    const readings = `/meters/${meterId}/readings?from=${start}&to=${new Date(Date.parse(start) + HALF_HOUR_MS).toISOString()}`;
    await until(async () => {
      const { json } = await call<{ intervals?: unknown[] }>('analyst', readings);
      return json.intervals?.length === 1 ? true : undefined;
    }, 120);
    const fault = {
      meterId,
      channel: 'activeEnergyImport',
      unit: 'kWh',
      intervalMinutes: 30,
      start,
      value: 24.5,
      revision: 9,
    };
    const sent = await call('headend', '/readings:batch', { readings: [fault] });
    expect(sent.status).toBeLessThan(300);
    const earlier = new Date(Date.parse(start) - 4 * HALF_HOUR_MS).toISOString();
    const of = `/anomalies?meterId=${meterId}&from=${earlier}&to=${new Date(Date.now() + HALF_HOUR_MS).toISOString()}&order=since`;
    const found = await until(async () => {
      await hurry('processing/aggregate-windows-function', 'processing/score-readings-function');
      const { json } = await call<{ items: Anomaly[] }>('analyst', of);
      return json.items?.find(({ value }) => value === 24.5);
    }, 200);
    expect(found).toMatchObject({
      entity: { kind: 'meter', id: meterId },
      value: 24.5,
      unit: 'kWh',
      direction: 'high',
    });
    expect(found.expected?.high).toBeLessThan(24.5);
    expect(found.oneIn).toBeGreaterThan(1_000);
    const told = await until(async () => {
      await run('alerts/machine');
      const { json } = await call<Anomaly & { quietBecause: string | null }>(
        'analyst',
        `/anomalies/${found.anomalyId}`,
      );
      return (json.alertedAt ?? json.quietBecause) ? json : undefined;
    }, 120);
    expect(told).toMatchObject({ quietBecause: null, alertedAt: expect.any(String) });
    const message = await until(
      async () => (await heard()).find(({ Message }) => Message.includes(found.anomalyId)),
      30,
    );
    expect(message.Subject).toBe(`meter ${meterId}: high ${found.signal}, 24.5 kWh`);
    expect(message.Message).toContain('nine of ten are between');
    const label = { label: 'spike', note: 'as injected' };
    const labelled = await call('operator', `/anomalies/${found.anomalyId}/label`, label);
    expect(labelled).toMatchObject({ status: 200, json: { status: 'labelled', label } });
    const { json } = await call<{ items: Anomaly[] }>('analyst', `${of}&status=labelled`);
    expect(json.items.map(({ anomalyId }) => anomalyId)).toEqual([found.anomalyId]);
  }, 500_000);

  test('what a sensor measures is scored from the telemetry store, told and heard by a subscriber', async () => {
    const sensorId = 'F01-S';
    const [sensor] = await provisionDevices(stack, [sensorId]);
    if (!sensor) throw new Error('no sensor');
    const client = await connectDevice(stack.endpoints(), sensor);
    const rule = stack.endpoints().device.topic.split('/')[2]?.replace('interval_readings', 'sensor_telemetry');
    const sample = { sensorId, time: start, measurements: [{ kind: 'voltage', unit: 'V', phase: 'L2', value: 4321 }] };
    const topic = `$aws/rules/${rule}/sensors/${sensorId}/sensor-telemetry`;
    await client.publishAsync(topic, JSON.stringify(sample), { qos: 1 });
    await client.endAsync();
    const of = `/anomalies?sensorId=${sensorId}&from=${start}&order=since`;
    const found = await until(async () => {
      expect((await run('intelligence/sensor-scoring-machine')).status).toBe('SUCCEEDED');
      const { json } = await call<{ items: (Anomaly & { quantity: string; phase: string })[] }>('analyst', of);
      return json.items?.find(
        ({ direction, quantity, phase }) => [direction, quantity, phase].join() === 'low,voltage,L2',
      );
    }, 120);
    expect(found).toMatchObject({ entity: { kind: 'sensor', id: sensorId }, unit: 'V', value: 4321 });
    expect(found.expected?.low).toBeGreaterThan(6000);
    expect(found.oneIn).toBeGreaterThan(1_000);
    const message = await until(async () => {
      await run('alerts/machine');
      return (await heard()).find(({ Message }) => Message.includes(found.anomalyId));
    }, 60);
    expect(message.Subject).toBe(`sensor ${sensorId}: low ${found.signal}, 4321 V`);
    expect(message.Message).toContain('voltage L2');
  }, 300_000);

  test('the model behind the endpoint judges the last day of every meter', async () => {
    const judged = await run('intelligence/anomaly-scoring-machine');
    expect(judged.status).toBe('SUCCEEDED');
    const [shard] = judged.output as { judged: number; suspicious: number }[];
    expect(shard?.judged).toBeGreaterThan(30);
    expect(shard?.suspicious).toBeLessThan(10);
  }, 120_000);

  test('every function of this path made use of every grant', async () => {
    const view = await (await fetch(`${stack.endpoints().console}/data/view`)).json();
    const { functions } = view as { functions: { label: string; grants: { sid: string; used: boolean }[] }[] };
    const own = functions.filter(({ label }) => FUNCTIONS.test(label));
    expect(own).toHaveLength(11);
    const unused = own.flatMap(({ label, grants }) =>
      grants.flatMap(({ sid, used }) => (used ? [] : [`${label} ${sid}`])),
    );
    expect(unused).toEqual([]);
  });
});
