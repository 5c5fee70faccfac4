import { LIMITS } from '../kernel/limits.ts';
import { AwsFailure, type AwsRequest } from '../kernel/types.ts';

/** @throws AwsFailure `KeyTooLongError` as S3 does. */
export function checkKey({ url }: AwsRequest): void {
  const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
  if (Buffer.byteLength(key) > LIMITS.s3.keyBytes) throw new AwsFailure('KeyTooLongError', 'Your key is too long');
}

interface Message {
  MessageBody?: string;
  MessageAttributes?: Record<string, { DataType?: string; StringValue?: string; BinaryValue?: string }>;
}

const bytesOf = ({ MessageBody = '', MessageAttributes = {} }: Message): number => {
  let bytes = Buffer.byteLength(MessageBody);
  for (const [name, { DataType = '', StringValue = '', BinaryValue = '' }] of Object.entries(MessageAttributes)) {
    bytes += Buffer.byteLength(name + DataType + StringValue) + Buffer.byteLength(BinaryValue, 'base64');
  }
  return bytes;
};

/** @throws AwsFailure as SQS does: for one message by itself, and for a batch as a whole. */
export function checkQueued({ target, body }: AwsRequest): void {
  if (target !== 'SendMessage' && target !== 'SendMessageBatch') return;
  const most = LIMITS.sqs.messageBytes;
  const input = JSON.parse(body.toString()) as Message & { Entries?: Message[] };
  if (target === 'SendMessage') {
    if (bytesOf(input) > most) {
      throw new AwsFailure(
        'InvalidParameterValue',
        `One or more parameters are invalid. Reason: Message must be shorter than ${most} bytes.`,
      );
    }
  } else if ((input.Entries ?? []).reduce((sum, entry) => sum + bytesOf(entry), 0) > most) {
    throw new AwsFailure(
      'AWS.SimpleQueueService.BatchRequestTooLong',
      `Batch requests cannot be longer than ${most} bytes.`,
    );
  }
}

/** @throws AwsFailure `InvalidParameter` as SNS does. */
export function checkPublished({ body }: AwsRequest): void {
  const fields = new URLSearchParams(body.toString());
  if (Buffer.byteLength(fields.get('Message') ?? '') > LIMITS.sns.messageBytes) {
    throw new AwsFailure('InvalidParameter', 'Invalid parameter: Message too long');
  }
  const subject = fields.get('Subject') ?? 'none';
  if (subject.length > LIMITS.sns.subjectChars || !/^[!-~][ -~]*$/.test(subject)) {
    throw new AwsFailure('InvalidParameter', 'Invalid parameter: Subject');
  }
}
