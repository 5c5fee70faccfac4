import { runContainer } from '../container/run.ts';
import { anomalyContainer } from './container.ts';

await runContainer({ container: anomalyContainer, entry: import.meta.url });
