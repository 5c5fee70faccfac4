import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { AuditLog, AuditRecord } from '../../domain/audit/audit-log.ts';

/**
 * The audit log in DynamoDB: partition `pk` is the entity, sort key `sequence`. A put never replaces: its writers are granted
 * neither updates nor deletions. `content` is what a hash chain will take: the record's canonical JSON, as it was written.
 */
export function dynamoAuditLog(client: DynamoDBDocumentClient, table: string): AuditLog {
  const append = async (record: AuditRecord): Promise<void> => {
    const content = canonical(record);
    try {
      await client.send(
        new PutCommand({
          TableName: table,
          Item: { pk: record.entity, sequence: record.sequence, at: record.at, content },
          ConditionExpression: 'attribute_not_exists(pk) OR content = :content',
          ExpressionAttributeValues: { ':content': content },
        }),
      );
    } catch (failure) {
      if (!(failure instanceof ConditionalCheckFailedException)) throw failure;
      throw new Error(`the audit log holds another record ${record.sequence} of ${record.entity}`);
    }
  };
  return {
    async append(records) {
      for (const record of records) await append(record);
    },
    async of(entity) {
      const found: AuditRecord[] = [];
      let from: Record<string, unknown> | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: 'pk = :entity',
            ExpressionAttributeValues: { ':entity': entity },
            ConsistentRead: true,
            ExclusiveStartKey: from,
          }),
        );
        found.push(...(page.Items ?? []).map((item) => JSON.parse(String(item.content)) as AuditRecord));
        from = page.LastEvaluatedKey;
      } while (from);
      return found;
    },
  };
}

/** JSON with keys in order, so that equal records have equal bytes. */
const canonical = (record: AuditRecord): string =>
  JSON.stringify(record, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
