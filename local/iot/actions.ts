import { randomUUID } from 'node:crypto';
import type { LocalCloud } from '../kernel/cloud.ts';
import type { Cloud, Principal } from '../kernel/types.ts';
import { compileTemplate } from './sql/compile.ts';
import type { RuleMessage } from './sql/functions.ts';

/** One record to a stream. Resolves when it is on disk. */
export type StreamAppend = (streamName: string, record: { partitionKey: string; data: Buffer }) => Promise<unknown>;

export type Republish = (topic: string, payload: Buffer, qos: 0 | 1) => Promise<void>;

export interface ActionSurroundings {
  cloud: Cloud;
  ruleArn: string;
  /** Looked up at the first message: streams start in any order. */
  append(): StreamAppend | undefined;
  republish: Republish;
}

/** An action of a rule, ready to be run with the statement's result. */
export interface RuleAction {
  /** As AWS names it in metrics and error payloads: `Kinesis`, `SqsAction`. */
  actionType: string;
  failedAction: string;
  resource: string;
  run(output: Buffer, message: RuleMessage): Promise<unknown>;
}

type Properties = Record<string, string>;
type Build = (given: Properties, around: ActionSurroundings) => Omit<RuleAction, 'actionType' | 'failedAction'>;

const BUILDERS: Record<string, { type: string; build: Build }> = {
  kinesis: { type: 'Kinesis', build: kinesis },
  firehose: { type: 'Firehose', build: firehose },
  sqs: { type: 'Sqs', build: sqs },
  s3: { type: 'S3', build: s3 },
  lambda: { type: 'Lambda', build: lambda },
  republish: { type: 'Republish', build: republish },
};

/** @param action `{ kinesis: { … } }`, property names of CloudFormation in any case @throws Error for an action not emulated */
export function buildAction(action: Record<string, unknown>, around: ActionSurroundings): RuleAction {
  const [[name, given] = ['', undefined]] = Object.entries(action);
  const builder = BUILDERS[name.toLowerCase()];
  if (!builder) throw new Error(`topic rule action ${name} is not emulated`);
  const properties = Object.fromEntries(
    Object.entries(given as Record<string, unknown>).map(([key, one]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      String(one),
    ]),
  );
  return { actionType: builder.type, failedAction: `${builder.type}Action`, ...builder.build(properties, around) };
}

function required(given: Properties, name: string): string {
  const value = given[name];
  if (value === undefined) throw new Error(`topic rule action lacks ${name}`);
  return value;
}

function filled(template: (message: RuleMessage) => string | undefined, message: RuleMessage, name: string): string {
  const text = template(message);
  if (text === undefined) throw new Error(`the substitution template of ${name} has no value`);
  return text;
}

/** The rule's role, which must trust `iot.amazonaws.com`; asked once, because the assembly does not change while it runs. */
function roleOf(given: Properties, { cloud, ruleArn }: ActionSurroundings): () => Principal {
  const roleArn = required(given, 'roleArn');
  let role: Principal | undefined;
  return () => {
    role ??= (cloud as LocalCloud).assumeRole(roleArn, 'iot.amazonaws.com', ruleArn);
    return role;
  };
}

function kinesis(given: Properties, around: ActionSurroundings): ReturnType<Build> {
  const streamName = required(given, 'streamName');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: AWS IoT's own substitution syntax.
  const key = compileTemplate(given.partitionKey ?? '${newuuid()}');
  const role = roleOf(given, around);
  let append: StreamAppend | undefined;
  return {
    resource: streamName,
    async run(output, message) {
      const partitionKey = filled(key, message, 'partitionKey');
      if (!append) {
        const resource = around.cloud.arn('kinesis', `stream/${streamName}`);
        around.cloud.authorise({ principal: role(), action: 'kinesis:PutRecord', resource });
        append = around.append();
      }
      if (append) return append(streamName, { partitionKey, data: output });
      const record = { StreamName: streamName, PartitionKey: partitionKey, Data: output.toString('base64') };
      return around.cloud.call(role(), 'kinesis', 'Kinesis_20131202.PutRecord', record);
    },
  };
}

function firehose(given: Properties, around: ActionSurroundings): ReturnType<Build> {
  const name = required(given, 'deliveryStreamName');
  const role = roleOf(given, around);
  return {
    resource: name,
    run: (output) => {
      const Data = Buffer.concat([output, Buffer.from(given.separator ?? '')]).toString('base64');
      const body = { DeliveryStreamName: name, Record: { Data } };
      return around.cloud.call(role(), 'firehose', 'Firehose_20150804.PutRecord', body);
    },
  };
}

function sqs(given: Properties, around: ActionSurroundings): ReturnType<Build> {
  const queueUrl = required(given, 'queueUrl');
  const role = roleOf(given, around);
  return {
    resource: queueUrl,
    run: async (output) => {
      const MessageBody = output.toString(given.useBase64 === 'true' ? 'base64' : 'utf8');
      return around.cloud.call(role(), 'sqs', 'AmazonSQS.SendMessage', { QueueUrl: queueUrl, MessageBody });
    },
  };
}

function s3(given: Properties, around: ActionSurroundings): ReturnType<Build> {
  const bucket = required(given, 'bucketName');
  const key = compileTemplate(required(given, 'key'));
  const role = roleOf(given, around);
  return {
    resource: bucket,
    async run(output, message) {
      const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
      const { cloud } = around;
      const client = new S3Client({
        endpoint: cloud.endpoint,
        region: cloud.region,
        forcePathStyle: true,
        credentials: cloud.credentials(role()),
      });
      try {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: filled(key, message, 'key'), Body: output }));
      } finally {
        client.destroy();
      }
    },
  };
}

function lambda(given: Properties, around: ActionSurroundings): ReturnType<Build> {
  const functionArn = required(given, 'functionArn');
  return {
    resource: functionArn,
    async run(output) {
      const { cloud, ruleArn } = around;
      const as = {
        kind: 'service',
        service: 'iot.amazonaws.com',
        sourceArn: ruleArn,
        sourceAccount: cloud.accountId,
      } as const;
      await cloud.invoke(functionArn, JSON.parse(output.toString()), as, { async: true });
    },
  };
}

function republish(given: Properties, around: ActionSurroundings): ReturnType<Build> {
  const topic = compileTemplate(required(given, 'topic'));
  const role = roleOf(given, around);
  return {
    resource: required(given, 'topic'),
    async run(output, message) {
      const to = filled(topic, message, 'topic');
      const resource = around.cloud.arn('iot', `topic/${to}`);
      around.cloud.authorise({ principal: role(), action: 'iot:Publish', resource });
      await around.republish(to, output, given.qos === '1' ? 1 : 0);
    },
  };
}

/** A trace id as AWS gives one per message. */
export const newTraceId = (): string => randomUUID();
