import { ArnFormat, Duration, Validations } from 'aws-cdk-lib';
import { CfnPolicy } from 'aws-cdk-lib/aws-iot';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { MESSAGE_KINDS, ruleName } from '../config/message-kinds.ts';
import type { StageSettings } from '../config/stages.ts';
import { SchemaRegistry } from '../constructs/schema-registry.ts';
import { StreamArchive } from '../constructs/stream-archive.ts';
import { StreamRule } from '../constructs/stream-rule.ts';
import { StageStack } from './stage-stack.ts';

/** From a device's publish to a durable record: IoT policy, topic rules, streams, and the raw archive of each stream. */
export class IngestionStack extends StageStack {
  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'ingestion', { settings, description: 'device policy, topic rules, streams, raw archive' });
    const key = Key.fromKeyArn(this, 'DataKey', this.wire('network/data-key-arn'));
    const streams = {
      readings: this.stream('Readings', settings.shards.readings, key),
      telemetry: this.stream('Telemetry', settings.shards.telemetry, key),
    };
    const failures = new Queue(this, 'RuleFailures', {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    for (const id of ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy']) {
      Validations.of(failures).acknowledge({
        id,
        reason: 'This is itself the queue of what a topic rule could not put to its stream',
      });
    }
    for (const kind of MESSAGE_KINDS) {
      new StreamRule(this, kind.construct, {
        settings,
        kind,
        stream: streams[kind.stream],
        failures,
        keyArn: key.keyArn,
      });
    }
    for (const family of ['device', 'concentrator'] as const) this.publisherPolicy(family);
    const schemas = new SchemaRegistry(this, 'Schemas', { stage: settings.stage });
    this.publish('ingestion/schema-versions', schemas.versions);
    const archiveBucket = this.wire('storage/archive-bucket');
    new StreamArchive(this, 'ReadingsArchive', {
      settings,
      stream: streams.readings,
      bucketName: archiveBucket,
      prefix: 'readings',
      key,
    });
    new StreamArchive(this, 'TelemetryArchive', {
      settings,
      stream: streams.telemetry,
      bucketName: archiveBucket,
      prefix: 'telemetry',
      key,
    });
    this.publish('ingestion/readings-stream', streams.readings.streamName);
    this.publish('ingestion/telemetry-stream', streams.telemetry.streamName);
    this.publish('ingestion/rule-failures-queue', failures.queueName);
  }

  private stream(id: string, shards: number | 'onDemand', key: IKey): Stream {
    const stream = new Stream(this, `${id}Stream`, {
      ...(shards === 'onDemand'
        ? { streamMode: StreamMode.ON_DEMAND }
        : { streamMode: StreamMode.PROVISIONED, shardCount: shards }),
      encryption: StreamEncryption.KMS,
      encryptionKey: key,
      retentionPeriod: STREAM_RETENTION,
      removalPolicy: this.dataRemoval,
    });
    Validations.of(stream).acknowledge({
      id: 'AwsSolutions-KDS3',
      reason: 'The customer key of the stage is the stronger choice: it can be revoked and its use is in the trail',
    });
    return stream;
  }

  /**
   * One policy for every device and one for every concentrator: each connects as its own thing, with a certificate attached to
   * that thing, and publishes to its own topics only. Each rule is named, because a Basic Ingest topic begins with its rule.
   */
  private publisherPolicy(family: 'device' | 'concentrator'): void {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of AWS IoT.
    const thing = '${iot:Connection.Thing.ThingName}';
    const iot = (resource: string, resourceName: string) =>
      this.formatArn({ service: 'iot', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
    const kinds = MESSAGE_KINDS.filter(
      ({ collection }) => (collection === 'concentrators') === (family === 'concentrator'),
    );
    new CfnPolicy(this, family === 'device' ? 'DevicePolicy' : 'ConcentratorPolicy', {
      policyName: `smart-grid-${this.settings.stage}-${family}`,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'ConnectAsItself',
            Effect: 'Allow',
            Action: 'iot:Connect',
            Resource: iot('client', thing),
            Condition: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } },
          },
          {
            Sid: 'PublishOwnMeasurements',
            Effect: 'Allow',
            Action: 'iot:Publish',
            Resource: kinds.map((kind) =>
              iot('topic', `$aws/rules/${ruleName(this.settings.stage, kind)}/${kind.topic(thing)}`),
            ),
          },
        ],
      },
    });
  }
}

/** Also the age at which consumers stop retrying: an outage of the database shorter than this loses nothing. */
export const STREAM_RETENTION = Duration.days(7);
