import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ModelEvaluation } from './evaluation.ts';
import { mlFolders } from './ml-folders.ts';
import type { ModelContainer } from './model-container.ts';
import { verifySeal } from './sealed-model.ts';
import { modelServer } from './serve.ts';
import { EXIT, runTraining } from './train.ts';

/** SageMaker kills a container this long after SIGTERM; a model that does not listen is ended before. ms */
const STOP_GRACE_MS = 100_000;
const PORT = 8080;
const TRAINING = 'training';

/**
 * Entry point of a model's container: `train` or `serve`, as SageMaker starts it. The file that calls this is the whole program:
 * training runs in a worker thread of the same file, so that a stop request is heard while a model computes.
 * @param entry `import.meta.url` of the calling file.
 */
export async function runContainer(options: {
  container: ModelContainer;
  evaluation?: ModelEvaluation;
  entry: string;
}): Promise<void> {
  const { container, evaluation, entry } = options;
  if (!isMainThread) {
    if (workerData?.role === TRAINING) await trainInWorker(container, evaluation);
    return;
  }
  const [verb] = process.argv.slice(2);
  if (verb === 'train') process.exitCode = await trainingProcess(entry);
  else if (verb === 'serve') await serve(container);
  else {
    process.stderr.write(`say train or serve, not "${verb ?? ''}"\n`);
    process.exitCode = 2;
  }
}

function trainingProcess(entry: string): Promise<number> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL(entry), { workerData: { role: TRAINING } });
    let code: number = EXIT.failed;
    worker.on('message', (message: { code: number }) => {
      code = message.code;
    });
    worker.on('error', (failure) => process.stderr.write(`${failure.stack ?? failure.message}\n`));
    worker.on('exit', () => resolve(code));
    process.once('SIGTERM', () => {
      worker.postMessage('stop');
      setTimeout(() => {
        code = EXIT.stopped;
        void worker.terminate();
      }, STOP_GRACE_MS).unref();
    });
  });
}

async function trainInWorker(container: ModelContainer, evaluation: ModelEvaluation | undefined): Promise<void> {
  const stop = new AbortController();
  const port = parentPort;
  port?.on('message', () => stop.abort());
  const code = await runTraining({
    container,
    ...(evaluation ? { evaluation } : {}),
    folders: mlFolders(process.env),
    signal: stop.signal,
    print: (line) => process.stdout.write(`${line}\n`),
  });
  port?.postMessage({ code });
  port?.close();
}

async function serve(container: ModelContainer): Promise<void> {
  const folder = mlFolders(process.env).model;
  const version = verifySeal({ name: container.name, folder });
  const model = await container.load(folder);
  const print = (line: string) => process.stderr.write(`${line}\n`);
  const server = modelServer({ model, version, print });
  // SageMaker itself names the port only to containers of several models.
  const port = Number(process.env.SAGEMAKER_BIND_TO_PORT ?? PORT);
  server.listen(port, process.env.SERVE_HOST ?? '0.0.0.0', () => print(`${container.name} ${version} on ${port}`));
  process.once('SIGTERM', () => {
    server.close();
    server.closeIdleConnections();
  });
}
