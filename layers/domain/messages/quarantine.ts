import { createHash } from 'node:crypto';
import type { Reason } from '../../contracts/codes/reasons.ts';
import type { QuarantinedMessage } from '../../contracts/messages/quarantined-message.ts';

/** Where messages go that cannot be stored as they are. Putting the same message again changes nothing. */
export interface QuarantineStore {
  /** Durable once resolved. @throws on an infrastructure fault: the batch is tried again. */
  put(messages: readonly QuarantinedMessage[]): Promise<void>;
}

/** A message as it arrived. */
export interface ArrivedMessage {
  topic: string;
  clientId: string;
  /** Epoch ms. */
  receivedAt: number;
  traceId: string;
  payload: Uint8Array;
  /** Index in its batch, whose id is then `traceId`. */
  item?: number;
}

/** Id of a message by its content: sha-256 of topic, NUL and payload bytes, hex. */
export const messageId = ({ topic, payload }: Pick<ArrivedMessage, 'topic' | 'payload'>): string =>
  createHash('sha256').update(topic).update('\0').update(payload).digest('hex');

/** The message as it lies in quarantine, under an id of its content: redelivery gives the same object. */
export function quarantined(message: ArrivedMessage, kind: string, reasons: Reason[]): QuarantinedMessage {
  const { payload, item: _, ...envelope } = message;
  return { id: messageId(message), kind, ...envelope, reasons, payload: Buffer.from(payload).toString('base64') };
}
