import type { DeviceIdentity } from '../../../local/fleet/provision.ts';
import { authority } from '../../../local/pki/authority.ts';
import { openStage, type Stage, topicOf } from './stage.ts';

let stage: Stage;
let device: DeviceIdentity;

beforeAll(async () => {
  stage = await openStage(21420, 'lambda.amazonaws.com');
  device = await stage.provision('m001');
});
afterAll(() => stage.close());

const metric = async (name: string) => {
  const end = Date.now() + 3000;
  while (Date.now() < end) {
    const found = stage.metrics.find((datum) => datum.namespace === 'AWS/IoT' && datum.name === name);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
};

test('a role that does not trust iot.amazonaws.com: nothing is stored, Failure is counted, the publish is acknowledged as in AWS', async () => {
  const { certificate: ca } = await authority(stage.stateDir);
  const client = await stage.connect({ ca, cert: device.certificate, key: device.key, clientId: 'm001' });
  await client.publishAsync(topicOf('m001'), '{}', { qos: 1 });
  expect(await stage.records()).toEqual([]);
  expect(await metric('Failure')).toMatchObject({
    dimensions: { RuleName: 'test_interval_readings', ActionType: 'Kinesis' },
    value: 1,
  });
  expect(stage.logs.map((line) => line.text).join('\n')).toMatch(/iot\.amazonaws\.com may not assume/);
});

test('Basic Ingest to a rule that does not exist counts RuleNotFound', async () => {
  await stage.cloud.service('iotdata')?.answer({
    method: 'POST',
    url: new URL(`http://localhost/topics/${encodeURIComponent('$aws/rules/nobody/x')}?qos=1`),
    headers: {},
    body: Buffer.from('{}'),
    target: undefined,
    principal: { kind: 'operator' },
    requestId: 'r',
  });
  expect(await metric('RuleNotFound')).toMatchObject({ dimensions: { RuleName: 'nobody' } });
});
