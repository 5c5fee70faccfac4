import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { QuarantineStatus } from '../../contracts/messages/quarantine.ts';
import type {
  QuarantineArrival,
  QuarantineChange,
  QuarantineEntry,
  QuarantineFilter,
  QuarantineIndex,
} from '../../domain/quarantine/quarantine-index.ts';

/** Global secondary index: partition `queue`, sort key `position`. */
export const QUEUE_INDEX = 'queue';

/** A status is spread over as many partitions as the first digit of an id has values: one partition takes 1,000 writes/s. */
const SHARDS = [...'0123456789abcdef'];

/** Entries of one query, and most entries that one list looks through for those that its filter wants. */
const PAGE = 100;
const MOST_LOOKED_AT = 5_000;

/** Arrivals noted at the same time; each is one write. */
const CONCURRENT = 25;

const FIRST = 0;
const position = (since: number, id: string): string => `${String(since).padStart(15, '0')}#${id}`;
const queue = (status: QuarantineStatus, shard: string): string => `${status}#${shard}`;

/** Quarantine's index in DynamoDB: an item per thing, by status and time in a secondary index. */
export function dynamoQuarantineIndex(client: DynamoDBDocumentClient, table: string): QuarantineIndex {
  /** @returns the item as it is then, or undefined where the condition does not hold. */
  const update = async (input: Omit<UpdateCommandInput, 'TableName'>): Promise<QuarantineEntry | undefined> => {
    try {
      const { Attributes } = await client.send(
        new UpdateCommand({ TableName: table, ReturnValues: 'ALL_NEW', ...input }),
      );
      return entryOf(Attributes as Item);
    } catch (failure) {
      if (failure instanceof ConditionalCheckFailedException) return undefined;
      throw failure;
    }
  };

  const arrive = async (arrival: QuarantineArrival): Promise<void> => {
    const { id, kind, topic, clientId, traceId, receivedAt, reasonCodes } = arrival;
    const values = {
      ':kind': kind,
      ':topic': topic,
      ':client': clientId,
      ':trace': traceId,
      ':received': receivedAt,
      ':codes': [...reasonCodes],
      ':one': 1,
      ':zero': FIRST,
    };
    const set =
      'SET kind = :kind, topic = :topic, clientId = :client, traceId = :trace, receivedAt = :received, reasonCodes = :codes, version = if_not_exists(version, :zero) + :one';
    const opened = await update({
      Key: { pk: id },
      UpdateExpression: `${set}, #status = :open, #queue = :queue, #position = :position, since = :received`,
      ConditionExpression: 'attribute_not_exists(pk) OR (#status <> :open AND receivedAt < :received)',
      ExpressionAttributeNames: { '#status': 'status', '#queue': 'queue', '#position': 'position' },
      ExpressionAttributeValues: {
        ...values,
        ':open': 'open',
        ':queue': queue('open', id[0] ?? ''),
        ':position': position(receivedAt, id),
      },
    });
    // Refused again while it waits: a replay that is under way must see it (it compares the latest receipt with its own).
    opened ??
      (await update({
        Key: { pk: id },
        UpdateExpression: set,
        ConditionExpression: '#status = :open AND receivedAt < :received',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ...values, ':open': 'open' },
      }));
  };

  const queryShard = async (input: Omit<QueryCommandInput, 'TableName' | 'IndexName'>) =>
    client.send(new QueryCommand({ TableName: table, IndexName: QUEUE_INDEX, ...input }));

  return {
    async arrive(arrivals) {
      const waiting = [...arrivals];
      const next = async (): Promise<void> => {
        for (let arrival = waiting.pop(); arrival; arrival = waiting.pop()) await arrive(arrival);
      };
      await Promise.all(Array.from({ length: Math.min(CONCURRENT, arrivals.length) }, next));
    },
    async find(id) {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: { pk: id }, ConsistentRead: true }));
      return Item && entryOf(Item as Item);
    },
    async list({ limit, before, ...filter }) {
      const shards = SHARDS.map((shard) => shardReader(queryShard, shard, { ...filter, before }));
      await Promise.all(shards.map((shard) => shard.fill()));
      const entries: QuarantineEntry[] = [];
      let last: string | undefined;
      for (let looked = 0; looked < MOST_LOOKED_AT && entries.length < limit; looked += 1) {
        const newest = shards.reduce((best, shard) => ((shard.head ?? '') > (best.head ?? '') ? shard : best));
        if (newest.head === undefined) return { entries, next: undefined };
        last = newest.head;
        const entry = await newest.take();
        if (wanted(entry, filter)) entries.push(entry);
      }
      return { entries, next: shards.some(({ head }) => head !== undefined) ? last : undefined };
    },
    async change({ entry, status, correction, by }) {
      const change: QuarantineChange = { ...by, version: entry.version + 1 };
      return update({
        Key: { pk: entry.id },
        UpdateExpression: `SET #status = :status, #queue = :queue, #position = :position, since = :since, version = :next,
          history = list_append(if_not_exists(history, :none), :change)${
            correction ? ', correctionId = :correction, correctedTopic = :topic' : ''
          }`,
        ConditionExpression: 'version = :version',
        ExpressionAttributeNames: { '#status': 'status', '#queue': 'queue', '#position': 'position' },
        ExpressionAttributeValues: {
          ':status': status,
          ':queue': queue(status, entry.id[0] ?? ''),
          ':position': position(status === entry.status ? entry.since : by.at, entry.id),
          ':since': status === entry.status ? entry.since : by.at,
          ':version': entry.version,
          ':next': change.version,
          ':none': [],
          ':change': [change],
          ...(correction ? { ':correction': correction.id, ':topic': correction.topic } : {}),
        },
      });
    },
    async depth(most) {
      let open = 0;
      let oldestSince: number | undefined;
      for (const shard of SHARDS) {
        const key = { KeyConditionExpression: '#q = :q', ExpressionAttributeNames: { '#q': 'queue' } };
        const values = { ExpressionAttributeValues: { ':q': queue('open', shard) } };
        const { Items: [oldest] = [] } = await queryShard({ ...key, ...values, Limit: 1 });
        if (oldest) oldestSince = Math.min(oldestSince ?? Number.POSITIVE_INFINITY, Number(oldest.since));
        let from: Record<string, unknown> | undefined;
        let more = open < most;
        while (more) {
          const page = await queryShard({ ...key, ...values, Select: 'COUNT', ExclusiveStartKey: from });
          open += page.Count ?? 0;
          from = page.LastEvaluatedKey;
          more = from !== undefined && open < most;
        }
      }
      return { open: Math.min(open, most), oldestSince };
    },
  };
}

type Item = Record<string, unknown>;

const wanted = (entry: QuarantineEntry, { kind, reason }: Pick<QuarantineFilter, 'kind' | 'reason'>): boolean =>
  (kind === undefined || entry.kind === kind) && (reason === undefined || entry.reasonCodes.includes(reason));

/** One partition of a status from its newest entry on, a page at a time. */
function shardReader(
  query: (
    input: Omit<QueryCommandInput, 'TableName' | 'IndexName'>,
  ) => Promise<{ Items?: Item[]; LastEvaluatedKey?: Item }>,
  shard: string,
  { status, from, to, before }: QuarantineFilter & { before: string | undefined },
) {
  const pageEntries: QuarantineEntry[] = [];
  let start: Item | undefined;
  let more = true;
  const lowest = position(from ?? 0, '');
  const upper = [to === undefined ? '~' : position(to, ''), before ?? '~'].sort()[0] ?? '~';
  return {
    /** Position of the newest entry not taken yet. */
    get head(): string | undefined {
      const [entry] = pageEntries;
      return entry && position(entry.since, entry.id);
    },
    async fill(): Promise<void> {
      // BETWEEN includes its ends, and a lower end above the upper one is an error.
      while (pageEntries.length === 0 && more && lowest < upper) {
        const page = await query({
          KeyConditionExpression: '#q = :q AND #p BETWEEN :low AND :high',
          ExpressionAttributeNames: { '#q': 'queue', '#p': 'position' },
          ExpressionAttributeValues: { ':q': queue(status, shard), ':low': lowest, ':high': upper },
          ScanIndexForward: false,
          Limit: PAGE,
          ExclusiveStartKey: start,
        });
        pageEntries.push(...(page.Items ?? []).map(entryOf).filter((entry) => position(entry.since, entry.id) < upper));
        start = page.LastEvaluatedKey;
        more = start !== undefined;
      }
    },
    async take(): Promise<QuarantineEntry> {
      const entry = pageEntries.shift() as QuarantineEntry;
      await this.fill();
      return entry;
    },
  };
}

function entryOf(item: Item): QuarantineEntry {
  const { pk, queue: _, position: __, history = [], ...rest } = item;
  return { ...(rest as unknown as QuarantineEntry), id: String(pk), history: history as QuarantineChange[] };
}
