import { type Promotion, promotionTrack, type Training, trainingTrack } from '../../../web/src/app/progress.ts';

const training = (over: Partial<Training> = {}): Training => ({
  startedAt: '2026-03-04T10:00:00.000Z',
  endedAt: null,
  failure: null,
  step: 'backtests',
  outcome: 'running',
  runsDone: 3,
  runsPlanned: 9,
  runId: null,
  decision: null,
  ...over,
});
const promotion = (over: Partial<Promotion> = {}): Promotion => ({
  startedAt: '2026-03-04T10:00:00.000Z',
  endedAt: null,
  failure: null,
  runId: 'forecast-20260304T100000-1234abcd-final',
  step: 'canary',
  outcome: 'running',
  ...over,
});
const statesOf = ({ steps }: { steps: readonly { state: string }[] }) => steps.map(({ state }) => state).join(' ');

test('a training under way says which backtest it is at', () => {
  const track = trainingTrack(training());
  expect([track.word, statesOf(track)]).toEqual(['training', 'done running ahead ahead']);
  expect(track.steps[1]?.note).toBe('3 of 8');
  // The candidate's own run is no backtest.
  const judged = trainingTrack(training({ step: 'gate', runsDone: 9, runId: 'forecast-x-final' }));
  expect([judged.steps[1]?.note, statesOf(judged)]).toEqual(['8 of 8', 'done done done running']);
  expect(trainingTrack(training({ runsDone: 0, runsPlanned: null })).steps[1]?.note).toBe('the first one');
});

test('a candidate that the gate keeps back is no failure, and its reason is told', () => {
  const decision = { passed: false, reason: 'not surely better on error', blocks: 7, comparisons: [] };
  const track = trainingTrack(training({ step: 'gate', outcome: 'kept-back', runId: 'a', decision }));
  expect([track.word, track.state, track.reason]).toEqual(['kept back by the gate', 'stopped', decision.reason]);
  expect(statesOf(track)).toBe('done done done stopped');
});

test.each([
  ['Slow', 'It answered too slowly'],
  ['Fails', 'It failed on requests'],
  ['Invalid', 'It answered what is no answer'],
])('a version that the alarm %s called back', (alarm, words) => {
  const failure = `Alarm smart-grid-local-intelligence-Forecast${alarm}1A2B went into ALARM`;
  const track = promotionTrack(promotion({ outcome: 'rolled-back', failure }));
  expect([track.word, statesOf(track)]).toEqual(['rolled back', 'done failed ahead']);
  expect(track.reason).toContain(words);
});

test('a version that did not start says what SageMaker said; one that took over has every step behind it', () => {
  const failure = 'The primary container did not pass the ping health check';
  expect(promotionTrack(promotion({ outcome: 'rolled-back', failure })).reason).toBe(failure);
  const done = promotionTrack(promotion({ step: 'serves', outcome: 'promoted' }));
  expect([done.word, done.reason, statesOf(done)]).toEqual(['took over', null, 'done done done']);
});
