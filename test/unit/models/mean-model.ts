import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ModelEvaluation } from '../../../models/container/evaluation.ts';
import type { ModelContainer } from '../../../models/container/model-container.ts';

const Request = z.strictObject({ count: z.number().int().positive() });

/** The smallest real model: it learns the mean of a channel and answers it `count` times. */
export const meanContainer: ModelContainer = {
  name: 'mean',
  async train({ channels, hyperparameters, modelDir, metric, signal }) {
    const values = readFileSync(join(channels.train ?? '', 'values.csv'), 'utf8')
      .trim()
      .split('\n')
      .map(Number);
    if (values.some(Number.isNaN)) throw new Error('values.csv holds what is no number');
    // Written in two steps with a pause between, so that a kill can fall in the middle.
    writeFileSync(join(modelDir, 'scale.json'), hyperparameters.scale ?? '1');
    writeFileSync(join(modelDir, 'fault.txt'), hyperparameters.fault ?? 'none');
    // Of many files, so that a kill can fall between two while they are sealed.
    for (let part = 0; part < Number(hyperparameters.parts ?? 0); part += 1)
      writeFileSync(join(modelDir, `part-${part}`), String(part));
    const pauseMs = Number(hyperparameters.pauseMs ?? 0);
    if (pauseMs > 0) metric('pausing', pauseMs);
    for (let waited = 0; waited < pauseMs && !signal.aborted; waited += 5)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    writeFileSync(join(modelDir, 'mean.json'), JSON.stringify({ mean }));
    metric('mean', mean);
  },
  async load(modelDir) {
    const { mean } = JSON.parse(readFileSync(join(modelDir, 'mean.json'), 'utf8')) as { mean: number };
    const scale = Number(readFileSync(join(modelDir, 'scale.json'), 'utf8'));
    const fault = readFileSync(join(modelDir, 'fault.txt'), 'utf8');
    return {
      invoke(request) {
        const { count } = Request.parse(request);
        if (fault === 'errors') throw new Error('a faulty model');
        if (fault === 'slow') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
        if (count === 13) throw new Error('a fault of the model');
        return { values: Array.from({ length: count }, () => mean * scale) };
      },
    };
  },
};

export const meanEvaluation: ModelEvaluation = {
  loss({ id, actual, block }, response) {
    const { values } = response as { values: number[] };
    return {
      id: String(id),
      block: String(block),
      losses: { error: Math.abs((values[0] as number) - Number(actual)) },
    };
  },
};
