import type { ModelName } from '../../contracts/models/learning.ts';
import { FORECAST_GUARDS } from './forecast-loss.ts';

const GUARDS: Readonly<Record<ModelName, readonly string[]>> = { forecast: FORECAST_GUARDS };

/** Metrics on which a new model must beat the champion, each a mean loss that training prints under the same name. */
export const guardsOf = (model: ModelName): readonly string[] => GUARDS[model];
