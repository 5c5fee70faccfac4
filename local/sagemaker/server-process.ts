import { mkdirSync, rmSync } from 'node:fs';
import { Agent, request as send } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Cloud } from '../kernel/types.ts';
import { type Container, startContainer } from './container.ts';
import { imageAt } from './image.ts';
import { Objects } from './objects.ts';
import type { Document } from './state.ts';

/** SageMaker gives a container this long to answer its first ping. https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html (default of ContainerStartupHealthCheckTimeoutInSeconds) */
const START_MS = 60_000;
/** Longest a container may take for an answer, ms. */
const ANSWER_MS = 60_000;

export interface ContainerAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  durationMs: number;
}

/** A model being served: one process stands for all instances of a variant. It starts when it is first asked. */
export class ServerProcess {
  readonly modelName: string;
  readonly #cloud: Cloud;
  readonly #model: Document;
  readonly #root: string;
  readonly #agent = new Agent({ keepAlive: true });
  #started: Promise<number> | undefined;
  #container: Container | undefined;

  constructor(options: { cloud: Cloud; model: Document; modelName: string; root: string }) {
    this.#cloud = options.cloud;
    this.#model = options.model;
    this.modelName = options.modelName;
    this.#root = options.root;
  }

  /** @throws if the container does not become healthy. */
  async start(): Promise<void> {
    await this.#port();
  }

  async ask(request: { body: Buffer; contentType: string; accept: string }): Promise<ContainerAnswer> {
    const port = await this.#port();
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = send(
        {
          agent: this.#agent,
          host: '127.0.0.1',
          port,
          method: 'POST',
          path: '/invocations',
          headers: {
            'content-type': request.contentType,
            accept: request.accept,
            'content-length': request.body.length,
          },
          timeout: ANSWER_MS,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 500,
              headers: answer.headers as Record<string, string>,
              body: Buffer.concat(chunks),
              durationMs: performance.now() - began,
            }),
          );
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
      outgoing.on('error', reject);
      outgoing.end(request.body);
    });
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#started?.catch(() => {});
    this.#container?.child.kill('SIGTERM');
    const hard = setTimeout(() => this.#container?.child.kill('SIGKILL'), 2_000);
    await this.#container?.ended;
    clearTimeout(hard);
    rmSync(this.#root, { recursive: true, force: true });
  }

  #port(): Promise<number> {
    this.#started ??= this.#begin();
    return this.#started;
  }

  async #begin(): Promise<number> {
    rmSync(this.#root, { recursive: true, force: true });
    const folder = join(this.#root, 'opt/ml/model');
    mkdirSync(folder, { recursive: true });
    const { ExecutionRoleArn, PrimaryContainer } = this.#model as {
      ExecutionRoleArn: string;
      PrimaryContainer: { Image: string; ModelDataUrl: string; Environment?: Record<string, string> };
    };
    const principal = this.#cloud.assumeRole(ExecutionRoleArn, 'sagemaker.amazonaws.com');
    // Only what the training job packed is served: nothing of this machine's copy of the code or the data.
    await new Objects(this.#cloud, principal).unpack(PrimaryContainer.ModelDataUrl, folder);
    const port = await freePort();
    const container = startContainer({
      image: imageAt(PrimaryContainer.Image, this.#cloud.assemblyDir),
      root: this.#root,
      verb: 'serve',
      env: { ...PrimaryContainer.Environment, SAGEMAKER_BIND_TO_PORT: String(port), SERVE_HOST: '127.0.0.1' },
      onLine: (text) => this.#cloud.log({ source: `endpoint/${this.modelName}`, time: this.#cloud.clock(), text }),
    });
    this.#container = container;
    let code: number | undefined;
    void container.ended.then((ended) => {
      code = ended;
      // A container that ends is started again at the next request, as SageMaker restarts it.
      this.#started = undefined;
    });
    const until = Date.now() + START_MS;
    while (!(await healthy(port))) {
      if (code !== undefined || Date.now() > until) {
        container.child.kill('SIGKILL');
        throw new Error(
          `The primary container of model ${this.modelName} did not pass the ping health check${code === undefined ? '' : `, exit code ${code}`}.`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return port;
  }
}

const healthy = async (port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/ping`, { signal: AbortSignal.timeout(2_000) })).status === 200;
  } catch {
    return false;
  }
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
