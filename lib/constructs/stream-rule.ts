import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type MessageKind, ruleName } from '../config/message-kinds.ts';
import type { StageSettings } from '../config/stages.ts';

export interface StreamRuleProps {
  readonly settings: StageSettings;
  readonly kind: MessageKind;
  readonly stream: IStream;
  /** Receives what could not be put to the stream, with the reason. */
  readonly failures: IQueue;
  readonly keyArn: string;
}

/** Second level of the topic, as AWS IoT substitutes it: the device. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: AWS IoT's own substitution syntax.
const DEVICE = '${topic(2)}';

/**
 * A topic rule that puts one kind of message to its stream, byte for byte: SQL over JSON would rewrite numbers, so the
 * payload travels in base64. The partition key is the device, which keeps its messages in order.
 */
export class StreamRule extends Construct {
  constructor(scope: Construct, id: string, { settings, kind, stream, failures, keyArn }: StreamRuleProps) {
    super(scope, id);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('iot.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      inlinePolicies: {
        grants: new PolicyDocument({
          statements: [
            new PolicyStatement({ sid: 'PutToStream', actions: ['kinesis:PutRecord'], resources: [stream.streamArn] }),
            new PolicyStatement({ sid: 'KeepFailures', actions: ['sqs:SendMessage'], resources: [failures.queueArn] }),
            // GenerateDataKey for both; SQS also asks to decrypt the key it caches.
            new PolicyStatement({
              sid: 'UseDataKey',
              actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
              resources: [keyArn],
            }),
          ],
        }),
      },
    });
    new CfnTopicRule(this, 'Rule', {
      ruleName: ruleName(settings.stage, kind),
      topicRulePayload: {
        description: `${kind.name} to the ${kind.stream} stream`,
        awsIotSqlVersion: '2016-03-23',
        sql: `SELECT encode(*, 'base64') AS payload, topic() AS topic, clientid() AS clientId, timestamp() AS receivedAt, traceid() AS traceId FROM '${kind.topic('+')}'`,
        actions: [{ kinesis: { streamName: stream.streamName, partitionKey: DEVICE, roleArn: role.roleArn } }],
        errorAction: { sqs: { queueUrl: failures.queueUrl, roleArn: role.roleArn, useBase64: false } },
      },
    });
  }
}
