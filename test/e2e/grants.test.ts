import { readFileSync } from 'node:fs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Route } from '../../layers/contracts/api/route.ts';
import { routes } from '../../layers/contracts/api/routes.ts';
import { setSettings } from '../../local/cli/grid-settings.ts';
import { connectDevice, provisionDevices } from '../harness/devices.ts';
import { Stack } from '../harness/stack.ts';

interface FunctionView {
  name: string;
  label: string;
  grants: { sid: string; used: boolean }[];
}

/** What no run of a healthy stack needs; the exact table of test/infra holds these. */
const ONLY_IN_TROUBLE: Readonly<Record<string, string>> = {
  'quarantine KnowWhatIsMissing': 'when an object is gone that the index names',
  'WatchQuarantine NoteFailedBatches': 'when a batch was given up',
  'WatchQuarantine UseDataKey': 'when a batch was given up',
  'anomalies AppendAudit': 'when somebody labels an anomaly',
  'anomalies UseDataKey': 'when somebody labels an anomaly',
  'models StartPromotions': 'when an administrator promotes a version, or takes one back',
  'models SeeExecutions': 'when a model was trained or promoted: test/e2e/models.test.ts',
  'models SeeEndpoints': 'when a promotion went back: test/e2e/models.test.ts',
  'EmptyBuckets ListObjects': 'when a stage is removed',
  'EmptyBuckets DeleteObjects': 'when a stage is removed',
  'StoreReadings KeepFailedBatches': 'when a record has been retried for seven days',
  'StoreTelemetry KeepFailedBatches': 'when a record has been retried for seven days',
};
/**
 * Functions of the state machines need weeks of readings to have anything to do: test/e2e/{models,anomalies}.test.ts hold them to the same, but for
 * the training of the anomaly model, which needs twelve: test/contract/anomalies/model.test.ts walks its path.
 */
const AT_WORK_ELSEWHERE =
  /^(PrepareForecastTraining|RecordRun|ChooseCandidate|Judge(Forecast|Anomaly)Candidate|BuildForecastRequests|AskForecastModel|StoreForecasts|PrepareAnomalyTraining|ListScoredMeters|BuildAnomalyRequests|AskAnomalyModel|StoreAnomalyScores|NoteAlert|ListScoredSensors|ReadSensorWindows|ScoreSensors) /;
const SETTLED_WITHIN_MS = 60_000;

const stack = new Stack({ portBase: 9900, stateDir: '.cache/e2e-grants' });
const tokens = new Map<string, string>();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const functionsNow = async (): Promise<FunctionView[]> => {
  const view = await fetch(`${stack.endpoints().console}/data/view`);
  return ((await view.json()) as { functions: FunctionView[] }).functions;
};

const unused = async (): Promise<string[]> =>
  (await functionsNow()).flatMap(({ label, grants }) =>
    grants.flatMap(({ sid, used }) => (used ? [] : [`${label} ${sid}`])),
  );

/** Things that exist in the fleet's topology, by the name of the path parameter that means them. */
const ids: Record<string, string> = {
  meterId: 'm001',
  transformerId: 'T01',
  feederId: 'F01',
  regionId: 'NSW',
  sensorId: 'F01-S',
  batchId: crypto.randomUUID(),
  quarantineId: '0'.repeat(64),
  channel: 'activeEnergyImport',
  intervalStart: '2012-10-01T00:00:00Z',
  outageId: `out-${'0'.repeat(24)}`,
  anomalyId: `ano-${'0'.repeat(24)}`,
  entity: 'system',
  id: 'system',
  modelId: 'forecast',
  runId: 'none',
  usagePointId: 'UP001',
};
const now = Date.now();
const query: Record<string, string> = {
  from: new Date(now - 86_400_000).toISOString(),
  to: new Date(now).toISOString(),
  granularity: 'hour',
  tz: 'Australia/Sydney',
  kind: 'activePower',
  cycle: '2012-10',
};

async function ask(
  route: Route,
  body?: unknown,
  more: { params?: Record<string, string>; query?: Record<string, string>; headers?: Record<string, string> } = {},
): Promise<Response> {
  const caller = 'public' in route.access ? '' : tokens.get(route.access.groups[0] ?? 'headend');
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ({ ...ids, ...more.params })[name] ?? 'none');
  const shape = route.query ? (route.query as unknown as { shape: Record<string, unknown> }).shape : {};
  // The quarantine has kinds of its own, and what is looked for there comes after the usual range.
  const usual: Record<string, string> = route.function === 'quarantine' ? {} : query;
  const asked = new URLSearchParams(Object.entries({ ...usual, ...more.query }).filter(([name]) => name in shape));
  return fetch(`${stack.endpoints().api}${path}?${asked}`, {
    method: route.method,
    headers: {
      ...(caller ? { authorization: `Bearer ${caller}` } : {}),
      ...(body ? { 'content-type': 'application/json', 'idempotency-key': 'grants-test' } : {}),
      ...more.headers,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

const routeOf = (id: string): Route => {
  const found = routes.find((route) => route.id === id);
  if (!found) throw new Error(`no route ${id}`);
  return found;
};

function exampleReading(): Record<string, unknown> {
  const { example } = stack.endpoints().device;
  return { ...(typeof example === 'string' ? JSON.parse(example) : example), meterId: ids.meterId };
}

async function publishGoodAndBad(): Promise<void> {
  const endpoints = stack.endpoints();
  const { meterId, topic } = endpoints.device;
  const reading = exampleReading();
  const telemetry = {
    sensorId: ids.sensorId,
    time: new Date(now).toISOString(),
    measurements: [{ kind: 'activePower', unit: 'kW', value: 12.3 }],
  };
  const [meter, sensor] = await provisionDevices(stack, [ids.meterId ?? '', ids.sensorId ?? '']);
  if (!meter || !sensor) throw new Error('no devices');
  const ofMeter = topic.replace(meterId, meter.deviceId);
  const ofSensor = ofMeter
    .replace('interval_readings', 'sensor_telemetry')
    .replace(`meters/${meter.deviceId}/interval-readings`, `sensors/${sensor.deviceId}/sensor-telemetry`);
  for (const [identity, to, message] of [
    [meter, ofMeter, reading],
    [sensor, ofSensor, telemetry],
  ] as const) {
    const client = await connectDevice(endpoints, identity);
    for (const payload of [JSON.stringify(message), 'nothing of ours'])
      await client.publishAsync(to, payload, { qos: 1 });
    await client.endAsync();
  }
}

/** An operator corrects and replays one bad message, discards another, and edits a reading. */
async function operate(): Promise<void> {
  const waiting = async (): Promise<string[]> => {
    const list = (await (await ask(routeOf('listQuarantine'))).json()) as { items: { id: string; kind: string }[] };
    return ['interval-readings', 'sensor-telemetry'].flatMap(
      (kind) => list.items.find((item) => item.kind === kind)?.id ?? [],
    );
  };
  for (const end = Date.now() + SETTLED_WITHIN_MS; (await waiting()).length < 2 && Date.now() < end; ) await pause(500);
  const [message = '', sample = ''] = await waiting();
  const reason = 'a test of grants';
  const payload = Buffer.from(JSON.stringify(exampleReading())).toString('base64');
  const ofMessage = { params: { quarantineId: message } };
  const answers = [
    await ask(routeOf('correctQuarantined'), { payload, reason }, ofMessage),
    await ask(routeOf('getQuarantined'), undefined, ofMessage),
    await ask(routeOf('replayQuarantined'), { reason }, ofMessage),
    await ask(routeOf('discardQuarantined'), undefined, { params: { quarantineId: sample }, query: { reason } }),
  ];
  const before = (await (await ask(routeOf('getReading'))).json()) as { etag: string };
  answers.push(await ask(routeOf('editReading'), { value: 0.5, reason }, { headers: { 'if-match': before.etag } }));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
}

/** Runs what schedules run, now. */
async function runSchedules(): Promise<void> {
  const lambda = new LambdaClient(stack.operator());
  try {
    for (const { name, label } of await functionsNow()) {
      if (!/^(Compact|WatchQuarantine|PublishSettings|DetectOutages)/.test(label)) continue;
      const { FunctionError } = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: '{}' }));
      expect([label, FunctionError]).toEqual([label, undefined]);
    }
  } finally {
    lambda.destroy();
  }
}

describe('the whole stack at work', () => {
  beforeAll(async () => {
    await stack.start({ fresh: true });
    for (const name of ['viewer', 'analyst', 'operator', 'admin', 'headend']) tokens.set(name, await stack.token(name));
  }, 150_000);
  afterAll(() => stack.stop(), 60_000);

  test('every route that reads answers', async () => {
    const reading = routes.filter(({ method }) => method === 'GET');
    expect(reading.length).toBeGreaterThan(10);
    for (const route of reading) {
      const response = await ask(route);
      const text = await response.text();
      if (response.status >= 500 || response.status === 400 || response.status === 401 || response.status === 403)
        throw new Error(`${route.id}: ${response.status} ${text}`);
    }
  }, 120_000);

  test('routes that write, devices and schedules do their work', async () => {
    const accepted = await ask(routeOf('acceptBatch'), { readings: [exampleReading()] });
    expect(accepted.status).toBe(202);
    ids.batchId = ((await accepted.json()) as { batchId: string }).batchId;
    expect((await ask(routeOf('getBatch'))).status).toBe(200);
    expect((await ask(routeOf('putTopology'), { regions: [] })).status).toBe(200);
    expect((await ask(routeOf('setOutageCause'), { planned: true, reason: 'a test of grants' })).status).toBe(404);
    expect((await ask(routeOf('runVee'), { regionId: 'NSW', day: '2012-10-07' })).status).toBe(200);
    await publishGoodAndBad();
    await operate();
    await setSettings(stack.operator(), 'local', readFileSync('docs/settings/default.json'));
    await runSchedules();
  }, 120_000);

  test('needs every grant of every function: without any one of them some access is denied', async () => {
    const all = (await functionsNow()).flatMap(({ label, grants }) => grants.map(({ sid }) => `${label} ${sid}`));
    expect(all.length).toBeGreaterThan(40);
    expect(Object.keys(ONLY_IN_TROUBLE).filter((grant) => !all.includes(grant))).toEqual([]);
    const needless = async () =>
      (await unused()).filter((grant) => !(grant in ONLY_IN_TROUBLE) && !AT_WORK_ELSEWHERE.test(grant));
    for (const end = Date.now() + SETTLED_WITHIN_MS; (await needless()).length > 0 && Date.now() < end; )
      await pause(500);
    expect(await needless()).toEqual([]);
  }, 90_000);
});
