import type { ChannelName } from '../../contracts/messages/channels.ts';
import type { Entity } from '../network/topology-store.ts';
import type { DaySummaries, DaySummary, Membership } from './day-summary.ts';

/** What is summed from what, from the meters upwards. Stored in rows; never reused. */
export const LEVELS = { transformer: 1, feeder: 2, region: 3, system: 4 } as const;
export type Level = (typeof LEVELS)[keyof typeof LEVELS];

/** Id of the one entity at the top. */
export const SYSTEM_ID = '';

/** One day of one entity: what one lock covers. */
export interface EntityDay {
  level: Level;
  /** Id of the transformer, feeder or region; SYSTEM_ID at the top. */
  id: string;
  /** Days since 1970-01-01 UTC. */
  day: number;
}

/** A meter while it hangs on a transformer. */
export interface Member extends Membership {
  transformerId: string;
  meterNo: number;
}

/** Days of entities, as readers see them. */
export interface WindowReader {
  /**
   * Days [fromDay, toDay) of an entity that have a reading. Days whose readings or topology changed since they were summed are
   * summed anew for the answer: a reading counts the moment it is stored.
   */
  daysOf(query: { entity: Entity; channel: ChannelName; fromDay: number; toDay: number }): Promise<DaySummary[]>;
  /** The same of every transformer, by its id. */
  daysOfTransformers(query: {
    channel: ChannelName;
    fromDay: number;
    toDay: number;
  }): Promise<ReadonlyMap<string, DaySummary[]>>;
}

/** What one step of the aggregation does in one transaction. */
export interface WindowWork {
  /**
   * Takes marks of changed readings and topology and notes the entity-days they concern as due, unless another run does so just
   * now. @returns marks taken
   */
  noteDue(): Promise<number>;
  /**
   * Takes some due entity-days of the lowest level, from `from` upwards, that others do not hold. Until this transaction ends nobody else takes
   * them, and whoever notes one of them as due waits.
   */
  claim(limit: number, from: Level): Promise<EntityDay[]>;
  /**
   * What the readings of the transformers' meters add up to on a day, of all channels: winners of block and delta together, as
   * of now, each where its meter hung when the interval began. Transformers without any are absent.
   */
  sumsOf(transformerIds: readonly string[], day: number): Promise<ReadonlyMap<string, DaySummaries>>;
  /** Summaries of the entities one level below, with the entity of this level that each belongs to. */
  partsOf(level: Level, ids: readonly string[], day: number): Promise<{ id: string; summary: DaySummary }[]>;
  /** Replaces the summaries of an entity's day. @returns entity-days that differ from what was stored */
  put(days: readonly (EntityDay & { summaries: readonly DaySummary[] })[]): Promise<EntityDay[]>;
  /** Notes the entities above these as due. */
  noteParentsDue(days: readonly EntityDay[]): Promise<void>;
}

export interface WindowAggregation {
  /** Commits what the work did, or nothing of it. */
  transaction<Result>(work: (step: WindowWork) => Promise<Result>): Promise<Result>;
}
