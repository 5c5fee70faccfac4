import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import * as z from 'zod';
import type { ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import {
  type Hyperparameters,
  type TrainedOn,
  type TrainingPlan,
  trainingRequest,
} from '../../../layers/contracts/models/learning.ts';
import { lastDaysOf, type MeterDirectory, type MeterSeries } from '../../../layers/domain/anomalies/meter-series.ts';
import {
  anomalyExamples,
  type LabelledSpan,
  labelsCsv,
  type MeterFold,
  meterFolds,
  readingsCsv,
} from '../../../layers/domain/models/anomaly-training-set.ts';
import { trainingPlan } from '../../../layers/domain/models/training-plan.ts';
import type { ReadingStore } from '../../../layers/domain/readings/reading-store.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

/** `execution` is the machine's own id of the run: asked again, the same plan comes out. */
export const trainingTask = z.object({
  model: z.literal('anomaly'),
  request: trainingRequest.omit({ model: true }),
  execution: z.string().min(1),
  startedAt: z.iso.datetime(),
});

/** Three segments of what the forest learns from. */
const TRAINING_DAYS = 252;
/** More meters cost time and teach little more; those that people labelled come first. [proposed] */
const MAX_METERS = 100;
/** Two for choosing among the candidates, the last for the gate. */
const FOLDS = 3;
/** What is tried when nobody says otherwise; the model's own defaults come first. */
const CANDIDATES: readonly Hyperparameters[] = [{}, { trees: '80' }];

export interface AnomalyTrainingPorts {
  directory: MeterDirectory;
  readings: Pick<ReadingStore, 'readMany'>;
  /** The latest label of every anomaly of a meter's energy, oldest span first. */
  labels(): Promise<LabelledSpan[]>;
  latestDay(): Promise<number | undefined>;
  objects: ObjectStore;
}

/** Lays out what the anomaly model learns from in S3, under the hash of its content, and plans the jobs. */
export const prepareTraining =
  (ports: AnomalyTrainingPorts) =>
  async (task: z.infer<typeof trainingTask>): Promise<TaskOutcome<TrainingPlan>> => {
    const labels = await ports.labels();
    const series = await trainingSeries(ports, new Set(labels.map(({ meterId }) => meterId)));
    const known = new Set(series.map(({ meterId }) => meterId));
    const spans = labels.filter(({ meterId }) => known.has(meterId));
    const folds = meterFolds(series, { folds: FOLDS, labelled: new Set(spans.map(({ meterId }) => meterId)) });
    const files = new Map(series.map((one) => [one.meterId, readingsCsv(one)]));
    const hash = createHash('sha256').update(labelsCsv(spans));
    for (const [meterId, text] of files) hash.update(meterId).update(text);
    const dataVersion = hash.digest('hex').slice(0, 16);
    const base = `training/anomaly/${dataVersion}`;
    const { objects } = ports;
    for (const [fold, { train, heldOut }] of folds.entries())
      await writeFold(objects, `${base}/${fold}`, { train, heldOut, files, spans, all: series });
    const { execution, startedAt, request } = task;
    const timeZone = commonZone(series);
    const candidates = (request.candidates ?? CANDIDATES).map((one) => ({ timeZone, ...one }));
    const uri = (fold: number, part: string) => objects.uri(`${base}/${fold}/${part}/`);
    const plan = trainingPlan(
      { model: 'anomaly', execution, startedAt, budgetMinutes: request.budgetMinutes, candidates },
      folds.length > 0
        ? {
            dataVersion,
            trainedOn: learnedFrom(series, spans.length),
            folds: FOLDS,
            uri,
            output: objects.uri('runs/anomaly'),
          }
        : null,
    );
    const counts = { TrainingSeries: series.length, TrainingLabels: spans.length, TrainingJobsPlanned: plan.jobCount };
    return { output: plan, counts };
  };

async function trainingSeries(
  { directory, readings, latestDay }: AnomalyTrainingPorts,
  labelled: ReadonlySet<string>,
): Promise<MeterSeries[]> {
  const latest = await latestDay();
  if (latest === undefined) return [];
  const found: MeterSeries[] = [];
  for (const bucket of await directory.buckets()) {
    const meters = await directory.meters(bucket);
    const wanted = found.length < MAX_METERS ? meters : meters.filter(({ meterId }) => labelled.has(meterId));
    if (wanted.length > 0)
      found.push(...(await lastDaysOf(readings, wanted, { latestDay: latest, days: TRAINING_DAYS })));
  }
  return found
    .sort(
      (a, b) => Number(labelled.has(b.meterId)) - Number(labelled.has(a.meterId)) || (a.meterId < b.meterId ? -1 : 1),
    )
    .slice(0, Math.max(MAX_METERS, labelled.size));
}

async function writeFold(
  objects: ObjectStore,
  base: string,
  fold: MeterFold & { files: ReadonlyMap<string, string>; spans: readonly LabelledSpan[]; all: readonly MeterSeries[] },
): Promise<void> {
  const { train, heldOut, files, spans, all } = fold;
  for (const { meterId } of train)
    await objects.put(
      `${base}/train/readings/${meterId}.csv.gz`,
      gzipSync(files.get(meterId) ?? ''),
      'application/gzip',
    );
  if (spans.length > 0) await objects.put(`${base}/train/labels/labels.csv`, labelsCsv(spans), 'text/csv');
  const examples = anomalyExamples(heldOut, all).map((example) => JSON.stringify(example));
  await objects.put(`${base}/validation/examples.jsonl`, `${examples.join('\n')}\n`, 'application/jsonlines');
}

const learnedFrom = (series: readonly MeterSeries[], labels: number): TrainedOn => {
  const ends = series.map(({ start, intervalMinutes, imported }) => start + imported.length * intervalMinutes * 60_000);
  return {
    from: new Date(Math.min(...series.map(({ start }) => start))).toISOString(),
    to: new Date(Math.max(...ends)).toISOString(),
    series: series.length,
    labels,
  };
};

/** The zone that most of the meters are in. */
function commonZone(series: readonly MeterSeries[]): string {
  const byZone = Map.groupBy(series, ({ timeZone }) => timeZone);
  return [...byZone].sort(([, a], [, b]) => b.length - a.length)[0]?.[0] ?? 'UTC';
}
