import { readAssembly } from '../assembly/assembly.ts';
import { type Failure, type Provisioned, provision, type Shortcoming, shortcomings } from '../assembly/provision.ts';
import { LocalCloud } from '../kernel/cloud.ts';
import { iam } from '../kernel/iam/provider.ts';
import type { Provider } from '../kernel/types.ts';
import type { Part } from '../services.ts';
import type { StartOptions } from './options.ts';

/** The assembly cannot be run whole. */
export class BootFailure extends Error {
  readonly failures: readonly Failure[];
  readonly missing: readonly Shortcoming[];
  constructor(message: string, failures: readonly Failure[], missing: readonly Shortcoming[]) {
    super(message);
    this.failures = failures;
    this.missing = missing;
  }
}

export interface Running {
  cloud: LocalCloud;
  /** Properties in the templates that nothing here acts on. */
  unheeded: Shortcoming[];
  outcome: Provisioned;
  stop(): Promise<void>;
}

/**
 * Brings up the cloud of an assembly: parts, resources in dependency order, then everything that runs by itself.
 * @throws BootFailure if a type is unknown or a resource could not be created; everything started is stopped first.
 */
export async function boot(options: {
  assemblyDir: string;
  stateDir: string;
  portBase: number;
  stage: string;
  parts: readonly { name: string; part: Part }[];
  start: StartOptions;
  progress?: (done: number, all: number, current: string) => void;
  started?: (name: string, ms: number) => void;
}): Promise<Running> {
  const { assemblyDir, stateDir, portBase, stage, parts, start } = options;
  const cloud = new LocalCloud({ stage, stateDir, assemblyDir, portBase });
  cloud.shared.startOptions = start;
  cloud.shared.endpoints = {};
  const providers: Provider[] = [...iam().providers, ...parts.flatMap(({ part }) => part.providers ?? [])];
  const stop = async (): Promise<void> => {
    for (const { part } of [...parts].reverse()) await part.stop?.();
    for (const provider of [...providers].reverse()) await provider.stop?.();
    await cloud.close();
  };
  await cloud.listen(portBase);
  try {
    for (const { part } of parts) {
      for (const service of [...(part.services?.(cloud) ?? []), ...(part.service ? [part.service(cloud)] : [])]) {
        cloud.addService(service);
      }
    }
    const assembly = readAssembly(assemblyDir);
    const missing = shortcomings(assembly, providers);
    const unknown = missing.filter(({ properties }) => properties.length === 0);
    if (unknown.length > 0) {
      throw new BootFailure('The local cloud cannot run some of the resources that would be deployed.', [], unknown);
    }
    const outcome = await provision({ assembly, providers, cloud, progress: options.progress ?? (() => {}) });
    if (outcome.failures.length > 0) {
      throw new BootFailure('Some resources could not be created.', outcome.failures, []);
    }
    for (const provider of providers) await provider.start?.(cloud);
    for (const { name, part } of parts) {
      if (!part.start) continue;
      const began = performance.now();
      await part.start(cloud);
      options.started?.(name, performance.now() - began);
    }
    return { cloud, unheeded: missing, outcome, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}
