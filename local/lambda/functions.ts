import { AwsFailure, type Cloud, type InvocationResult } from '../kernel/types.ts';
import { AsyncQueue, type AsyncSettings, asyncDefaults } from './async-queue.ts';
import { Destinations } from './destinations.ts';
import { type FunctionSettings, LambdaFunction } from './function.ts';
import type { MappingSettings } from './mapping/settings.ts';
import { StreamMapping } from './mapping/stream-mapping.ts';
import { Tracing } from './tracing.ts';

/** An event-source mapping as the console shows it; `lag` counts records per shard. */
export interface MappingState {
  uuid: string;
  eventSourceArn: string;
  functionArn: string;
  batchSize: number;
  state: 'Enabled' | 'Disabled';
  lastResult: string;
  lag: { shardId: string; records: number }[];
}

declare module '../kernel/types.ts' {
  interface Shared {
    lambda?: Functions;
  }
}

const REAP_EVERY_MS = 60_000;

/** The functions of the running cloud and what feeds them. */
export class Functions {
  readonly #cloud: Cloud;
  readonly tracing: Tracing;
  readonly #functions = new Map<string, LambdaFunction>();
  readonly #async = new Map<string, AsyncSettings>();
  readonly #queue: AsyncQueue;
  readonly #destinations: Destinations;
  readonly #pending: MappingSettings[] = [];
  #mappings: StreamMapping[] = [];
  #reaper: NodeJS.Timeout | undefined;

  constructor(cloud: Cloud, options: { asyncRetryDelaysMs?: readonly number[] } = {}) {
    this.#cloud = cloud;
    // Lambda runs in UTC; worker threads share the process's zone, whatever their own TZ says.
    process.env.TZ = 'UTC';
    this.tracing = new Tracing(cloud);
    this.#destinations = new Destinations(cloud);
    this.#queue = new AsyncQueue(cloud, this.#destinations, options.asyncRetryDelaysMs);
    cloud.setInvoker(async (arn, event, _as, how) => {
      const text = JSON.stringify(event ?? {});
      if (!how?.async) return this.invoke(arn, text);
      return { payload: undefined, requestId: this.invokeAsync(arn, text), durationMs: 0 };
    });
  }

  add(settings: FunctionSettings): void {
    this.#functions.get(settings.arn)?.stop();
    this.#functions.set(settings.arn, new LambdaFunction(settings, this.#cloud, this.tracing));
  }

  /** @param name name, ARN, or either with a version or alias, which all mean the one code there is here. */
  get(name: string): LambdaFunction {
    const parts = name.split(':');
    const arn = name.startsWith('arn:')
      ? parts.slice(0, 7).join(':')
      : this.#cloud.arn('lambda', `function:${parts[0]}`);
    const found = this.#functions.get(arn);
    if (!found) throw new AwsFailure('ResourceNotFoundException', `Function not found: ${arn}`, 404);
    return found;
  }

  all(): LambdaFunction[] {
    return [...this.#functions.values()];
  }

  /** Runs a function and waits. @param event JSON text. */
  invoke(name: string, event: string): Promise<InvocationResult> {
    return this.get(name).invoke(event, name.startsWith('arn:') ? name : undefined);
  }

  /** Accepts an event. @returns its request id. */
  invokeAsync(name: string, event: string): string {
    const target = this.get(name);
    return this.#queue.accept(target, event, this.#async.get(target.settings.arn) ?? asyncDefaults);
  }

  configureAsync(name: string, settings: AsyncSettings): void {
    this.#async.set(this.get(name).settings.arn, settings);
  }

  addMapping(settings: MappingSettings): void {
    this.#pending.push(settings);
  }

  mappings(): MappingState[] {
    return this.#mappings.map((mapping) => ({
      uuid: mapping.settings.uuid,
      eventSourceArn: mapping.streamArn,
      functionArn: mapping.functionArn,
      batchSize: mapping.settings.batchSize,
      state: mapping.settings.enabled ? 'Enabled' : 'Disabled',
      lastResult: mapping.lastResult,
      lag: mapping.lag(),
    }));
  }

  /** Starts the mappings, once every resource exists. */
  async start(): Promise<void> {
    await this.tracing.listen();
    for (const settings of this.#pending.splice(0)) {
      const stream = this.#cloud.shared.kinesis?.stream(settings.eventSourceArn);
      if (!stream) throw new Error(`An event-source mapping reads ${settings.eventSourceArn}, which does not exist.`);
      const target = this.get(settings.functionName);
      const mapping = new StreamMapping({
        settings,
        cloud: this.#cloud,
        stream,
        target,
        destinations: this.#destinations,
      });
      this.#mappings.push(mapping);
      await mapping.start();
    }
    this.#reaper = setInterval(() => {
      for (const target of this.#functions.values()) target.reap(this.#cloud.clock());
    }, REAP_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#reaper);
    this.#queue.stop();
    for (const mapping of this.#mappings) await mapping.stop();
    this.#mappings = [];
    for (const target of this.#functions.values()) target.stop();
    this.tracing.close();
  }
}
