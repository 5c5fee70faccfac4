import * as z from 'zod';
import type { ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import { MEASUREMENT_KIND_NAMES } from '../../../layers/contracts/messages/measurements.ts';
import { nextWindows } from '../../../layers/domain/anomalies/sensor-windows.ts';
import type { TelemetryStore } from '../../../layers/domain/telemetry/telemetry-store.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const readTask = z.object({ sensors: z.string().min(1), windows: z.string().min(1) });

const scoredSensors = z
  .array(
    z.object({
      sensorId: z.string(),
      timeZone: z.string(),
      kinds: z.array(z.enum(MEASUREMENT_KIND_NAMES)),
      scoredTo: z.number().nullable(),
    }),
  )
  .min(1);

export interface ReadWindowsPorts {
  telemetry: Pick<TelemetryStore, 'aggregate'>;
  objects: ObjectStore;
  clock: () => number;
}

/** Lays out the next windows of a shard's sensors: a line that says which spans, then a line for each series. */
export const readWindows =
  ({ telemetry, objects, clock }: ReadWindowsPorts) =>
  async ({ sensors, windows }: z.infer<typeof readTask>): Promise<TaskOutcome<{ windows: string }>> => {
    const shard = scoredSensors.parse(JSON.parse(new TextDecoder().decode(await objects.read(sensors))));
    const { spans, series } = await nextWindows(telemetry, shard, clock());
    const lines = [spans, ...series].map((line) => `${JSON.stringify(line)}\n`);
    await objects.put(windows, lines.join(''), 'application/jsonlines');
    const read = series.reduce((sum, one) => sum + one.windows.length, 0);
    return { output: { windows }, counts: { SensorSeries: series.length, SensorWindows: read } };
  };
