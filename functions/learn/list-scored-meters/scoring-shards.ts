import type { MeterDirectory } from '../../../layers/domain/anomalies/meter-series.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

/** Buckets of 256 meters that one pass through the state machine's map judges: a million meters stay within its history of 25,000 events. */
const BUCKETS_PER_SHARD = 4;

export interface ScoringShard {
  latestDay: number;
  buckets: number[];
  requests: string;
  responses: string;
}

/** Splits the meters for the nightly judgement; nothing before the first reading. */
export const scoringShards =
  ({ directory, latestDay }: { directory: MeterDirectory; latestDay(): Promise<number | undefined> }) =>
  async ({
    execution,
  }: {
    execution: string;
  }): Promise<TaskOutcome<{ shardCount: number; shards: ScoringShard[] }>> => {
    const day = await latestDay();
    if (day === undefined) return { output: { shardCount: 0, shards: [] } };
    const buckets = await directory.buckets();
    const shards: ScoringShard[] = [];
    for (let from = 0; from < buckets.length; from += BUCKETS_PER_SHARD) {
      const base = `anomalies/${execution}/${shards.length}`;
      shards.push({
        latestDay: day,
        buckets: buckets.slice(from, from + BUCKETS_PER_SHARD),
        requests: `${base}/requests.jsonl`,
        responses: `${base}/responses.jsonl`,
      });
    }
    return { output: { shardCount: shards.length, shards } };
  };
