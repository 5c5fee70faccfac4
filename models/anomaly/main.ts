import { anomalyLoss } from '../../layers/domain/models/anomaly-loss.ts';
import { runContainer } from '../container/run.ts';
import { anomalyContainer } from './container.ts';

await runContainer({ container: anomalyContainer, evaluation: { loss: anomalyLoss }, entry: import.meta.url });
