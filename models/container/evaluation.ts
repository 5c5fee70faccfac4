import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { ExampleLoss } from '../../layers/domain/models/gate.ts';
import type { LoadedModel } from './model-container.ts';

/** How a kind of model is measured on examples it has not seen. */
export interface ModelEvaluation {
  /** @param example one line of the validation channel, with `request`. @throws if the response breaks its contract. */
  loss(example: Example, response: unknown): ExampleLoss;
}

/** A line of the validation channel (`*.jsonl`, `*.jsonl.gz`): what the model is asked, and whatever its evaluation compares the answer with. */
export interface Example {
  request: unknown;
  [known: string]: unknown;
}

export interface EvaluationResult {
  /** Mean loss by metric, over the examples that have it. */
  metrics: Record<string, number>;
  examples: ExampleLoss[];
}

/** Asks a model every held-out example, in the order of file names and lines. @throws if there is none. */
export async function evaluateModel(options: {
  model: LoadedModel;
  evaluation: ModelEvaluation;
  folder: string;
  signal: AbortSignal;
}): Promise<EvaluationResult> {
  const { model, evaluation, folder, signal } = options;
  const examples: ExampleLoss[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!/\.jsonl(\.gz)?$/.test(file)) continue;
    const bytes = readFileSync(join(folder, file));
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const example = JSON.parse(line) as Example;
      examples.push(evaluation.loss(example, model.invoke(example.request)));
      // A stop request is heard between two examples.
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  if (examples.length === 0) throw new Error(`${folder} holds no example to evaluate on`);
  return { metrics: meanLosses(examples), examples };
}

/** A loss that only some examples have is the mean over these. */
function meanLosses(examples: readonly ExampleLoss[]): Record<string, number> {
  const names = [...new Set(examples.flatMap(({ losses }) => Object.keys(losses)))];
  return Object.fromEntries(
    names.map((name) => {
      const own = examples.flatMap(({ losses }) => losses[name] ?? []);
      return [name, own.reduce((sum, loss) => sum + loss, 0) / own.length];
    }),
  );
}
