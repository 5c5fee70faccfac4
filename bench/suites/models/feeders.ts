import { forecastLoad, type TrainingEntity, trainForecaster } from '../../../models/forecast/forecaster.ts';
import { NIGHTLY_SETTINGS } from '../../../models/forecast/settings.ts';
import { seededRandom } from '../../../models/forecast/trees/seeded-random.ts';
import { type Figure, median } from '../../figure.ts';

export const name = 'feeders';

const HOUR_MS = 3_600_000;
const DAYS = 365;
const START = Date.UTC(2023, 0, 2);
const QUESTIONS = 200;
const FLEET = 1000;
const GOALS = { serveMs: 10, nightMinutes: 15 };

/** A year of hourly load with daily, weekly and yearly shapes: speed depends on its length, not on its values. */
function feeder(index: number): TrainingEntity {
  const random = seededRandom(index + 1);
  const values = Float64Array.from({ length: DAYS * 24 }, (_, hour) => {
    const weekend = Math.floor(hour / 24) % 7 >= 5 ? 0.85 : 1;
    const day = Math.sin((2 * Math.PI * ((hour % 24) - 6)) / 24);
    return (1000 + index) * weekend * (1 + 0.3 * day + 0.2 * Math.cos((2 * Math.PI * hour) / 8766) + 0.05 * random());
  });
  return { id: `F${index}`, series: { start: START, stepMs: HOUR_MS, values }, holidays: new Set() };
}

export async function run(say: (line: string) => void): Promise<Record<string, Figure>> {
  const offset = () => 0;
  const settings = NIGHTLY_SETTINGS;
  const cpuOf = (count: number): number => {
    const fleet = Array.from({ length: count }, (_, index) => feeder(index));
    const before = process.cpuUsage();
    trainForecaster(fleet, { settings, offset });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  const [few, many] = [cpuOf(4), cpuOf(16)];
  // The trees learn from a bounded number of rows: with a fleet they cost once, and each feeder the difference.
  const each = (many - few) / 12;
  const night = (few - 4 * each + FLEET * each) / 2 / 60;
  say(
    `${each.toFixed(2)} CPU-s a feeder and ${(few - 4 * each).toFixed(1)} CPU-s for all: ${night.toFixed(1)} minutes for ${FLEET} on two cores (goal ≤ ${GOALS.nightMinutes})`,
  );

  const [known] = [feeder(0)];
  const model = trainForecaster([known], { settings, offset });
  const times: number[] = [];
  for (let question = 0; question < QUESTIONS; question++) {
    const before = process.cpuUsage();
    forecastLoad(model, {
      id: known.id,
      issuedAt: START + (300 * 24 + question) * HOUR_MS,
      history: known.series,
      holidays: new Set(),
      offset,
      steps: 48,
    });
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  say(
    `48 hours of one feeder from a year of history: ${median(times).toFixed(2)} CPU-ms in the median of ${QUESTIONS} (goal ≤ ${GOALS.serveMs})`,
  );
  return {
    'feeders retrained, 1,000 on two cores': { value: night, unit: 'minutes' },
    'feeder forecast, 48 h': { value: median(times), unit: 'CPU-ms' },
  };
}
