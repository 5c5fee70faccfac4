import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Cloud, Principal } from '../kernel/types.ts';

/** Puts failed events where a destination ARN says, with the SDK, as the function's role and through the one endpoint. */
export class Destinations {
  readonly #cloud: Cloud;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** Writes an object. @throws what S3 answers. */
  async putObject(as: Principal, bucketArn: string, key: string, body: string): Promise<void> {
    const client = new S3Client({ ...this.#connection(as), forcePathStyle: true });
    try {
      await client.send(
        new PutObjectCommand({
          Bucket: bucketArn.split(':::')[1],
          Key: key,
          Body: body,
          ContentType: 'application/json',
        }),
      );
    } finally {
      client.destroy();
    }
  }

  /** Sends a document to a queue, topic or function. @throws what the service answers. */
  async send(as: Principal, targetArn: string, document: unknown): Promise<void> {
    const text = JSON.stringify(document);
    const [, , service, , , name] = targetArn.split(':');
    if (service === 'sqs') {
      const client = new SQSClient(this.#connection(as));
      const url = `${this.#cloud.endpoint}/${this.#cloud.accountId}/${name}`;
      await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: text })).finally(() => client.destroy());
    } else if (service === 'sns') {
      const client = new SNSClient(this.#connection(as));
      await client.send(new PublishCommand({ TopicArn: targetArn, Message: text })).finally(() => client.destroy());
    } else if (service === 'lambda') await this.#cloud.invoke(targetArn, document, as, { async: true });
    else throw new Error(`${targetArn}: no destination for failed events that is emulated`);
  }

  #connection(as: Principal) {
    return { region: this.#cloud.region, endpoint: this.#cloud.endpoint, credentials: this.#cloud.credentials(as) };
  }
}
