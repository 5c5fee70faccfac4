import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ALERT_SCORE, AlertScore, type AlertScoreSettings } from '../../layers/domain/anomalies/alert-score.ts';
import { SeriesDetector, seriesSignals } from '../../layers/domain/anomalies/series-detector.ts';
import { bestOutcome, normalised, outcomeAt, PROFILES, type Scored } from '../nab/score.ts';
import { readSeries, type Series } from '../nab/series.ts';
import { readWindows } from '../nab/windows.ts';
import { progressBar } from '../progress-bar.ts';

export const name = 'anomaly';
export const summary =
  'scores every series below a folder, one pass, one set of parameters; judges them where labels are given';

const HELP = `npm run evaluate -- anomaly --data DIR --out DIR [--labels FILE]

  --data DIR      every <category>/<file>.csv below it is scored; columns timestamp, value
  --out DIR       the same paths below it: timestamp, anomaly_score in [0, 1]
  --labels FILE   labelled windows (NAB's combined_windows.json): prints the standard, the reward-low-FP and the two-fold score
  --help          this text

A row's score depends on the rows before it alone, in the order of the file. A row whose value is empty or NaN scores 0 and teaches nothing; one that cannot be
read ends the command with its file and line. Any step length, repeated stamps and stamps with a zone will do. Two-fold: the settings of CANDIDATES and the threshold are chosen on the series of one half
(every second one) and scored on the other, both ways.
`;

/** What the two-fold run may choose from. */
const CANDIDATES: readonly AlertScoreSettings[] = [1, 2, 3, 4].flatMap((exponent) =>
  [30, 60, 120].map((refractoryReadings) => ({ exponent, refractoryReadings })),
);

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      data: { type: 'string' },
      out: { type: 'string' },
      labels: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const { data, out, labels } = values;
  if (data === undefined || out === undefined) throw new Error(`--data and --out are needed\n\n${HELP}`);

  const series = readSeries(data);
  const bar = progressBar(
    series.reduce((rows, { values }) => rows + values.length, 0),
    'rows',
  );
  const surprises = new Map(series.map((one) => [one, surprisesOf(one, bar.advance)]));
  bar.end();
  for (const [one, rows] of surprises) writeScores(join(out, one.path), one, scoresOf(rows, ALERT_SCORE));
  console.log(`${series.length} series scored, written to ${out}`);
  if (labels !== undefined) judge(surprises, labels);
}

/** Surprises of every row, by signal; none where there is no value. */
export function surprisesOf(
  { times, values }: Pick<Series, 'times' | 'values'>,
  advance: (rows: number) => void,
): number[][] {
  const detector = new SeriesDetector();
  return Array.from(values, (value, row) => {
    advance(1);
    if (Number.isNaN(value)) return seriesSignals.map(() => 0);
    const { surprises } = detector.next(times[row] as number, value);
    return seriesSignals.map((signal) => surprises[signal]);
  });
}

export const scoresOf = (rows: readonly number[][], settings: AlertScoreSettings): Float64Array => {
  const alert = new AlertScore(settings);
  return Float64Array.from(rows, (surprises) => alert.score(surprises));
};

function writeScores(path: string, { timestamps }: Series, scores: Float64Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const rows = timestamps.map((stamp, row) => `${stamp},${scores[row]}`);
  writeFileSync(path, `timestamp,anomaly_score\n${rows.join('\n')}\n`);
}

function judge(surprises: ReadonlyMap<Series, number[][]>, labels: string): void {
  const windows = readWindows(JSON.parse(readFileSync(labels, 'utf8')));
  const labelled = [...surprises].filter(([{ path }]) => windows.has(path));
  const unlabelled = [...windows.keys()].filter((path) => !labelled.some(([one]) => one.path === path));
  if (unlabelled.length > 0) throw new Error(`--labels names series that --data lacks: ${unlabelled.join(', ')}`);
  const scored = (settings: AlertScoreSettings, half?: number): Scored[] =>
    labelled
      .filter((_, n) => half === undefined || n % 2 === half)
      .map(([one, rows]) => ({ scores: scoresOf(rows, settings), windows: windows.get(one.path)?.(one) ?? [] }));

  console.log(`judged on ${labelled.length} labelled series`);
  for (const [profileName, profile] of Object.entries(PROFILES)) {
    const best = bestOutcome(scored(ALERT_SCORE), profile);
    const detected = `${best.windowsHit} of ${best.windows} windows, ${best.falsePositives} false positives`;
    say(profileName, normalised([best], profile), `threshold ${best.threshold.toFixed(6)}, ${detected}`);
  }
  const profile = PROFILES.standard;
  const folds = [0, 1].map((half) => {
    const tuned = CANDIDATES.map((settings) => ({ settings, ...bestOutcome(scored(settings, half), profile) }));
    const chosen = tuned.reduce((best, candidate) => (candidate.sum > best.sum ? candidate : best));
    return { chosen, outcome: outcomeAt(scored(chosen.settings, 1 - half), profile, chosen.threshold) };
  });
  const choices = folds.map(
    ({ chosen }) => `exponent ${chosen.settings.exponent}, ${chosen.settings.refractoryReadings} readings`,
  );
  say(
    'two-fold',
    normalised(
      folds.map(({ outcome }) => outcome),
      profile,
    ),
    `chosen: ${choices.join(' | ')}`,
  );
}

const say = (title: string, score: number, detail: string): void =>
  console.log(`${title.padEnd(14)} ${score.toFixed(2).padStart(6)}  ${detail}`);
