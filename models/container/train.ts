import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { ModelEvaluation } from './evaluation.ts';
import { evaluateModel } from './evaluation.ts';
import { metricLine } from './metrics.ts';
import type { MlFolders } from './ml-folders.ts';
import type { ModelContainer } from './model-container.ts';
import { sealModel } from './sealed-model.ts';

/** SageMaker shows this much of the failure file. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html (FailureReason) */
const MAX_FAILURE_CHARACTERS = 1024;

/** Channel of held-out examples on which a fresh model is measured. */
const VALIDATION = 'validation';

const Hyperparameters = z.record(z.string(), z.string());
const InputDataConfig = z.record(z.string(), z.unknown());

/** Exit code of a job: done, failed (as the failure file says), stopped as 128 + SIGTERM. */
export const EXIT = { done: 0, failed: 1, stopped: 143 } as const;

/**
 * Runs one training job as SageMaker's contract has it. The model's folder is filled after training has succeeded, and sealed last.
 * @returns the exit code of the container. @throws never: a failure is written to the failure file.
 */
export async function runTraining(options: {
  container: ModelContainer;
  evaluation?: ModelEvaluation;
  folders: MlFolders;
  signal: AbortSignal;
  print(line: string): void;
}): Promise<number> {
  const { container, evaluation, folders, signal, print } = options;
  const scratch = mkdtempSync(join(tmpdir(), 'training-'));
  const metric = (name: string, value: number) => print(metricLine(name, value));
  try {
    const channels = channelsOf(folders);
    await container.train({
      hyperparameters: Hyperparameters.parse(readJson(folders.hyperparameters, {})),
      channels,
      modelDir: scratch,
      signal,
      metric,
    });
    if (signal.aborted) return EXIT.stopped;
    if (evaluation && channels[VALIDATION]) {
      const result = await evaluateModel({
        model: await container.load(scratch),
        evaluation,
        folder: channels[VALIDATION],
        signal,
      });
      for (const [name, value] of Object.entries(result.metrics)) metric(name, value);
      mkdirSync(folders.outputData, { recursive: true });
      writeFileSync(join(folders.outputData, 'evaluation.json'), JSON.stringify(result));
    }
    if (signal.aborted) return EXIT.stopped;
    sealModel({ name: container.name, from: scratch, to: folders.model });
    return EXIT.done;
  } catch (failure) {
    if (signal.aborted) return EXIT.stopped;
    writeFailure(folders.failure, failure);
    print(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
    return EXIT.failed;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function channelsOf(folders: MlFolders): Record<string, string> {
  const config = InputDataConfig.parse(readJson(folders.inputDataConfig, {}));
  return Object.fromEntries(Object.keys(config).map((name) => [name, folders.channel(name)]));
}

const readJson = (path: string, absent: unknown): unknown =>
  existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : absent;

function writeFailure(path: string, failure: unknown): void {
  const text = failure instanceof Error ? failure.message : String(failure);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text.slice(0, MAX_FAILURE_CHARACTERS));
}
