import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import {
  type Hyperparameters,
  modelName,
  type TrainedOn,
  type TrainingPlan,
  trainingRequest,
} from '../../../layers/contracts/models/learning.ts';
import { entityHistory, readUntil } from '../../../layers/domain/models/entity-history.ts';
import { type ForecastEntities, forecastEntities } from '../../../layers/domain/models/forecast-entities.ts';
import { trainingPlan } from '../../../layers/domain/models/training-plan.ts';
import {
  type EntitySeries,
  exampleAt,
  FOLD_DAYS,
  type Fold,
  foldsBefore,
  trainingCsv,
} from '../../../layers/domain/models/training-set.ts';
import type { WindowReader } from '../../../layers/domain/windows/window-store.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

/** `execution` is the machine's own id of the run: asked again, the same plan comes out. */
export const trainingTask = z.object({
  model: modelName,
  request: trainingRequest.omit({ model: true }),
  execution: z.string().min(1),
  startedAt: z.iso.datetime(),
});

/** Readings further back teach little of today's load. [proposed] */
const TRAINING_DAYS = 400;
/** Largest entities first; more series cost time and teach little more. [proposed] */
const MAX_SERIES = 200;
/** Weeks held out: the newest for the gate, the others for choosing among the candidates. */
const FOLDS = 3;
/** Before the first cutoff there must be this much to learn from. [proposed] */
const MIN_TRAINING_DAYS = 21;

/** What is tried when nobody says otherwise; the model's own defaults come first. */
const CANDIDATES: readonly Hyperparameters[] = [
  {},
  { features: 'load' },
  { trees: '200', leaves: '16' },
  { model: 'seasonal', weeks: '6' },
];

export interface TrainingPorts extends ForecastEntities {
  windows: Pick<WindowReader, 'daysOf'>;
  latestDay(): Promise<number | undefined>;
  objects: ObjectStore;
}

/** Lays out what training needs in S3, under the hash of its content, and plans the jobs. */
export const prepareTraining =
  (ports: TrainingPorts) =>
  async (task: z.infer<typeof trainingTask>): Promise<TaskOutcome<TrainingPlan>> => {
    const series = await trainingSeries(ports);
    const until = Math.max(...series.map(({ history }) => readUntil(history) ?? 0));
    const folds = foldsBefore(until, FOLDS);
    const first = Math.min(...series.map(({ history }) => history.start));
    const enough = series.length > 0 && folds[0] && folds[0].cutoff - first >= MIN_TRAINING_DAYS * 86_400_000;
    const contents = enough ? folds.map((fold) => foldContents(series, fold)) : [];
    const complete = contents.length === FOLDS && contents.every(({ examples }) => examples.length > 0);
    const hash = createHash('sha256')
      .update(JSON.stringify(complete ? contents : []))
      .digest('hex');
    const dataVersion = hash.slice(0, 16);
    const base = `training/${task.model}/${dataVersion}`;
    if (complete) await Promise.all(contents.map((content, fold) => write(ports.objects, `${base}/${fold}`, content)));
    const { model, execution, startedAt, request } = task;
    const { budgetMinutes, candidates = CANDIDATES } = request;
    const { objects } = ports;
    const uri = (fold: number, part: string) => objects.uri(`${base}/${fold}/${part}/`);
    const plan = trainingPlan(
      { model, execution, startedAt, budgetMinutes, candidates },
      complete
        ? {
            dataVersion,
            trainedOn: spanOf(first, until, series.length),
            folds: FOLDS,
            uri,
            output: objects.uri(`runs/${model}`),
          }
        : null,
    );
    return { output: plan, counts: { TrainingSeries: series.length, TrainingJobsPlanned: plan.jobCount } };
  };

async function trainingSeries(ports: TrainingPorts): Promise<EntitySeries[]> {
  const latest = await ports.latestDay();
  if (latest === undefined) return [];
  const series: EntitySeries[] = [];
  for (const { entity, timeZone } of (await forecastEntities(ports, { meters: false })).slice(0, MAX_SERIES)) {
    const range = { entity, fromDay: latest + 1 - TRAINING_DAYS, toDay: latest + 1 };
    const history = await entityHistory(ports.windows, range);
    if (history) series.push({ entity, timeZone, history: trimmed(history) });
  }
  return series;
}

/** Without the empty days before the first reading. */
function trimmed(history: EntitySeries['history']): EntitySeries['history'] {
  const perDay = 1440 / history.intervalMinutes;
  const first = Math.floor(history.values.findIndex((value) => value !== null) / perDay) * perDay;
  const start = history.start + first * history.intervalMinutes * 60_000;
  return { ...history, start, values: history.values.slice(first) };
}

interface FoldContents {
  files: { name: string; text: string }[];
  examples: string[];
}

const foldContents = (series: readonly EntitySeries[], { cutoff, origins }: Fold): FoldContents => ({
  files: series
    .filter(({ history }) => cutoff - history.start > FOLD_DAYS * 86_400_000)
    .map(({ entity, history }) => ({ name: `${entity.kind}/${entity.id}.csv`, text: trainingCsv(history, cutoff) })),
  examples: series.flatMap((each) =>
    origins.flatMap((origin) => {
      const example = exampleAt(each, origin);
      return example ? [JSON.stringify(example)] : [];
    }),
  ),
});

async function write(objects: ObjectStore, base: string, { files, examples }: FoldContents): Promise<void> {
  for (const { name, text } of files) await objects.put(`${base}/train/${name}`, text, 'text/csv');
  await objects.put(`${base}/validation/examples.jsonl`, `${examples.join('\n')}\n`, 'application/jsonlines');
}

const spanOf = (from: number, to: number, series: number): TrainedOn => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
  series,
  labels: 0,
});
