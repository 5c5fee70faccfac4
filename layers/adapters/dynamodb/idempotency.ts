import { gunzipSync, gzipSync } from 'node:zlib';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';

/** How long an answer is kept. */
const KEPT_SECONDS = 24 * 3600;

/** A caller that vanished (its time-out is 28 s) no longer holds its key after this. */
const IN_FLIGHT_SECONDS = 60;

/** What is known of a key: nothing (it is now ours), an answer, or why not. */
export type Claim<Answer> =
  | { state: 'claimed'; token: string }
  | { state: 'answered'; answer: Answer }
  | { state: 'in-flight' }
  | { state: 'other-body' };

/** Remembers what was answered to a key, so that the same request again gets the same answer and does nothing twice. */
export interface IdempotencyStore<Answer> {
  claim(request: { key: string; bodyHash: string; token: string; now: number }): Promise<Claim<Answer>>;
  complete(request: { key: string; token: string; answer: Answer; now: number }): Promise<void>;
  /** Gives the key back after a failure that the caller may retry. */
  release(request: { key: string; token: string }): Promise<void>;
}

/**
 * One conditional write claims a key. DynamoDB deletes expired items late, so expiry is judged here as well.
 * Answers are kept as compressed JSON: an item holds 400 KB.
 */
export function dynamoIdempotencyStore<Answer>(
  client: DynamoDBDocumentClient,
  table: string,
): IdempotencyStore<Answer> {
  return {
    async claim({ key, bodyHash, token, now }) {
      const nowSeconds = Math.floor(now / 1000);
      try {
        await client.send(
          new PutCommand({
            TableName: table,
            Item: {
              pk: key,
              bodyHash,
              token,
              heldUntil: nowSeconds + IN_FLIGHT_SECONDS,
              expiresAt: nowSeconds + KEPT_SECONDS,
            },
            ConditionExpression:
              'attribute_not_exists(pk) OR expiresAt < :now OR (attribute_not_exists(answer) AND heldUntil < :now AND bodyHash = :hash)',
            ExpressionAttributeValues: { ':now': nowSeconds, ':hash': bodyHash },
          }),
        );
        return { state: 'claimed', token };
      } catch (failure) {
        if (!(failure instanceof ConditionalCheckFailedException)) throw failure;
      }
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: { pk: key }, ConsistentRead: true }));
      // Released between the two calls: the caller's next attempt finds it free.
      if (!Item) return { state: 'in-flight' };
      if (Item.bodyHash !== bodyHash) return { state: 'other-body' };
      if (!(Item.answer instanceof Uint8Array)) return { state: 'in-flight' };
      return { state: 'answered', answer: JSON.parse(gunzipSync(Item.answer).toString('utf8')) as Answer };
    },
    async complete({ key, token, answer, now }) {
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: { pk: key },
          UpdateExpression: 'SET answer = :answer, expiresAt = :expires',
          ConditionExpression: '#token = :token',
          ExpressionAttributeNames: { '#token': 'token' },
          ExpressionAttributeValues: {
            ':answer': gzipSync(JSON.stringify(answer)),
            ':token': token,
            ':expires': Math.floor(now / 1000) + KEPT_SECONDS,
          },
        }),
      );
    },
    async release({ key, token }) {
      try {
        await client.send(
          new DeleteCommand({
            TableName: table,
            Key: { pk: key },
            ConditionExpression: '#token = :token',
            ExpressionAttributeNames: { '#token': 'token' },
            ExpressionAttributeValues: { ':token': token },
          }),
        );
      } catch (failure) {
        if (!(failure instanceof ConditionalCheckFailedException)) throw failure;
      }
    },
  };
}
