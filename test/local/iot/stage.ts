import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IoTClient } from '@aws-sdk/client-iot';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { provision } from '../../../local/fleet/provision.ts';
import { iot } from '../../../local/iot/index.ts';
import { LocalCloud } from '../../../local/kernel/cloud.ts';
import type { LogLine, MetricDatum, PendingResource, Provider } from '../../../local/kernel/types.ts';
import { kinesis } from '../../../local/kinesis/index.ts';

const ACCOUNT = '000000000000';
const REGION = 'ap-southeast-2';
export const STREAM_ARN = `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/readings`;
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/rule`;
const RULE = 'test_interval_readings';
// biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of AWS IoT.
const THING = '${iot:Connection.Thing.ThingName}';
export const topicOf = (id: string) => `$aws/rules/${RULE}/meters/${id}/interval-readings`;

const iotArn = (suffix: string) => `arn:aws:iot:${REGION}:${ACCOUNT}:${suffix}`;

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: 'iot:Connect',
      Resource: iotArn(`client/${THING}`),
      Condition: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } },
    },
    {
      Effect: 'Allow',
      Action: ['iot:Publish', 'iot:Receive'],
      Resource: [iotArn(`topic/$aws/rules/${RULE}/meters/${THING}/interval-readings`), iotArn('topic/open/*')],
    },
    { Effect: 'Allow', Action: 'iot:Subscribe', Resource: iotArn('topicfilter/open/*') },
  ],
};

/** One stream, one rule and the device policy on real ports: the smallest cloud a device can publish to. */
export async function openStage(portBase: number, trusted = 'iot.amazonaws.com') {
  const stateDir = mkdtempSync(join(tmpdir(), 'iot-'));
  const cloud = new LocalCloud({ stage: 'test', stateDir, assemblyDir: stateDir, portBase });
  const logs: LogLine[] = [];
  const metrics: MetricDatum[] = [];
  cloud.events.on('log', (line) => logs.push(line));
  cloud.events.on('metric', (datum) => metrics.push(datum));
  await cloud.listen(portBase);
  const allow = (statement: object) => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow' as const, ...statement }],
  });
  cloud.policies.addRole(ROLE_ARN, allow({ Principal: { Service: trusted }, Action: 'sts:AssumeRole' }));
  cloud.policies.attachInline(ROLE_ARN, 'grants', allow({ Action: 'kinesis:PutRecord', Resource: STREAM_ARN }));
  const iotProvider = iot().providers[0] as Provider;
  const providers = [kinesis().provider, iotProvider];
  const create = async (provider: Provider, type: string, logicalId: string, properties: Record<string, unknown>) => {
    const pending: PendingResource = { stack: 's', logicalId, path: '', type, properties };
    const created = await provider.create(pending, cloud);
    cloud.addResource({ ...pending, physicalId: created.physicalId, attributes: created.attributes ?? {} });
  };
  await create(providers[0] as Provider, 'AWS::Kinesis::Stream', 'Stream', { Name: 'readings', ShardCount: 1 });
  await create(iotProvider, 'AWS::IoT::Policy', 'Policy', { PolicyName: 'device', PolicyDocument: POLICY });
  await create(iotProvider, 'AWS::IoT::TopicRule', 'Rule', {
    RuleName: RULE,
    TopicRulePayload: {
      Sql: "SELECT encode(*, 'base64') AS payload, topic() AS topic, clientid() AS clientId, timestamp() AS receivedAt, traceid() AS traceId FROM 'meters/+/interval-readings'",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: AWS IoT's own substitution syntax.
      Actions: [{ Kinesis: { StreamName: 'readings', PartitionKey: '${topic(2)}', RoleArn: ROLE_ARN } }],
    },
  });
  for (const provider of providers) await provider.start?.(cloud);
  const client = new IoTClient({
    endpoint: cloud.endpoint,
    region: REGION,
    credentials: cloud.credentials({ kind: 'operator' }),
  });
  const clients: MqttClient[] = [];
  return {
    cloud,
    client,
    logs,
    metrics,
    stateDir,
    provision: (id: string) => provision(client, id, 'device'),
    /** Connects, or rejects with what the broker answered. */
    connect: (options: IClientOptions) =>
      new Promise<MqttClient>((resolve, reject) => {
        const connection = mqtt.connect({
          protocol: 'mqtts',
          host: 'localhost',
          port: cloud.shared.iot?.port,
          reconnectPeriod: 0,
          ...options,
        });
        clients.push(connection);
        connection.once('connect', () => resolve(connection));
        connection.once('error', reject);
        connection.once('close', () => reject(new Error('closed')));
      }),
    records: () => readAll(cloud),
    close: async () => {
      for (const one of clients) one.end(true);
      client.destroy();
      for (const provider of providers.reverse()) await provider.stop?.();
      await cloud.close();
      await rm(stateDir, { recursive: true });
    },
  };
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

export interface Envelope {
  payload: string;
  topic: string;
  clientId: string;
  receivedAt: number;
  traceId: string;
}

async function readAll(cloud: LocalCloud): Promise<Envelope[]> {
  const as = { kind: 'operator' } as const;
  const { ShardIterator } = (await cloud.call(as, 'kinesis', 'Kinesis_20131202.GetShardIterator', {
    StreamName: 'readings',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON',
  })) as { ShardIterator: string };
  const { Records } = (await cloud.call(as, 'kinesis', 'Kinesis_20131202.GetRecords', { ShardIterator })) as {
    Records: { Data: string }[];
  };
  return Records.map(({ Data }) => JSON.parse(Buffer.from(Data, 'base64').toString()) as Envelope);
}
