import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boost } from '../../../models/forecast/trees/boosting.ts';
import { binFeatures, binOf } from '../../../models/forecast/trees/feature-bins.ts';
import { seededRandom } from '../../../models/forecast/trees/seeded-random.ts';
import { predictTrees } from '../../../models/forecast/trees/tree-ensemble.ts';
import { boostPlainly, predictPlainly } from '../../baseline/plain-boosting.ts';
import { type Figure, median } from '../../figure.ts';

export const name = 'boosting';

const ROWS = 100_000;
const HELD_OUT = 20_000;
const FEATURES = 30;
const OPTIONS = { trees: 100, learningRate: 0.1, maxLeaves: 31 };
const MIN_LEAF = 20;
const ROUNDS = 2;
/** Python with scikit-learn, for the optional peer. */
const PYTHON = process.env.SKLEARN_PYTHON;

/** 100,000 rows of 30 features, 100 trees of 31 leaves, one thread; CPU time, interleaved with the baseline. */
export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  verifyBaseline();
  const columns = Array.from({ length: FEATURES }, () => new Float64Array(ROWS + HELD_OUT));
  const target = new Float64Array(ROWS + HELD_OUT);
  const random = seededRandom(1);
  for (let row = 0; row < ROWS + HELD_OUT; row++) {
    for (const column of columns) column[row] = random();
    const x = (feature: number) => columns[feature]?.[row] as number;
    // Friedman's first function, with noise: "Multivariate adaptive regression splines" (1991).
    target[row] =
      10 * Math.sin(Math.PI * x(0) * x(1)) +
      20 * (x(2) - 0.5) ** 2 +
      10 * x(3) +
      5 * x(4) +
      4 * (random() + random() - 1);
  }
  const head = columns.map((column) => column.subarray(0, ROWS));
  const y = target.subarray(0, ROWS);
  const weights = new Float32Array(ROWS).fill(1);
  const times: Record<'ours' | 'plain', number[]> = { ours: [], plain: [] };
  let ours = Number.NaN;
  let plain = Number.NaN;
  for (let round = 1; round <= ROUNDS; round++) {
    const [trees, seconds] = cpuSecondsOf(() =>
      boost(binFeatures(head), y, weights, {
        ...OPTIONS,
        loss: { kind: 'squared' },
        minLeafWeight: MIN_LEAF,
        l2: 0,
        rowShare: 1,
        featureShare: 1,
        seed: 1,
      }),
    );
    times.ours.push(seconds);
    const row = new Float64Array(FEATURES);
    ours = heldOut(columns, target, (at) => {
      for (let feature = 0; feature < FEATURES; feature++) row[feature] = columns[feature]?.[at] as number;
      return predictTrees(trees, row);
    });
    const [baseline, slow] = cpuSecondsOf(() => {
      const { bins } = binFeatures(head);
      const plainBins = head.map((_, feature) => Array.from(bins.subarray(feature * ROWS, (feature + 1) * ROWS)));
      return boostPlainly(plainBins, Array.from(y), { ...OPTIONS, minLeaf: MIN_LEAF });
    });
    times.plain.push(slow);
    const { edges } = binFeatures(head);
    plain = heldOut(columns, target, (at) =>
      predictPlainly(
        baseline,
        columns.map((column, feature) => binOf(edges[feature] as Float64Array, column[at] as number)),
      ),
    );
    say(`round ${round}: ${seconds.toFixed(2)} CPU-s, plain ${slow.toFixed(2)} CPU-s`);
  }
  if (Math.abs(ours / plain - 1) > 0.01) throw new Error(`hold-out RMSE ${ours} is not that of the baseline, ${plain}`);
  const [ourTime, plainTime] = [median(times.ours), median(times.plain)];
  say(`hold-out RMSE ${ours.toFixed(4)}, plain ${plain.toFixed(4)}; ${(plainTime / ourTime).toFixed(1)}× (goal ≥ 2×)`);
  const figures: Record<string, Figure> = {
    'boosting 100k × 30 × 100': { value: ourTime, unit: 'CPU-s', ratio: plainTime / ourTime },
  };
  if (PYTHON === undefined) say('scikit-learn is not compared: SKLEARN_PYTHON names no Python that has it');
  else {
    const peer = scikitLearn(PYTHON, columns, target);
    say(
      `scikit-learn: ${peer.seconds.toFixed(2)} CPU-s on one thread, hold-out RMSE ${peer.rmse.toFixed(4)} (ours ${(100 * (ours / peer.rmse - 1)).toFixed(2)} % off)`,
    );
    figures['scikit-learn HistGradientBoosting'] = { value: peer.seconds, unit: 'CPU-s' };
  }
  return figures;
}

function verifyBaseline(): void {
  const folder = `${import.meta.dirname}/../../baseline`;
  const sum = createHash('sha256')
    .update(readFileSync(`${folder}/plain-boosting.ts`))
    .digest('hex');
  if (sum !== readFileSync(`${folder}/plain-boosting.sha256`, 'utf8').trim()) {
    throw new Error(`bench/baseline/plain-boosting.ts is not the pinned one: ${sum}`);
  }
}

function cpuSecondsOf<T>(work: () => T): [T, number] {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1e6];
}

/** Root mean squared error over the held-out rows. */
function heldOut(columns: readonly Float64Array[], target: Float64Array, predict: (row: number) => number): number {
  let sum = 0;
  for (let row = ROWS; row < ROWS + HELD_OUT; row++) sum += (predict(row) - (target[row] as number)) ** 2;
  if (columns.length !== FEATURES) throw new RangeError('columns are missing');
  return Math.sqrt(sum / HELD_OUT);
}

function scikitLearn(
  python: string,
  columns: readonly Float64Array[],
  target: Float64Array,
): { seconds: number; rmse: number } {
  const folder = mkdtempSync(join(tmpdir(), 'boosting-'));
  try {
    writeFileSync(join(folder, 'x'), Buffer.concat(columns.map((column) => Buffer.from(column.buffer))));
    writeFileSync(join(folder, 'y'), Buffer.from(target.buffer));
    const script = `
import sys, time, numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
X = np.fromfile(sys.argv[1] + '/x').reshape(${FEATURES}, -1).T.copy(); y = np.fromfile(sys.argv[1] + '/y')
model = HistGradientBoostingRegressor(max_iter=${OPTIONS.trees}, learning_rate=${OPTIONS.learningRate}, max_leaf_nodes=${OPTIONS.maxLeaves}, min_samples_leaf=${MIN_LEAF}, early_stopping=False)
start = time.process_time(); model.fit(X[:${ROWS}], y[:${ROWS}]); seconds = time.process_time() - start
print(seconds, np.sqrt(np.mean((model.predict(X[${ROWS}:]) - y[${ROWS}:]) ** 2)))`;
    const answer = execFileSync(python, ['-c', script, folder], {
      encoding: 'utf8',
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    const [seconds, rmse] = answer.trim().split(' ').map(Number) as [number, number];
    return { seconds, rmse };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
