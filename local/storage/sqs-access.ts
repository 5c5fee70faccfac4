import type { PolicyDocument } from '../kernel/iam/document.ts';
import type { AwsRequest, Cloud } from '../kernel/types.ts';

/** Actions that AWS authorises under another name. Source: SQS developer guide, "Amazon SQS API permissions". */
const SAME_AS: Readonly<Record<string, string>> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

/** What an SQS request (AWS JSON) must be allowed. */
export function sqsQuestions(request: AwsRequest, cloud: Cloud): { action: string; resource: string }[] {
  const { QueueUrl, QueueName } = JSON.parse(request.body.toString() || '{}') as {
    QueueUrl?: string;
    QueueName?: string;
  };
  const operation = request.target ?? 'Unknown';
  const name = QueueName ?? QueueUrl?.split('/').at(-1);
  return [
    { action: `sqs:${SAME_AS[operation] ?? operation}`, resource: name === undefined ? '*' : cloud.arn('sqs', name) },
  ];
}

/** The policy that a request gives to a queue; undefined for requests that give none. */
export function queuePolicyIn(
  request: AwsRequest,
  cloud: Cloud,
): { queueArn: string; policy: PolicyDocument } | undefined {
  if (request.target !== 'SetQueueAttributes' && request.target !== 'CreateQueue') return undefined;
  const { QueueUrl, QueueName, Attributes } = JSON.parse(request.body.toString() || '{}') as {
    QueueUrl?: string;
    QueueName?: string;
    Attributes?: { Policy?: string };
  };
  if (!Attributes?.Policy) return undefined;
  const name = QueueName ?? QueueUrl?.split('/').at(-1) ?? '';
  return { queueArn: cloud.arn('sqs', name), policy: JSON.parse(Attributes.Policy) as PolicyDocument };
}
