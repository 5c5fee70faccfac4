import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Cloud, Principal } from '../kernel/types.ts';

/** Puts failed events where a destination ARN says, as the function's role and authorised like its own calls. */
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
      const QueueUrl = `${this.#cloud.endpoint}/${this.#cloud.accountId}/${name}`;
      await this.#cloud.call(as, 'sqs', 'AmazonSQS.SendMessage', { QueueUrl, MessageBody: text });
    } else if (service === 'sns') {
      this.#cloud.authorise({ principal: as, action: 'sns:Publish', resource: targetArn });
      const { publish } = this.#cloud.shared;
      if (!publish) throw new Error('no part of the local cloud delivers topics');
      publish(targetArn, 'AWS Lambda', text);
    } else if (service === 'lambda') await this.#cloud.invoke(targetArn, document, as, { async: true });
    else throw new Error(`${targetArn}: no destination for failed events that is emulated`);
  }

  #connection(as: Principal) {
    return { region: this.#cloud.region, endpoint: this.#cloud.endpoint, credentials: this.#cloud.credentials(as) };
  }
}
