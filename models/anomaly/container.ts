import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import {
  anomalyRequest,
  anomalyResponse,
  FAULT_CLASSES,
  FAULT_LABELS,
  FAULTY_SHARE,
  type FaultClass,
  type MeterWindow,
  type WindowScore,
} from '../../layers/contracts/models/anomaly.ts';
import { explainDay } from '../../layers/domain/anomalies/explain-day.ts';
import { meterDays } from '../../layers/domain/anomalies/meter-days.ts';
import type { ModelContainer, TrainingJob } from '../container/model-container.ts';
import { dayEvidence } from './day-evidence.ts';
import {
  type DayJudgement,
  ENSEMBLE_SETTINGS,
  type Ensemble,
  judgeDays,
  LOOK_BACK_DAYS,
  trainEnsemble,
} from './ensemble.ts';
import { readEnsemble, writeEnsemble } from './ensemble-file.ts';
import { feedbackSegments, injectedSegments, type Segment } from './labelled-days.ts';
import { readFeedback, readTrainingChannel } from './training-channel.ts';

const MODEL_FILE = 'ensemble.bin';
/** Whole days judged at each invocation: the run of suspicious days is followed back so far. */
const JUDGED_DAYS = 14;
/** From here on a day counts as suspicious: ten times as likely faulty as any other. [proposed] */
const SUSPICIOUS = 10 * FAULTY_SHARE;

const hyperparameters = z.object({
  timeZone: z.string().default('UTC'),
  seed: z.coerce.number().int().min(0).default(1),
  trees: z.coerce.number().int().min(1).max(1000).default(ENSEMBLE_SETTINGS.forest.trees),
  /** Days from one segment of a meter to the next: fewer is more examples. */
  strideDays: z.coerce.number().int().min(7).default(84),
});

export const anomalyContainer: ModelContainer = {
  name: 'anomaly',
  async train({ hyperparameters: given, channels, modelDir, signal, metric }: TrainingJob): Promise<void> {
    const { timeZone, seed, trees, strideDays } = hyperparameters.parse(given);
    const { readings, labels } = trainingFolders(channels);
    const histories = readTrainingChannel(readings);
    const feedback = labels === undefined ? [] : readFeedback(labels);
    const segments: Segment[] = [];
    for (const segment of injectedSegments({ histories, timeZone, seed, strideDays })) {
      signal.throwIfAborted();
      segments.push(segment);
    }
    if (segments.length === 0) throw new Error('no meter has twelve weeks of readings, four fifths of them present');
    const labelled = [...feedbackSegments({ histories, feedback, timeZone })];
    const { forest, joint } = ENSEMBLE_SETTINGS;
    const settings = { forest: { ...forest, trees }, joint: { ...joint, trees }, seed };
    writeEnsemble(join(modelDir, MODEL_FILE), trainEnsemble([...segments, ...labelled], settings, signal));
    metric('meters', histories.length);
    metric('segments', segments.length);
    metric('labelled_spans', labelled.length);
  },
  async load(modelDir) {
    const file = join(modelDir, MODEL_FILE);
    const ensemble = readEnsemble(file);
    const modelVersion = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16);
    return {
      invoke(request) {
        const { windows } = anomalyRequest.parse(request);
        return anomalyResponse.parse({ modelVersion, windows: windows.map((window) => scoreWindow(ensemble, window)) });
      },
    };
  },
};

/**
 * Where training data lies: channels `readings` (see training-channel.ts) and, optional, `labels` of people's feedback; or both as folders of
 * these names in one channel `train`.
 */
function trainingFolders(channels: Readonly<Record<string, string>>): { readings: string; labels: string | undefined } {
  const within = (name: string) => {
    const folder = channels[name] ?? (channels.train === undefined ? undefined : join(channels.train, name));
    return folder !== undefined && existsSync(folder) ? folder : undefined;
  };
  const readings = within('readings');
  if (readings === undefined)
    throw new Error('the channel "readings" is missing: a folder of <meterId>.csv with time, value');
  return { readings, labels: within('labels') };
}

/** Judges the latest local day of a window. */
function scoreWindow(ensemble: Ensemble, window: MeterWindow): WindowScore {
  const days = meterDays(window);
  const last = days.length - 1;
  const from = Math.max(0, days.length - JUDGED_DAYS - LOOK_BACK_DAYS + 1);
  const judged = judgeDays(ensemble, dayEvidence(window, days, { from, to: days.length }));
  const latest = judged.at(-1) as DayJudgement;
  const faults = Object.fromEntries(
    FAULT_CLASSES.map((fault) => [fault, latest.shares[FAULT_LABELS.indexOf(fault)] as number]),
  ) as Record<FaultClass, number>;
  const likeliest = FAULT_CLASSES.reduce((best, fault) => (faults[fault] > faults[best] ? fault : best));
  const start = days[from + sinceIndex(judged)]?.start;
  return {
    meterId: window.meterId,
    day: days[last]?.date ?? '',
    score: clamped(latest.score),
    forest: clamped(latest.forestScore),
    faults: Object.fromEntries(FAULT_CLASSES.map((fault) => [fault, clamped(faults[fault])])) as typeof faults,
    likeliest: faults[likeliest] > 1 - latest.score ? likeliest : null,
    since: latest.score >= SUSPICIOUS && start !== undefined ? new Date(start).toISOString() : null,
    historyDays: last,
    explanation: explainDay(days, last),
  };
}

/** First of the unbroken run of suspicious days up to the latest. */
function sinceIndex(judged: readonly DayJudgement[]): number {
  let first = judged.length - 1;
  while (first > 0 && (judged[first - 1] as DayJudgement).score >= SUSPICIOUS) first--;
  return first;
}

/** Shares of many trees add up to 1 but for rounding. */
const clamped = (score: number): number => Math.min(1, Math.max(0, score));
