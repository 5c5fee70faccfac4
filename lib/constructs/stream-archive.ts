import { type CfnResource, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, LogStream, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import { bucketArn } from './grants.ts';
import { explainWildcards, flatten } from './wildcards.ts';

export interface StreamArchiveProps {
  readonly settings: StageSettings;
  readonly stream: IStream;
  readonly bucketName: string;
  /** First level of the objects' keys. */
  readonly prefix: string;
  readonly key: IKey;
}

/** Keeps every record of a stream as it came, one JSON envelope a line, gzipped, by hour: what a replay starts from. */
export class StreamArchive extends Construct {
  constructor(scope: Construct, id: string, props: StreamArchiveProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      encryptionKey: props.key,
      retention: props.settings.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const logStream = new LogStream(this, 'Errors', { logGroup, removalPolicy: RemovalPolicy.DESTROY });
    const bucket = bucketArn(this, props.bucketName);
    const role = this.deliveryRole(props, bucket, logGroup);
    const delivery = new CfnDeliveryStream(this, 'Delivery', {
      deliveryStreamType: 'KinesisStreamAsSource',
      kinesisStreamSourceConfiguration: { kinesisStreamArn: props.stream.streamArn, roleArn: role.roleArn },
      extendedS3DestinationConfiguration: {
        bucketArn: bucket,
        roleArn: role.roleArn,
        prefix: `${props.prefix}/!{timestamp:yyyy/MM/dd/HH}/`,
        errorOutputPrefix: `${props.prefix}-failed/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/`,
        bufferingHints: { intervalInSeconds: 300, sizeInMBs: 64 },
        compressionFormat: 'GZIP',
        encryptionConfiguration: { kmsEncryptionConfig: { awskmsKeyArn: props.key.keyArn } },
        cloudWatchLoggingOptions: {
          enabled: true,
          logGroupName: logGroup.logGroupName,
          logStreamName: logStream.logStreamName,
        },
        processingConfiguration: {
          enabled: true,
          processors: [
            { type: 'AppendDelimiterToRecord', parameters: [{ parameterName: 'Delimiter', parameterValue: '\\n' }] },
          ],
        },
      },
    });
    Validations.of(delivery).acknowledge({
      id: 'AwsSolutions-KDF1',
      reason: 'Its source is a Kinesis stream under the customer key, and Firehose then takes no key of its own',
    });
  }

  private deliveryRole({ stream, key }: StreamArchiveProps, bucket: string, logGroup: LogGroup): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('firehose.amazonaws.com', {
        conditions: { StringEquals: { 'sts:ExternalId': Stack.of(this).account } },
      }),
      inlinePolicies: {
        grants: new PolicyDocument({
          statements: [
            new PolicyStatement({
              sid: 'ReadStream',
              actions: [
                'kinesis:DescribeStream',
                'kinesis:GetRecords',
                'kinesis:GetShardIterator',
                'kinesis:ListShards',
              ],
              resources: [stream.streamArn],
            }),
            new PolicyStatement({
              sid: 'WriteArchive',
              actions: [
                's3:AbortMultipartUpload',
                's3:GetBucketLocation',
                's3:ListBucket',
                's3:ListBucketMultipartUploads',
                's3:PutObject',
              ],
              resources: [bucket, `${bucket}/*`],
            }),
            new PolicyStatement({
              sid: 'UseDataKey',
              actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
              resources: [key.keyArn],
            }),
            new PolicyStatement({
              sid: 'WriteErrors',
              actions: ['logs:PutLogEvents'],
              resources: [logGroup.logGroupArn],
            }),
          ],
        }),
      },
    });
    explainWildcards(role, role.node.defaultChild as CfnResource, {
      [flatten(Stack.of(this), `${bucket}/*`)]: 'Firehose names the objects of the archive by time and a random suffix',
    });
    return role;
  }
}
