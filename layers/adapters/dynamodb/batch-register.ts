import { gunzipSync, gzipSync } from 'node:zlib';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type AcceptedBatch, BATCH_KEPT_DAYS, type BatchRegister } from '../../domain/batches/batch-log.ts';

const keyOf = (batchId: string): string => `accepted#${batchId}`;

/** Accepted batches beside the idempotency keys: an item each, compressed, that expires. */
export function dynamoBatchRegister(client: DynamoDBDocumentClient, table: string): BatchRegister {
  return {
    async put({ batchId, clientId, receivedAt, items }) {
      const expiresAt = Math.floor(receivedAt / 1000) + BATCH_KEPT_DAYS * 86_400;
      const Item = { pk: keyOf(batchId), clientId, receivedAt, items: gzipSync(JSON.stringify(items)), expiresAt };
      await client.send(new PutCommand({ TableName: table, Item }));
    },
    async find(batchId) {
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: { pk: keyOf(batchId) }, ConsistentRead: true }),
      );
      if (!Item) return undefined;
      const items = JSON.parse(gunzipSync(Item.items as Uint8Array).toString('utf8')) as AcceptedBatch['items'];
      return { batchId, clientId: String(Item.clientId), receivedAt: Number(Item.receivedAt), items };
    },
  };
}
