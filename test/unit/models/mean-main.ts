import { runContainer } from '../../../models/container/run.ts';
import { meanContainer, meanEvaluation } from './mean-model.ts';

await runContainer({ container: meanContainer, evaluation: meanEvaluation, entry: import.meta.url });
