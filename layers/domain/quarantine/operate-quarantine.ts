import { parseTopic } from '../../contracts/messages/messages.ts';
import { FAILED_BATCH } from '../../contracts/messages/quarantine.ts';
import type { Actor, AuditLog } from '../audit/audit-log.ts';
import { messageId } from '../messages/quarantine.ts';
import type { QuarantineChange, QuarantineEntry, QuarantineIndex } from './quarantine-index.ts';
import type { FailedRecord, QuarantineObjects } from './quarantine-objects.ts';

/** The streams that consumers read, by what they carry. */
export type StreamOfKind = 'readings' | 'telemetry';

export interface OperateQuarantinePorts {
  index: QuarantineIndex;
  objects: QuarantineObjects;
  audit: Pick<AuditLog, 'append'>;
  /** Resolves to true when the stream holds every record. */
  put(stream: StreamOfKind, records: readonly FailedRecord[]): Promise<boolean>;
  /** By its name; undefined: no stream of ours. */
  streamNamed(name: string): StreamOfKind | undefined;
}

/** Who asks for it, when and why. */
export interface Asked {
  actor: Actor;
  /** Epoch ms. */
  at: number;
  reason: string;
}

/** Why it was not done. */
export type Refusal = 'unknown' | 'conflict' | 'discarded' | 'failed-batch' | 'no-stream' | 'stream-full';

export type Operated = { ok: true; entry: QuarantineEntry } | { ok: false; refusal: Refusal };

const refused = (refusal: Refusal): Operated => ({ ok: false, refusal });

/** Tries of a change whose entry was changed meanwhile. */
const TRIES = 5;

/**
 * What operators do with things in quarantine. Each change is one conditional write that also notes who, when and why; the
 * audit log then gets every change of the entry, so that one whose record was lost is made good by the next.
 */
export function operateQuarantine(ports: OperateQuarantinePorts) {
  const { index, objects } = ports;

  const audited = async (entry: QuarantineEntry): Promise<Operated> => {
    await ports.audit.append(
      entry.history.map(({ version, at, action, actor, reason }) => ({
        entity: `quarantine#${entry.id}`,
        sequence: version,
        at,
        actor,
        action: `quarantine.${action}`,
        reason,
        details: { kind: entry.kind },
      })),
    );
    return { ok: true, entry };
  };

  const by = (asked: Asked, action: QuarantineChange['action']) => ({ ...asked, action });

  /** Records to put to a stream: those of the batch, or the (corrected) message as if it had come now. */
  const replayed = async (
    entry: QuarantineEntry,
    now: number,
  ): Promise<{ stream: StreamOfKind; records: FailedRecord[] } | Refusal> => {
    if (entry.kind === FAILED_BATCH) {
      const batch = await objects.failedBatch(entry);
      const stream = batch && ports.streamNamed(batch.streamName);
      return batch && stream ? { stream, records: batch.records } : 'no-stream';
    }
    const original = await objects.message(entry);
    const correction = await objects.correction(entry);
    if (!original) return 'unknown';
    const topic = correction?.topic ?? original.topic;
    const stream = streamOf(topic);
    if (!stream) return 'no-stream';
    const payload = correction ? Buffer.from(correction.payload).toString('base64') : original.payload;
    const { clientId, traceId } = original;
    // Known from now on: `asOf` before this instant does not see it.
    const envelope = JSON.stringify({ payload, topic, clientId, receivedAt: now, traceId });
    return { stream, records: [{ partitionKey: topic.split('/')[1] ?? topic, data: Buffer.from(envelope) }] };
  };

  /** Puts first and notes afterwards: a crash between leaves it open, and a second replay changes nothing in the stores. */
  const noteReplay = async (id: string, asked: Asked): Promise<Operated> => {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const entry = await index.find(id);
      if (!entry) return refused('unknown');
      const refusedAgain = entry.status === 'open' && entry.receivedAt >= asked.at;
      const status = refusedAgain ? 'open' : 'replayed';
      const changed = await index.change({ entry, status, by: by(asked, 'replay') });
      if (changed) return audited(changed);
    }
    return refused('conflict');
  };

  return {
    /** Keeps a corrected message beside the original; a replay then sends it. */
    async correct(
      id: string,
      message: { payload: Uint8Array; topic?: string | undefined },
      asked: Asked,
    ): Promise<Operated> {
      const entry = await index.find(id);
      if (!entry) return refused('unknown');
      if (entry.kind === FAILED_BATCH) return refused('failed-batch');
      const topic = message.topic ?? entry.topic;
      if (!streamOf(topic)) return refused('no-stream');
      const correction = { id: messageId({ topic, payload: message.payload }), topic, payload: message.payload };
      if (entry.correctionId === correction.id && entry.status === 'open') return audited(entry);
      await objects.putCorrection(entry, correction);
      const changed = await index.change({ entry, status: 'open', correction, by: by(asked, 'correct') });
      return changed ? audited(changed) : refused('conflict');
    },
    /** Sends it to its stream again. What was replayed already and not refused since is left as it is. */
    async replay(id: string, asked: Asked): Promise<Operated> {
      const entry = await index.find(id);
      if (!entry) return refused('unknown');
      if (entry.status === 'replayed') return audited(entry);
      if (entry.status === 'discarded') return refused('discarded');
      const sent = await replayed(entry, asked.at);
      if (typeof sent === 'string') return refused(sent);
      if (!(await ports.put(sent.stream, sent.records))) return refused('stream-full');
      return noteReplay(id, asked);
    },
    /** Nothing more will be done with it; it stays readable. */
    async discard(id: string, asked: Asked): Promise<Operated> {
      const entry = await index.find(id);
      if (!entry) return refused('unknown');
      if (entry.status === 'discarded') return audited(entry);
      const changed = await index.change({ entry, status: 'discarded', by: by(asked, 'discard') });
      return changed ? audited(changed) : refused('conflict');
    },
  };
}

export type OperateQuarantine = ReturnType<typeof operateQuarantine>;

const streamOf = (topic: string): StreamOfKind | undefined => {
  const parsed = parseTopic(topic);
  return parsed && (parsed.kind === 'sensor-telemetry' ? 'telemetry' : 'readings');
};
