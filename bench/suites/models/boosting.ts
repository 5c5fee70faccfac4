import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { boost } from '../../../models/forecast/trees/boosting.ts';
import { binFeatures, binsOf } from '../../../models/forecast/trees/feature-bins.ts';
import { seededRandom } from '../../../models/forecast/trees/seeded-random.ts';
import { predictTrees } from '../../../models/forecast/trees/tree-ensemble.ts';
import { boostPlainly, predictPlainly } from '../../baseline/plain-boosting.ts';
import { type Figure, median } from '../../figure.ts';
import { fitByScikitLearn, type PeerFit, scikitLearnOf } from '../../peer/scikit-learn.ts';

export const name = 'boosting';

const ROWS = 100_000;
const HELD_OUT = 20_000;
const FEATURES = 30;
const OPTIONS = { trees: 100, learningRate: 0.1, maxLeaves: 31 };
const MIN_LEAF = 20;
const ROUNDS = 5;
/** The baseline takes half a minute: fewer rounds do. */
const PLAIN_ROUNDS = 2;
/** Python whose scikit-learn is the optional peer. */
const PYTHON = process.env.SKLEARN_PYTHON ?? 'python3';
const PEERS = [
  { name: 'scikit-learn, one thread', threads: 1 },
  { name: 'scikit-learn, its own threads', threads: undefined },
] as const;

/** 100,000 rows of 30 features, 100 trees of 31 leaves, one thread; interleaved with the baseline and the peer. */
export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  verifyBaseline();
  const data = friedman();
  const { columns, target } = data;
  const head = columns.map((column) => column.subarray(0, ROWS));
  const y = target.subarray(0, ROWS);
  const weights = new Float32Array(ROWS).fill(1);
  const version = scikitLearnOf(PYTHON);
  if (version === undefined) say(`scikit-learn is skipped: ${PYTHON} has none; SKLEARN_PYTHON names one that has`);
  else say(`scikit-learn ${version} is the peer`);
  const ours: Timed[] = [];
  const plain: Timed[] = [];
  const peers = PEERS.map(() => [] as (PeerFit | undefined)[]);
  let [rmse, plainRmse] = [Number.NaN, Number.NaN];
  for (let round = 1; round <= ROUNDS; round++) {
    const [trees, time] = timeOf(() =>
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
    ours.push(time);
    rmse = heldOut(target, (row) =>
      predictTrees(
        trees,
        Float64Array.from(columns, (column) => column[row] as number),
      ),
    );
    const parts = [`ours ${spoken(time)}`];
    if (round <= PLAIN_ROUNDS) {
      const [baseline, slow] = timeOf(() => {
        const { bins } = binFeatures(head);
        const plainBins = head.map((_, feature) => Array.from(bins.subarray(feature * ROWS, (feature + 1) * ROWS)));
        return boostPlainly(plainBins, Array.from(y), { ...OPTIONS, minLeaf: MIN_LEAF });
      });
      plain.push(slow);
      const { edges } = binFeatures(head);
      const bins = columns.map((column, feature) => binsOf(edges[feature] as Float64Array, column));
      plainRmse = heldOut(target, (row) =>
        predictPlainly(
          baseline,
          bins.map((column) => column[row] as number),
        ),
      );
      parts.push(`plain ${spoken(slow)}`);
    }
    if (version !== undefined) {
      for (const [index, { name, threads }] of PEERS.entries()) {
        // One that is not ready in time once is not asked again.
        if (peers[index]?.includes(undefined)) continue;
        const fit = fitByScikitLearn(PYTHON, threads, data, { rows: ROWS, ...OPTIONS, minLeaf: MIN_LEAF });
        peers[index]?.push(fit);
        parts.push(`${name} ${fit === undefined ? 'not within two minutes' : spoken(fit)}`);
      }
    }
    say(`round ${round}: ${parts.join('; ')}`);
  }
  mustAgree(rmse, plainRmse, 'the baseline');
  const ourCpu = median(ours.map(({ cpuSeconds }) => cpuSeconds));
  const times = median(plain.map(({ cpuSeconds }) => cpuSeconds)) / ourCpu;
  say(`hold-out RMSE ${rmse.toFixed(4)}, plain ${plainRmse.toFixed(4)}; ${times.toFixed(1)}× (goal ≥ 2×)`);
  const figures: Record<string, Figure> = {
    'boosting 100k × 30 × 100': { value: ourCpu, unit: 'CPU-s', ratio: times },
  };
  for (const [index, { name }] of PEERS.entries()) {
    const fits = (peers[index] as (PeerFit | undefined)[]).filter((fit) => fit !== undefined);
    if (fits.length < ROUNDS) {
      if (version !== undefined) say(`${name} is not compared: it was not ready within two minutes`);
      continue;
    }
    const peer = fits[0] as PeerFit;
    mustAgree(rmse, peer.rmse, name);
    const ratios = (['cpuSeconds', 'wallSeconds'] as const).map((clock) =>
      median(fits.map((fit, round) => fit[clock] / (ours[round] as Timed)[clock])),
    ) as [number, number];
    say(
      `${name}: hold-out RMSE ${peer.rmse.toFixed(4)}; it takes ${ratios[0].toFixed(2)}× our CPU and ${ratios[1].toFixed(2)}× our time in the median round (goal > 1×)`,
    );
    figures[`${name}, boosting`] = { value: median(fits.map(({ cpuSeconds }) => cpuSeconds)), unit: 'CPU-s' };
  }
  return figures;
}

/** Friedman's first function, with noise, among features that say nothing. Source: "Multivariate adaptive regression splines" (1991). */
function friedman(): { columns: Float64Array[]; target: Float64Array } {
  const columns = Array.from({ length: FEATURES }, () => new Float64Array(ROWS + HELD_OUT));
  const target = new Float64Array(ROWS + HELD_OUT);
  const random = seededRandom(1);
  for (let row = 0; row < ROWS + HELD_OUT; row++) {
    for (const column of columns) column[row] = random();
    const x = (feature: number) => columns[feature]?.[row] as number;
    target[row] =
      10 * Math.sin(Math.PI * x(0) * x(1)) +
      20 * (x(2) - 0.5) ** 2 +
      10 * x(3) +
      5 * x(4) +
      4 * (random() + random() - 1);
  }
  return { columns, target };
}

function mustAgree(rmse: number, other: number, name: string): void {
  if (!(Math.abs(rmse / other - 1) <= 0.01)) throw new Error(`hold-out RMSE ${rmse} is not that of ${name}, ${other}`);
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

interface Timed {
  cpuSeconds: number;
  wallSeconds: number;
}

const spoken = ({ cpuSeconds, wallSeconds }: Timed): string =>
  `${cpuSeconds.toFixed(2)} CPU-s in ${wallSeconds.toFixed(2)} s`;

function timeOf<T>(work: () => T): [T, Timed] {
  globalThis.gc?.();
  const start = performance.now();
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [result, { cpuSeconds: (user + system) / 1e6, wallSeconds: (performance.now() - start) / 1000 }];
}

/** Root mean squared error over the held-out rows. */
function heldOut(target: Float64Array, predict: (row: number) => number): number {
  let sum = 0;
  for (let row = ROWS; row < ROWS + HELD_OUT; row++) sum += (predict(row) - (target[row] as number)) ** 2;
  return Math.sqrt(sum / HELD_OUT);
}
