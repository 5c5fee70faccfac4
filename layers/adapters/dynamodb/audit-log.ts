import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { AuditLog, AuditReader, AuditRecord } from '../../domain/audit/audit-log.ts';

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
          Item: {
            pk: record.entity,
            sequence: record.sequence,
            at: record.at,
            month: monthOf(record.at),
            position: positionOf(record),
            actor: record.actor.subject,
            action: record.action,
            content,
          },
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

const monthOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 7);
const monthStart = (timeMs: number): number => Date.parse(`${monthOf(timeMs)}-01T00:00:00Z`);
const instant = (timeMs: number): string => String(timeMs).padStart(15, '0');
/** Orders records by time, and those of one instant by what they are of. */
const positionOf = ({ at, entity, sequence }: AuditRecord): string =>
  `${instant(at)}#${entity}#${String(sequence).padStart(15, '0')}`;

/** Requests of one page; with filters that match little it ends before its limit, and says where to go on. [proposed] */
const MOST_REQUESTS = 40;

/** Reads by the index `when`, whose partitions are months: people make few changes. */
export function dynamoAuditReader(client: DynamoDBDocumentClient, table: string): AuditReader {
  return {
    async list({ from, to, actor, action, entity, limit, before }) {
      const filters = Object.entries({ actor, action, pk: entity }).filter(([, value]) => value !== undefined);
      const records: AuditRecord[] = [];
      let below = before ?? instant(to);
      for (let request = 0; below > instant(from); request++) {
        if (request === MOST_REQUESTS) return { records, next: below };
        const month = monthStart(Number(below.slice(0, 15)) - (below.includes('#') ? 0 : 1));
        const page = await client.send(
          new QueryCommand({
            TableName: table,
            IndexName: 'when',
            KeyConditionExpression: '#month = :month AND #position BETWEEN :from AND :below',
            ExpressionAttributeNames: {
              '#month': 'month',
              '#position': 'position',
              ...Object.fromEntries(filters.map(([name]) => [`#${name}`, name])),
            },
            ExpressionAttributeValues: {
              ':month': monthOf(month),
              ':from': instant(from),
              ':below': below,
              ...Object.fromEntries(filters.map(([name, value]) => [`:${name}`, value])),
            },
            ...(filters.length === 0
              ? {}
              : { FilterExpression: filters.map(([name]) => `#${name} = :${name}`).join(' AND ') }),
            ScanIndexForward: false,
            Limit: limit + 1,
          }),
        );
        // The bound belongs to the page before.
        const found = (page.Items ?? []).filter((item) => String(item.position) < below);
        for (const item of found) {
          if (records.length === limit) return { records, next: positionOf(records.at(-1) as AuditRecord) };
          records.push(JSON.parse(String(item.content)) as AuditRecord);
        }
        below = page.LastEvaluatedKey ? String(page.LastEvaluatedKey.position) : instant(month);
      }
      return { records, next: undefined };
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
