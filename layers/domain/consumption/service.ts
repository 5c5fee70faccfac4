/** When a meter served, and how long its intervals are. A meter that moved has one for each place. */
export interface Service {
  meterNo: number;
  /** Epoch ms, inclusive. */
  from: number;
  /** Epoch ms, exclusive; null: still. */
  to: number | null;
  intervalMinutes: number;
}
