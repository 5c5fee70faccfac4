import * as z from 'zod';
import { jsonLines, type ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import { MEASUREMENT_KIND_NAMES, PHASES } from '../../../layers/contracts/messages/measurements.ts';
import { type ScoreSensorsPorts, scoreSensors } from '../../../layers/domain/anomalies/score-sensors.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const scoreTask = z.object({ windows: z.string().min(1) });

const spans = z.array(z.object({ sensorId: z.string(), from: z.number(), to: z.number(), past: z.boolean() }));
const series = z.object({
  sensorId: z.string(),
  kind: z.enum(MEASUREMENT_KIND_NAMES),
  phase: z.enum(PHASES).nullable(),
  timeZone: z.string(),
  windows: z.array(z.tuple([z.number(), z.number()])),
});

/** Scores what was laid out of a shard's sensors; done again, it changes nothing. */
export const scoreWindows =
  ({ objects, ...ports }: ScoreSensorsPorts & { objects: Pick<ObjectStore, 'read'> }) =>
  async ({ windows }: z.infer<typeof scoreTask>): Promise<TaskOutcome<{ series: number; found: number }>> => {
    const [head, ...lines] = jsonLines(await objects.read(windows));
    const read = lines.map((line) => series.parse(line));
    const { found, withdrawn } = await scoreSensors(ports)({ spans: spans.parse(head), series: read });
    return {
      output: { series: read.length, found },
      counts: { SensorSeriesScored: read.length, AnomaliesFound: found, AnomaliesWithdrawn: withdrawn },
    };
  };
