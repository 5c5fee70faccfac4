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
