import type { ReadReason } from '../../contracts/messages/register-reads.ts';

/** A cumulative register read. */
export interface RegisterRead {
  meterNo: number;
  channel: number;
  /** Epoch ms. */
  readAt: number;
  revision: number;
  /** As displayed, before the multiplier, in Wh (varh). */
  registerWh: number;
  reason: ReadReason;
  /** Of the physical meter; empty if the message did not say. */
  serial: string;
  /** Digits before the decimal point; 0 if the message did not say. */
  digits: number;
  /** 0 if the message did not say. */
  multiplier: number;
  /** Earliest receipt, epoch ms. */
  recordedAt: number;
}

export interface MeterEvent {
  meterNo: number;
  /** Epoch ms. */
  occurredAt: number;
  event: string;
  /** Empty if none. */
  detail: string;
  recordedAt: number;
}

/** Register reads and meter events. Storing one again changes nothing but an earlier receipt. */
export interface MeterFactStore {
  storeRegisterReads(reads: readonly RegisterRead[]): Promise<void>;
  storeMeterEvents(events: readonly MeterEvent[]): Promise<void>;
}

/** A page of one meter's facts within [from, to), by time and then in a fixed order. */
export interface FactQuery {
  meterNo: number;
  /** Epoch ms. */
  from: number;
  to: number;
  /** So many of the first are left out. */
  skip: number;
  limit: number;
}

/** What readers ask of register reads and meter events. */
export interface MeterFactReader {
  registerReads(query: FactQuery & { channel: number }): Promise<RegisterRead[]>;
  meterEvents(query: FactQuery & { event?: string }): Promise<MeterEvent[]>;
}
