import { gunzipSync } from 'node:zlib';
import type { Cloud } from '../kernel/types.ts';
import type { Stream, StreamRecord } from '../kinesis/stream.ts';
import { labelOf } from './snapshot.ts';
import type { MessagePath } from './view.ts';

interface Envelope {
  payload: string;
  topic: string;
  clientId: string;
  receivedAt: number;
  traceId: string;
}

/** What a payload names is put into SQL: nothing but the letters an id may have. */
const idForm = /^[A-Za-z0-9._-]{1,64}$/;
const dayMs = 86_400_000;
const lookBack = 200;

const envelopeOf = (record: StreamRecord): Envelope | undefined => {
  try {
    const envelope = JSON.parse(record.data.toString()) as Envelope;
    return typeof envelope.traceId === 'string' ? envelope : undefined;
  } catch {
    return undefined;
  }
};

const labelled = (cloud: Cloud, physicalId: string): string => {
  const resource = cloud.resources.find((one) => one.physicalId === physicalId);
  return resource ? labelOf(resource) : physicalId;
};

interface Found {
  stream: Stream;
  shardId: string;
  record: StreamRecord;
  envelope: Envelope;
}

/** Readings before telemetry, whose row in the store has no key to be found by; then the newest. */
const rank = ({ topic, receivedAt }: Envelope): number => receivedAt + (topic.startsWith('sensors/') ? 0 : dayMs);

/** The newest reading, or the record with the given trace id, among the last of each shard. */
const find = async (cloud: Cloud, traceId: string | undefined): Promise<Found | undefined> => {
  let best: Found | undefined;
  for (const stream of cloud.shared.kinesis?.all() ?? []) {
    for (const shard of stream.shards) {
      const { records } = await shard.read(Math.max(shard.oldest, shard.tip - lookBack), lookBack, 4 * 1024 * 1024);
      for (const record of records) {
        const envelope = envelopeOf(record);
        if (!envelope || (traceId !== undefined && envelope.traceId !== traceId)) continue;
        if (!best || rank(envelope) > rank(best.envelope)) best = { stream, shardId: shard.id, record, envelope };
      }
    }
  }
  return best;
};

/** First reading of a payload, if it is one of a meter. */
const readingOf = (envelope: Envelope): { meterId: string; start: number } | undefined => {
  try {
    const bytes = Buffer.from(envelope.payload, 'base64');
    const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes).toString() : bytes.toString();
    const parsed = JSON.parse(text) as unknown;
    const message = (Array.isArray(parsed) ? parsed[0] : parsed) as {
      meterId?: unknown;
      start?: string;
      intervals?: { start?: string }[];
    };
    const start = Date.parse(message.start ?? message.intervals?.[0]?.start ?? '');
    const { meterId } = message;
    return typeof meterId === 'string' && idForm.test(meterId) && !Number.isNaN(start) ? { meterId, start } : undefined;
  } catch {
    return undefined;
  }
};

const storeStep = async (cloud: Cloud, found: Found): Promise<MessagePath['steps'][number]> => {
  const step = (title: string, detail: string, time: number | null = null) => ({ name: 'Store', title, detail, time });
  const reading = readingOf(found.envelope);
  const { postgres } = cloud.shared;
  if (!reading || !postgres) return step('Telemetry store', 'written by the invocation above; see its log line');
  const day = Math.floor(reading.start / dayMs);
  const rows = await postgres
    .query(
      `SELECT json_build_object('table', 'reading_delta', 'key', d.chunk_id, 'readings', d.reading_count, 'time', extract(epoch from d.stored_at) * 1000)::text
         FROM meter m JOIN reading_delta d ON d.bucket = m.meter_no >> 8 AND d.day = ${day}
        WHERE m.meter_id = '${reading.meterId}' AND d.stored_at >= to_timestamp(${(found.record.arrivalMs - 1) / 1000})
        ORDER BY d.chunk_id LIMIT 1`,
    )
    .catch((failure: Error) => failure);
  if (rows instanceof Error) return step('PostgreSQL', `cannot be asked: ${rows.message}`);
  const delta = rows[0] ? (JSON.parse(rows[0]) as { key: number; readings: number; time: number }) : undefined;
  if (delta) {
    return step(
      'PostgreSQL · reading_delta',
      `chunk ${delta.key} with ${delta.readings} readings, day ${day}`,
      delta.time,
    );
  }
  const blocks = await postgres
    .query(
      `SELECT m.meter_no::text FROM meter m JOIN reading_block b ON b.bucket = m.meter_no >> 8 AND b.day = ${day}
        AND get_bit(b.meters, m.meter_no & 255) = 1 WHERE m.meter_id = '${reading.meterId}' LIMIT 1`,
    )
    .catch(() => []);
  return blocks[0] === undefined
    ? step('PostgreSQL', 'not there yet')
    : step('PostgreSQL · reading_block', `compacted: meter_no ${blocks[0]}, day ${day}`);
};

/** The way of one message from MQTT to its store; the newest one if no trace id is given. */
export const messagePath = async (cloud: Cloud, traceId?: string): Promise<MessagePath | undefined> => {
  const found = await find(cloud, traceId);
  if (!found) return undefined;
  const { stream, shardId, record, envelope } = found;
  const kind = envelope.topic.split('/').at(-1) ?? '';
  const rule = cloud
    .resourcesOf('AWS::IoT::TopicRule')
    .find(
      (one) =>
        one.physicalId.endsWith(kind.replaceAll('-', '_')) || JSON.stringify(one.properties).includes(`/${kind}'`),
    );
  const mapping = cloud
    .resourcesOf('AWS::Lambda::EventSourceMapping')
    .find(({ properties }) => String(properties.EventSourceArn).endsWith(`/${stream.settings.name}`));
  const consumer =
    /function:([^:/]+)/.exec(String(mapping?.properties.FunctionName))?.[1] ??
    String(mapping?.properties.FunctionName ?? '');
  const logs = cloud.shared.logs?.({ source: consumer, limit: 5000 }) ?? [];
  const line =
    logs.find((one) => one.text.includes(envelope.traceId)) ??
    logs.find((one) => one.time >= record.arrivalMs && one.requestId !== undefined);
  const viaHeadEnd = envelope.topic.startsWith('headend/');
  return {
    traceId: envelope.traceId,
    steps: [
      viaHeadEnd
        ? {
            name: 'API',
            title: 'POST /readings:batch',
            detail: `client ${envelope.topic.split('/')[1]}`,
            time: envelope.receivedAt,
          }
        : {
            name: 'Broker',
            title: envelope.topic,
            detail: `published by ${envelope.clientId || 'an unnamed client'}`,
            time: envelope.receivedAt,
          },
      ...(viaHeadEnd
        ? []
        : [
            {
              name: 'Topic rule',
              title: rule?.physicalId ?? 'no rule of this name',
              detail: `trace ${envelope.traceId}`,
              time: null,
            },
          ]),
      {
        name: 'Stream',
        title: labelled(cloud, stream.settings.name),
        detail: `${shardId}, sequence ${record.sequenceNumber}`,
        time: record.arrivalMs,
      },
      {
        name: 'Invocation',
        title: labelled(cloud, consumer) || 'no consumer',
        detail: line ? `request ${line.requestId ?? 'unknown'}` : 'not yet logged',
        time: line?.time ?? null,
      },
      await storeStep(cloud, found),
    ],
  };
};
