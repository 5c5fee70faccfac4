import * as z from 'zod';
import type { ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import { FULL_WINDOW_DAYS } from '../../../layers/contracts/models/anomaly.ts';
import { lastDayRead, windowOf } from '../../../layers/domain/anomalies/anomaly-windows.ts';
import { lastDaysOf, type MeterDirectory, peerMeansOf } from '../../../layers/domain/anomalies/meter-series.ts';
import type { ReadingStore } from '../../../layers/domain/readings/reading-store.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const shardTask = z.object({
  latestDay: z.int(),
  buckets: z.array(z.int()),
  requests: z.string().min(1),
  responses: z.string().min(1),
});

/** Meters asked of the endpoint at once: a second of its time, less than a megabyte. */
const WINDOWS_PER_REQUEST = 20;

export interface BuildPorts {
  directory: MeterDirectory;
  readings: Pick<ReadingStore, 'readMany'>;
  objects: ObjectStore;
}

/** Lays out what the anomaly model is asked of a shard's meters: their last weeks up to the last whole local day, beside their peers'. */
export const buildRequests =
  ({ directory, readings, objects }: BuildPorts) =>
  async (shard: z.infer<typeof shardTask>): Promise<TaskOutcome<z.infer<typeof shardTask>>> => {
    const lines: string[] = [];
    let asked = 0;
    for (const bucket of shard.buckets) {
      const meters = await directory.meters(bucket);
      const series = await lastDaysOf(readings, meters, { latestDay: shard.latestDay, days: FULL_WINDOW_DAYS });
      const peers = peerMeansOf(series);
      const windows = series.filter(lastDayRead).map((one) => windowOf(one, peers(one)));
      asked += windows.length;
      for (let from = 0; from < windows.length; from += WINDOWS_PER_REQUEST)
        lines.push(JSON.stringify({ windows: windows.slice(from, from + WINDOWS_PER_REQUEST) }));
    }
    await objects.put(shard.requests, lines.map((line) => `${line}\n`).join(''), 'application/jsonlines');
    return { output: shard, counts: { MetersAsked: asked } };
  };
