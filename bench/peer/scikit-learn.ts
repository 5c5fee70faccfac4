import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Time of one fit, and what it is worth on held-out rows. */
export interface PeerFit {
  cpuSeconds: number;
  wallSeconds: number;
  rmse: number;
}

export interface PeerOptions {
  /** Rows that are fitted; the others are held out. */
  rows: number;
  trees: number;
  learningRate: number;
  maxLeaves: number;
  minLeaf: number;
}

/** Longest that a fit may take: its threads wait for each other in loops, for minutes on a busy machine. */
const MOST_SECONDS = 120;

/** Version of scikit-learn that a Python has; undefined: there is no such Python, or it lacks it. */
export function scikitLearnOf(python: string): string | undefined {
  try {
    return execFileSync(python, ['-c', 'import sklearn; print(sklearn.__version__)'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/**
 * A fit by HistGradientBoostingRegressor on these numbers, in a process of its own.
 * @param threads undefined: as many as it takes by itself
 * @returns undefined when it has not ended within two minutes
 */
export function fitByScikitLearn(
  python: string,
  threads: number | undefined,
  { columns, target }: { columns: readonly Float64Array[]; target: Float64Array },
  { rows, trees, learningRate, maxLeaves, minLeaf }: PeerOptions,
): PeerFit | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'boosting-'));
  try {
    writeFileSync(join(folder, 'x'), Buffer.concat(columns.map((column) => Buffer.from(column.buffer))));
    writeFileSync(join(folder, 'y'), Buffer.from(target.buffer));
    const numbers = [columns.length, rows, trees, learningRate, maxLeaves, minLeaf].map(String);
    const answer = execFileSync(python, [`${import.meta.dirname}/boosting.py`, folder, ...numbers], {
      encoding: 'utf8',
      timeout: MOST_SECONDS * 1000,
      env: threads === undefined ? process.env : { ...process.env, OMP_NUM_THREADS: String(threads) },
    });
    const [cpuSeconds, wallSeconds, rmse] = answer.trim().split(/\s+/).map(Number) as [number, number, number];
    return { cpuSeconds, wallSeconds, rmse };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ETIMEDOUT') return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
