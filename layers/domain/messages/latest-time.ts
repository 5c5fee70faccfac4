import { MAX_AHEAD_MS } from '../../contracts/messages/limits.ts';

/** When a message arrived, and how far ahead of that a time in it may lie. */
export interface Arrival {
  /** Epoch ms. */
  receivedAt: number;
  /** What operators set for rule 17, ms; MAX_AHEAD_MS if absent. */
  maxAheadMs?: number | undefined;
}

/** The latest time that a message may name, epoch ms. */
export const latestTime = ({ receivedAt, maxAheadMs = MAX_AHEAD_MS }: Arrival): number => receivedAt + maxAheadMs;

/** Where the limit of rule 17 in force comes from; without a source it is MAX_AHEAD_MS. */
export type FutureTimeSource = () => Promise<{ seconds: number }>;

export const aheadLimit = async (source: FutureTimeSource | undefined): Promise<number | undefined> =>
  source && (await source()).seconds * 1000;
