import {
  anomalyExample,
  anomalyResponse,
  detectionOf,
  FAULT_CLASSES,
  FAULTY_SHARE,
} from '../../contracts/models/anomaly.ts';
import type { ExampleLoss } from './gate.ts';

/** Probabilities of faults and none add up to 1 but for rounding. */
const SLACK = 1e-6;

/** Examples are judged as if every second one were faulty, whatever a grid has: else a model that finds nothing would be nearly perfect. [proposed] */
const EXAMPLE_ODDS = 1;
const ODDS_RATIO = (EXAMPLE_ODDS * (1 - FAULTY_SHARE)) / FAULTY_SHARE;

/** A probability of a fault where FAULTY_SHARE of the days has one, among examples. */
const amongExamples = (score: number): number => (score * ODDS_RATIO) / (score * ODDS_RATIO + 1 - score);

/**
 * Losses of a judgement of the last day of one meter.
 * @throws if the response breaks its contract, judges another meter, or its probabilities do not add up.
 */
export function anomalyLoss(line: unknown, answer: unknown): ExampleLoss {
  const { id, block, request, label } = anomalyExample.parse(line);
  const { windows } = anomalyResponse.parse(answer);
  const [asked] = request.windows;
  const [judged] = windows;
  if (windows.length !== 1 || judged === undefined || judged.meterId !== asked?.meterId)
    throw new Error(
      `example ${id} asks for one meter and is answered ${windows.map(({ meterId }) => meterId).join(', ')}`,
    );
  const { score, faults } = judged;
  const sum = FAULT_CLASSES.reduce((total, fault) => total + (faults[fault] ?? 0), 0);
  if (Math.abs(sum - score) > SLACK) throw new Error(`example ${id}: faults of ${sum} are not the score ${score}`);
  const judgedFaulty = amongExamples(score);
  const scale = score > 0 ? judgedFaulty / score : 1;
  const detection = (judgedFaulty - (label === 'normal' ? 0 : 1)) ** 2;
  const ofFaults = FAULT_CLASSES.map((fault) => (scale * (faults[fault] ?? 0) - (fault === label ? 1 : 0)) ** 2);
  const ofNone = (1 - judgedFaulty - (label === 'normal' ? 1 : 0)) ** 2;
  const classification = (ofFaults.reduce((total, one) => total + one, 0) + ofNone) / 2;
  return { id, block, losses: { detection, classification, [detectionOf(label)]: detection } };
}
