import { forecastLoss } from '../../layers/domain/models/forecast-loss.ts';
import { runContainer } from '../container/run.ts';
import { forecastContainer } from './container.ts';

await runContainer({ container: forecastContainer, evaluation: { loss: forecastLoss }, entry: import.meta.url });
