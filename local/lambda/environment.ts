import { Worker } from 'node:worker_threads';
import type { EnvironmentStart, FromEnvironment, ToEnvironment, WireError } from './protocol.ts';

export interface Outcome {
  /** JSON text of what the handler returned. */
  payload?: string | undefined;
  error?: WireError;
}

const MEBIBYTE = 1024 * 1024;

/** One execution environment: a worker thread with its own variables, running one invocation at a time. */
export class Environment {
  readonly #worker: Worker;
  readonly #onLine: (text: string, requestId: string | undefined) => void;
  readonly #ready: Promise<WireError | undefined>;
  #settle: ((outcome: Outcome) => void) | undefined;
  #fatal: WireError | undefined;
  #requestId: string | undefined;
  #dead = false;
  /** Epoch ms of the last use, for reaping. */
  lastUsed = 0;

  constructor(options: {
    start: EnvironmentStart;
    variables: Record<string, string>;
    initMs: number;
    onLine: (text: string, requestId: string | undefined) => void;
  }) {
    this.#onLine = options.onLine;
    this.#worker = new Worker(new URL('./bootstrap.ts', import.meta.url), {
      env: options.variables,
      workerData: options.start,
      resourceLimits: { maxOldGenerationSizeMb: options.start.memoryMb },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#ready = new Promise((resolve) => {
      const late = setTimeout(() => {
        this.stop();
        resolve({
          errorType: 'Sandbox.Timedout',
          errorMessage: 'Error: Init timed out after 10.00 seconds',
          trace: [],
        });
      }, options.initMs);
      this.#worker.on('message', (message: FromEnvironment) => {
        if (message.kind === 'ready' || message.kind === 'initFailed') {
          clearTimeout(late);
          resolve(message.kind === 'ready' ? undefined : message.error);
        } else this.#hear(message);
      });
      this.#worker.on('error', (failure: Error & { code?: string }) => {
        clearTimeout(late);
        const outOfMemory = failure.code === 'ERR_WORKER_OUT_OF_MEMORY';
        this.#fatal = outOfMemory
          ? exitError(this.#requestId, 'Runtime exited with error: signal: killed', 'Runtime.OutOfMemory')
          : { errorType: failure.name, errorMessage: failure.message, trace: (failure.stack ?? '').split('\n') };
        resolve(this.#fatal);
      });
      this.#worker.on('exit', (code) => {
        clearTimeout(late);
        this.#dead = true;
        const why =
          code === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: exit status ${code}`;
        const error = this.#fatal ?? exitError(this.#requestId, why, 'Runtime.ExitError');
        resolve(error);
        this.#finish({ error });
      });
    });
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Resolves when the handler is loaded, with what went wrong if it could not be. */
  ready(): Promise<WireError | undefined> {
    return this.#ready;
  }

  /** Runs one invocation; after a time-out, an exit or an uncaught error the environment is dead. */
  run(task: ToEnvironment, timeoutMs: number): Promise<Outcome> {
    this.#requestId = task.requestId;
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#finish({
          error: {
            errorType: 'Sandbox.Timedout',
            errorMessage: `RequestId: ${task.requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
            trace: [],
          },
        });
        this.stop();
      }, timeoutMs);
      this.#settle = (outcome) => {
        clearTimeout(late);
        resolve(outcome);
      };
      if (this.#dead) this.#finish({ error: exitError(task.requestId, 'Runtime exited', 'Runtime.ExitError') });
      else this.#worker.postMessage(task);
    });
  }

  stop(): void {
    this.#dead = true;
    void this.#worker.terminate();
  }

  #hear(message: FromEnvironment): void {
    if (message.kind === 'line') this.#onLine(message.text, this.#requestId);
    else if (message.kind === 'result') this.#finish({ payload: message.payload });
    else if (message.kind === 'failed') {
      if (message.fatal) this.#dead = true;
      this.#finish({ error: message.error });
    }
  }

  #finish(outcome: Outcome): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }
}

const exitError = (requestId: string | undefined, why: string, errorType: string): WireError => ({
  errorType,
  errorMessage: `RequestId: ${requestId ?? 'init'} Error: ${why}`,
  trace: [],
});

/** Memory of the whole process; environments share it, so this is an upper bound for the REPORT line. */
export const usedMemoryMb = () => Math.ceil(process.memoryUsage.rss() / MEBIBYTE);
