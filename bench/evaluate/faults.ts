import { parseArgs } from 'node:util';
import { FAULT_CLASSES, FAULTY_SHARE, type FaultClass } from '../../layers/contracts/models/anomaly.ts';
import { randomSource } from '../../layers/domain/anomalies/random-source.ts';
import {
  type DayJudgement,
  ENSEMBLE_SETTINGS,
  type Ensemble,
  judgeDays,
  trainEnsemble,
} from '../../models/anomaly/ensemble.ts';
import { injectedSegments, type Segment } from '../../models/anomaly/labelled-days.ts';
import type { MeterHistory } from '../../models/anomaly/training-channel.ts';
import { householdData } from '../../test/harness/household-data.ts';
import { areaUnderCurve, shareAbove, thresholdFor } from '../faults/curve.ts';
import { reliabilityOf } from '../faults/reliability.ts';
import { median } from '../figure.ts';
import { progressBar } from '../progress-bar.ts';

export const name = 'faults';
export const summary =
  'detectors on fifty real meters with injected faults: AUC and recall at one alert per meter and month';

const HELP = `npm run evaluate -- faults [--seed N]

  --seed N   of the faults (default 101; 1 and 2 are the seeds the settings were chosen on)
  --help     this text

Two halves of the meters: the forests learn on one with faults of seed N and are judged on the other with faults of seed N + 1, both ways. A day
is a sample. Recall: share of faulty days above the threshold that one clean day in 30.4 exceeds; days: from the beginning of a fault to the first
such day, median of those found. Best: the ensemble has the greatest AUC and recall; level: the greatest AUC, and less recall than another by no more than
another draw of meters makes (95 % of 400 bootstrap samples of whole meters, in points). Reliability: probabilities of a fault against how often there is one, where one day in a hundred has one.
`;

const DETECTORS = ['z-score', 'cut forest', 'random forest', 'ensemble'] as const;
type Detector = (typeof DETECTORS)[number];
type Scores = Record<Detector, number>;

const TIME_ZONE = 'Australia/Brisbane';
const STRIDE_DAYS = 84;
const DAYS_PER_MONTH = 30.4375;

type JudgedDay = Scores & { meterId: string };

/** Judged days: of clean segments, and of each fault by episode. */
interface Judged {
  clean: JudgedDay[];
  faulty: Record<FaultClass, JudgedDay[][]>;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { seed: { type: 'string', default: '101' }, help: { type: 'boolean' } },
  });
  if (values.help) return void process.stdout.write(HELP);
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0) throw new Error(`--seed has to be a whole number, not ${values.seed}`);
  const histories = householdHistories();
  const halves = [0, 1].map((half) => histories.filter((_, n) => n % 2 === half));
  const judged: Judged = {
    clean: [],
    faulty: Object.fromEntries(FAULT_CLASSES.map((fault) => [fault, [] as JudgedDay[][]])) as Judged['faulty'],
  };
  const bar = progressBar(2 * histories.length, 'meters');
  const segmentsOf = (half: number, faultSeed: number): Segment[] => {
    const segments: Segment[] = [];
    const part = halves[half] as MeterHistory[];
    for (const segment of injectedSegments({
      histories: part,
      timeZone: TIME_ZONE,
      seed: faultSeed,
      strideDays: STRIDE_DAYS,
    })) {
      if (segments.length > 0 && segments.at(-1)?.meterId !== segment.meterId) bar.advance(1);
      segments.push(segment);
    }
    bar.advance(1);
    return segments;
  };
  for (const half of [0, 1]) {
    const ensemble = trainEnsemble(segmentsOf(half, seed), { ...ENSEMBLE_SETTINGS, seed });
    for (const segment of segmentsOf(1 - half, seed + 1)) judge(segment, ensemble, judged);
  }
  bar.end();
  print(judged);
  for (const detector of ['random forest', 'ensemble'] as const) printReliability(judged, detector);
}

const householdHistories = (): MeterHistory[] => {
  const { meterIds, starts, wh } = householdData();
  return meterIds.map((meterId) => ({
    meterId,
    startMs: starts[0] as number,
    intervalMinutes: 30,
    imported: Float64Array.from(wh.get(meterId) ?? [], (value) => value ?? Number.NaN),
    exported: new Float64Array(starts.length),
  }));
};

function judge(segment: Segment, ensemble: Ensemble, { clean, faulty }: Judged): void {
  const judgements = judgeDays(ensemble, segment.days);
  const episode: JudgedDay[] = [];
  const { meterId } = segment;
  for (const [n, { zScore, cutForest, label, present }] of segment.days.entries()) {
    if (!present || label !== segment.fault) continue;
    const { score, forestScore } = judgements[n] as DayJudgement;
    episode.push({
      meterId,
      'z-score': zScore,
      'cut forest': cutForest,
      'random forest': forestScore,
      ensemble: score,
    });
  }
  if (segment.fault === 'normal') clean.push(...episode);
  else if (episode.length > 0) faulty[segment.fault].push(episode);
}

function print({ clean, faulty }: Judged): void {
  const thresholds = new Map<Detector, number>();
  for (const detector of DETECTORS) {
    thresholds.set(
      detector,
      thresholdFor(
        clean.map((scores) => scores[detector]),
        1 / DAYS_PER_MONTH,
      ),
    );
  }
  console.log(`${clean.length.toLocaleString('en')} clean meter-days; by detector: AUC, recall, days until found`);
  console.log(
    `${'fault'.padEnd(10)}${'days'.padStart(7)}  ${DETECTORS.map((detector) => detector.padEnd(22)).join('')}best`,
  );
  for (const fault of FAULT_CLASSES) {
    const episodes = faulty[fault];
    const days = episodes.flat();
    const figures = DETECTORS.map((detector) => {
      const threshold = thresholds.get(detector) as number;
      const firsts = episodes.map((episode) => episode.findIndex((scores) => scores[detector] > threshold));
      const found = firsts.filter((first) => first >= 0);
      return {
        area: areaUnderCurve(
          days.map((scores) => scores[detector]),
          clean.map((scores) => scores[detector]),
        ),
        recall: shareAbove(
          days.map((scores) => scores[detector]),
          threshold,
        ),
        until: found.length === 0 ? null : median(found),
      };
    });
    const cells = figures.map(({ area, recall, until }) =>
      `${area.toFixed(3)} ${(100 * recall).toFixed(1).padStart(5)} % ${until === null ? '–' : until}`.padEnd(22),
    );
    const [ensemble, ...members] = figures.toReversed();
    const best = Math.max(...members.map(({ recall }) => recall));
    const ahead = members.every(({ area }) => (ensemble?.area ?? 0) >= area);
    const behind = best - (ensemble?.recall ?? 0);
    const rival = DETECTORS[figures.findIndex(({ recall }) => recall === best)] as Detector;
    const verdict = !ahead ? 'NOT THE ENSEMBLE' : behind <= 0 ? 'ensemble' : levelOrNot(clean, days, rival);
    console.log(`${fault.padEnd(10)}${String(days.length).padStart(7)}  ${cells.join('')}${verdict}`);
  }
}

/** Draws of whole meters, whose days are not independent of each other (Efron 1979). */
const DRAWS = 400;

/** Whether the recall by which the ensemble is behind a detector is more than the choice of meters explains. */
function levelOrNot(clean: readonly JudgedDay[], days: readonly JudgedDay[], rival: Detector): string {
  const random = randomSource(1);
  const cleanOf = Map.groupBy(clean, ({ meterId }) => meterId);
  const daysOf = Map.groupBy(days, ({ meterId }) => meterId);
  const meters = [...cleanOf.keys()];
  const differences = Array.from({ length: DRAWS }, () => {
    const drawn = meters.map(() => meters[random.below(meters.length)] as string);
    const [quiet, faulty] = [cleanOf, daysOf].map((of) => drawn.flatMap((meterId) => of.get(meterId) ?? []));
    const recall = (detector: Detector) =>
      shareAbove(
        (faulty as JudgedDay[]).map((day) => day[detector]),
        thresholdFor(
          (quiet as JudgedDay[]).map((day) => day[detector]),
          1 / DAYS_PER_MONTH,
        ),
      );
    return 100 * (recall('ensemble') - recall(rival));
  }).sort((a, b) => a - b);
  const [low, high] = [0.025, 0.975].map((share) => differences[Math.floor(share * DRAWS)] as number) as [
    number,
    number,
  ];
  const interval = `${low.toFixed(1)} to ${high.toFixed(1)}`;
  return high < 0 ? `NOT THE ENSEMBLE (${interval})` : `level (${interval})`;
}

function printReliability({ clean, faulty }: Judged, detector: Detector): void {
  const { brier, brierOfShare, medianClean, bins } = reliabilityOf(
    clean.map((scores) => scores[detector]),
    Object.fromEntries(
      FAULT_CLASSES.map((fault) => [fault, faulty[fault].flat().map((scores) => scores[detector])]),
    ) as Record<FaultClass, number[]>,
  );
  const every = `${(100 * FAULTY_SHARE).toFixed(0)} % of days faulty`;
  console.log(
    `\n${detector}, ${every}: Brier ${brier.toFixed(5)} (${brierOfShare.toFixed(5)} who says the share), clean day's median ${medianClean.toFixed(4)}`,
  );
  console.log(`${'from %'.padEnd(8)}${'days'.padStart(7)}${'said %'.padStart(9)}${'were %'.padStart(9)}`);
  const percent = (share: number) => (100 * share).toFixed(1);
  for (const { from, days, said, were } of bins)
    console.log(
      `${percent(from).padEnd(8)}${String(days).padStart(7)}${percent(said).padStart(9)}${percent(were).padStart(9)}`,
    );
}
