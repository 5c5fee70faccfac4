import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import type { LocalCloud } from '../kernel/cloud.ts';
import type { PolicyDocument } from '../kernel/iam/document.ts';
import { generatedName } from '../kernel/names.ts';
import { listAt, textAt } from '../kernel/properties.ts';
import type { AwsRequest, AwsService, Cloud, Provider } from '../kernel/types.ts';
import { checkKey, checkPublished, checkQueued } from './checks.ts';
import { forward } from './forward.ts';
import { deletedKeys, s3Questions } from './s3-access.ts';
import { snsQuestions, TopicDelivery } from './sns.ts';
import { queuePolicyIn, sqsQuestions } from './sqs-access.ts';

declare module '../kernel/types.ts' {
  interface Shared {
    /** Delivers a message to a topic's subscribers; the caller has authorised `sns:Publish`. */
    publish?: (topicArn: string, subject: string, message: string) => void;
  }
}

const DISK = 'the bytes on this disk are the disk’s own affair';
const inert = { Tags: 'no meaning here' };

/** S3, SQS and SNS by fauxqs, behind our authorisation; what it does not deliver (SNS to Lambda), we do. */
export function storage(): { providers: Provider[]; services(cloud: Cloud): AwsService[] } {
  let started: Promise<FauxqsServer> | undefined;
  const delivery = new TopicDelivery();
  const server = (cloud: Cloud): Promise<FauxqsServer> => {
    if (!started) {
      const dataDir = join(cloud.stateDir, 'storage');
      mkdirSync(dataDir, { recursive: true });
      started = startFauxqs({ port: 0, host: '127.0.0.1', logger: false, dataDir, defaultRegion: cloud.region });
    }
    return started;
  };

  const buckets: Provider = {
    types: {
      'AWS::S3::Bucket': {
        honours: ['BucketName', 'BucketEncryption'],
        passesOver: {
          ...inert,
          LifecycleConfiguration: 'nothing here lives long enough to expire',
          LoggingConfiguration: 'access logs of a laptop have no reader',
          OwnershipControls: 'there is one owner and no ACL',
          PublicAccessBlockConfiguration: 'nothing is public: anonymous calls are refused',
          VersioningConfiguration: 'only the newest version is kept here',
        },
      },
    },
    async create(resource, cloud) {
      const name = textAt(resource.properties, 'BucketName') ?? generatedName(resource, { most: 63, lower: true });
      (await server(cloud)).createBucket(name);
      return {
        physicalId: name,
        attributes: {
          Arn: cloud.arn('s3', name),
          DomainName: `${name}.s3.amazonaws.com`,
          RegionalDomainName: `${name}.s3.${cloud.region}.amazonaws.com`,
        },
      };
    },
    async stop() {
      await (await started)?.stop();
    },
  };

  const queues: Provider = {
    types: {
      'AWS::SQS::Queue': {
        honours: [
          'QueueName',
          'KmsMasterKeyId',
          'MessageRetentionPeriod',
          'VisibilityTimeout',
          'DelaySeconds',
          'ReceiveMessageWaitTimeSeconds',
          'RedrivePolicy',
          'FifoQueue',
          'ContentBasedDeduplication',
        ],
        passesOver: { ...inert, SqsManagedSseEnabled: DISK, KmsDataKeyReusePeriodSeconds: DISK },
      },
    },
    async create(resource, cloud) {
      const { properties } = resource;
      const name = textAt(properties, 'QueueName') ?? generatedName(resource, { most: 80 });
      const attributes: Record<string, string> = {};
      for (const property of [
        'MessageRetentionPeriod',
        'VisibilityTimeout',
        'DelaySeconds',
        'ReceiveMessageWaitTimeSeconds',
        'FifoQueue',
        'ContentBasedDeduplication',
      ]) {
        const value = textAt(properties, property);
        if (value !== undefined) attributes[property] = value;
      }
      if (properties.RedrivePolicy) attributes.RedrivePolicy = JSON.stringify(properties.RedrivePolicy);
      (await server(cloud)).createQueue(name, { region: cloud.region, attributes });
      return {
        physicalId: `${cloud.endpoint}/${cloud.accountId}/${name}`,
        attributes: {
          Arn: cloud.arn('sqs', name),
          QueueName: name,
          QueueUrl: `${cloud.endpoint}/${cloud.accountId}/${name}`,
        },
      };
    },
  };

  const topics: Provider = {
    types: {
      'AWS::SNS::Topic': {
        honours: ['TopicName', 'KmsMasterKeyId', 'Subscription'],
        passesOver: { ...inert, DisplayName: 'shown in e-mails, which are not sent', TracingConfig: 'not traced here' },
      },
    },
    async create(resource, cloud) {
      const name = textAt(resource.properties, 'TopicName') ?? generatedName(resource);
      const arn = (await server(cloud)).createTopic(name, { region: cloud.region }).topicArn;
      for (const subscription of listAt(resource.properties, 'Subscription')) {
        delivery.subscribe(arn, String(textAt(subscription, 'Protocol')), String(textAt(subscription, 'Endpoint')));
      }
      return { physicalId: arn, attributes: { TopicArn: arn, TopicName: name } };
    },
  };
  const subscriptions: Provider = {
    types: { 'AWS::SNS::Subscription': { honours: ['TopicArn', 'Protocol', 'Endpoint'] } },
    async create({ properties, logicalId }) {
      delivery.subscribe(String(properties.TopicArn), String(properties.Protocol), String(properties.Endpoint));
      return { physicalId: `${properties.TopicArn}:${logicalId}` };
    },
  };

  /** Policies on buckets, queues and topics: each type names its targets by another property. */
  const policies: Provider = {
    types: {
      'AWS::S3::BucketPolicy': { honours: ['Bucket', 'PolicyDocument'] },
      'AWS::SQS::QueuePolicy': { honours: ['Queues', 'PolicyDocument'] },
      'AWS::SNS::TopicPolicy': { honours: ['Topics', 'PolicyDocument'] },
    },
    async create({ properties, type, logicalId }, cloud) {
      const targets =
        type === 'AWS::S3::BucketPolicy'
          ? [cloud.arn('s3', String(properties.Bucket))]
          : type === 'AWS::SQS::QueuePolicy'
            ? listAt(properties, 'Queues').map((url) => cloud.arn('sqs', String(url).split('/').at(-1) as string))
            : listAt(properties, 'Topics').map(String);
      for (const target of targets) {
        (cloud as LocalCloud).policies.setResourcePolicy(
          target,
          logicalId,
          properties.PolicyDocument as PolicyDocument,
        );
      }
      return { physicalId: logicalId };
    },
  };

  const services = (cloud: Cloud): AwsService[] => {
    cloud.shared.publish = (topicArn, subject, message) => delivery.deliver(cloud, topicArn, subject, message);
    const answer = async (request: AwsRequest) => forward(request, (await server(cloud)).port);
    return [
      {
        signingNames: ['s3'],
        access: (request) => {
          const questions = s3Questions(request);
          const [first] = questions;
          if (first?.action !== 's3:DeleteObject' || !request.url.searchParams.has('delete')) return questions;
          return deletedKeys(request.body).map((key) => ({
            action: first.action,
            resource: `${first.resource}/${key}`,
          }));
        },
        answer: (request) => {
          checkKey(request);
          return answer(request);
        },
      },
      {
        signingNames: ['sqs'],
        access: (request) => sqsQuestions(request, cloud),
        answer: async (request) => {
          checkQueued(request);
          const answered = await answer(request);
          const given = answered.status < 300 ? queuePolicyIn(request, cloud) : undefined;
          if (given)
            (cloud as LocalCloud).policies.setResourcePolicy(given.queueArn, 'SetQueueAttributes', given.policy);
          return answered;
        },
      },
      {
        signingNames: ['sns'],
        access: snsQuestions,
        answer: async (request) => {
          checkPublished(request);
          const subscribed = delivery.subscribed(request);
          if (subscribed) return subscribed;
          const answered = await answer(request);
          if (answered.status < 300) delivery.published(request, cloud);
          return answered;
        },
      },
    ];
  };
  return { providers: [buckets, queues, topics, subscriptions, policies], services };
}
