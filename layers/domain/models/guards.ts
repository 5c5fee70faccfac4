import { ANOMALY_GUARDS } from '../../contracts/models/anomaly.ts';
import type { ModelName } from '../../contracts/models/learning.ts';
import { anomalyLoss } from './anomaly-loss.ts';
import { FORECAST_GUARDS, forecastLoss } from './forecast-loss.ts';
import type { ExampleLoss } from './gate.ts';

const GUARDS: Readonly<Record<ModelName, readonly string[]>> = {
  forecast: FORECAST_GUARDS,
  anomaly: ANOMALY_GUARDS,
};

/** Metrics on which a new model must beat the champion, each a mean loss that training prints under the same name. */
export const guardsOf = (model: ModelName): readonly string[] => GUARDS[model];

const LOSSES: Readonly<Record<ModelName, (line: unknown, answer: unknown) => ExampleLoss>> = {
  forecast: forecastLoss,
  anomaly: anomalyLoss,
};

/** How a model's answer to a line of its validation channel is measured. It throws if the answer breaks its contract. */
export const lossOf = (model: ModelName) => LOSSES[model];
