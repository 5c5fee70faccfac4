/** A cumulative register read. */
export interface RegisterRead {
  meterNo: number;
  channel: number;
  /** Epoch ms. */
  readAt: number;
  revision: number;
  energyWh: number;
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
