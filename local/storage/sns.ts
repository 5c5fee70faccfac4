import { AwsFailure, type AwsRequest, type AwsResponse, type Cloud } from '../kernel/types.ts';

const form = (request: AwsRequest): URLSearchParams => new URLSearchParams(request.body.toString());

/** What an SNS request (query protocol) must be allowed. */
export function snsQuestions(request: AwsRequest): { action: string; resource: string }[] {
  const fields = form(request);
  const operation = fields.get('Action') ?? request.target ?? 'Unknown';
  const action = operation === 'PublishBatch' ? 'Publish' : operation;
  return [{ action: `sns:${action}`, resource: fields.get('TopicArn') ?? fields.get('TargetArn') ?? '*' }];
}

/** Delivers what is published: to queues and functions, as the service principal that AWS uses. E-mails are logged, not sent. */
export class TopicDelivery {
  readonly #subscriptions = new Map<string, { protocol: string; endpoint: string }[]>();

  /** @throws for a protocol that could not be delivered from a laptop. */
  subscribe(topicArn: string, protocol: string, endpoint: string): void {
    if (!['lambda', 'sqs', 'email', 'email-json'].includes(protocol)) {
      throw new Error(`SNS subscriptions by ${protocol} are not delivered here`);
    }
    const present = this.#subscriptions.get(topicArn) ?? [];
    present.push({ protocol, endpoint });
    this.#subscriptions.set(topicArn, present);
  }

  /** Answers `Subscribe`, by which an operator adds a subscriber while the stack runs; it lasts as long as the process. Undefined for other requests. */
  subscribed(request: AwsRequest): AwsResponse | undefined {
    const fields = form(request);
    if (fields.get('Action') !== 'Subscribe') return undefined;
    const topicArn = fields.get('TopicArn') ?? '';
    try {
      this.subscribe(topicArn, fields.get('Protocol') ?? '', fields.get('Endpoint') ?? '');
    } catch (failure) {
      throw new AwsFailure('InvalidParameter', (failure as Error).message);
    }
    const result = `<SubscribeResult><SubscriptionArn>${topicArn}:${crypto.randomUUID()}</SubscriptionArn></SubscribeResult>`;
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: Buffer.from(
        `<SubscribeResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${result}<ResponseMetadata><RequestId>${crypto.randomUUID()}</RequestId></ResponseMetadata></SubscribeResponse>`,
      ),
    };
  }

  published(request: AwsRequest, cloud: Cloud): void {
    const fields = form(request);
    if (fields.get('Action') !== 'Publish') return;
    this.deliver(cloud, fields.get('TopicArn') ?? '', fields.get('Subject') ?? undefined, fields.get('Message') ?? '');
  }

  deliver(cloud: Cloud, topicArn: string, subject: string | undefined, message: string): void {
    const notification = {
      Type: 'Notification',
      MessageId: crypto.randomUUID(),
      TopicArn: topicArn,
      Subject: subject ?? null,
      Message: message,
      Timestamp: new Date(cloud.clock()).toISOString(),
    };
    for (const { protocol, endpoint } of this.#subscriptions.get(topicArn) ?? []) {
      const as = { kind: 'service' as const, service: 'sns.amazonaws.com', sourceArn: topicArn };
      if (protocol === 'lambda') {
        const event = { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', Sns: notification }] };
        cloud
          .invoke(endpoint, event, as, { async: true })
          .catch((error: unknown) => this.#failed(cloud, endpoint, error));
      } else if (protocol === 'sqs') {
        const QueueUrl = `${cloud.endpoint}/${cloud.accountId}/${endpoint.split(':').at(-1)}`;
        const body = { QueueUrl, MessageBody: JSON.stringify(notification) };
        cloud
          .call(as, 'sqs', 'AmazonSQS.SendMessage', body)
          .catch((error: unknown) => this.#failed(cloud, endpoint, error));
      } else cloud.log({ source: 'sns', time: cloud.clock(), text: `e-mail to ${endpoint}: ${subject ?? message}` });
    }
  }

  #failed(cloud: Cloud, endpoint: string, error: unknown): void {
    cloud.log({ source: 'sns', time: cloud.clock(), text: `not delivered to ${endpoint}: ${String(error)}` });
  }
}
