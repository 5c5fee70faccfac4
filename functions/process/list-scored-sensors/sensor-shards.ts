import * as z from 'zod';
import type { ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import type { SensorDirectory } from '../../../layers/domain/anomalies/sensor-store.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

/** Sensors that one pass through the state machine's map looks at: a day of their windows is some megabytes. [proposed] */
const SENSORS_PER_SHARD = 50;

export const shardsTask = z.object({});

export interface SensorShard {
  sensors: string;
  windows: string;
}

/** Splits the sensors, so that those of a shard have been scored about as far; written over at the next run. */
export const sensorShards =
  ({ directory, objects }: { directory: SensorDirectory; objects: Pick<ObjectStore, 'put'> }) =>
  async (): Promise<TaskOutcome<{ shardCount: number; shards: SensorShard[] }>> => {
    const sensors = await directory.sensors();
    const shards: SensorShard[] = [];
    for (let from = 0; from < sensors.length; from += SENSORS_PER_SHARD) {
      const base = `sensors/${shards.length}`;
      const shard = { sensors: `${base}/sensors.json`, windows: `${base}/windows.jsonl` };
      await objects.put(shard.sensors, JSON.stringify(sensors.slice(from, from + SENSORS_PER_SHARD)));
      shards.push(shard);
    }
    return { output: { shardCount: shards.length, shards }, counts: { SensorsListed: sensors.length } };
  };
