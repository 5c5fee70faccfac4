import { join } from 'node:path';

/**
 * SageMaker's folders inside a container. `ML_ROOT` moves them, for a run outside one.
 * Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
 */
export function mlFolders(environment: NodeJS.ProcessEnv) {
  const root = environment.ML_ROOT ?? '/opt/ml';
  return {
    hyperparameters: join(root, 'input/config/hyperparameters.json'),
    inputDataConfig: join(root, 'input/config/inputdataconfig.json'),
    channel: (name: string) => join(root, 'input/data', name),
    model: join(root, 'model'),
    outputData: join(root, 'output/data'),
    failure: join(root, 'output/failure'),
  } as const;
}

export type MlFolders = ReturnType<typeof mlFolders>;
