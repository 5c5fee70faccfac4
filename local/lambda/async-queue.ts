import { randomUUID } from 'node:crypto';
import { AwsFailure, type Cloud, type InvocationResult } from '../kernel/types.ts';
import type { Destinations } from './destinations.ts';
import type { LambdaFunction } from './function.ts';
import { lambdaLimits } from './limits.ts';

/** AWS::Lambda::EventInvokeConfig of a function. */
export interface AsyncSettings {
  maxRetries: number;
  maxAgeS: number;
  onFailure?: string;
  onSuccess?: string;
}

export const asyncDefaults: AsyncSettings = { maxRetries: 2, maxAgeS: lambdaLimits.asyncMaxAgeS };

/**
 * Asynchronous invocations: accepted at once, retried after one and two minutes, then sent to the failure destination.
 * The queue is in memory: an event that waits when the process dies is lost, which schedules make up for.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export class AsyncQueue {
  readonly #cloud: Cloud;
  readonly #destinations: Destinations;
  readonly #retryDelaysMs: readonly number[];
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(
    cloud: Cloud,
    destinations: Destinations,
    retryDelaysMs: readonly number[] = lambdaLimits.asyncRetryDelaysMs,
  ) {
    this.#cloud = cloud;
    this.#destinations = destinations;
    this.#retryDelaysMs = retryDelaysMs;
  }

  /** @throws AwsFailure RequestTooLargeException beyond 1 MiB. @returns the accepted event's request id. */
  accept(target: LambdaFunction, event: string, settings: AsyncSettings): string {
    if (Buffer.byteLength(event) > lambdaLimits.asyncPayloadBytes)
      throw new AwsFailure(
        'RequestTooLargeException',
        `Request must be smaller than ${lambdaLimits.asyncPayloadBytes} bytes for the InvokeFunction operation`,
        413,
      );
    const requestId = randomUUID();
    void this.#attempt({ target, event, settings, requestId, since: this.#cloud.clock(), failures: 0, throttles: 0 });
    return requestId;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  async #attempt(task: Task): Promise<void> {
    let result: InvocationResult;
    try {
      result = await task.target.invoke(task.event);
    } catch (failure) {
      if (failure instanceof AwsFailure && failure.status === 429)
        return this.#later(
          { ...task, throttles: task.throttles + 1 },
          Math.min(1000 * 2 ** task.throttles, 300_000),
          undefined,
        );
      this.#say(task, `asynchronous invocation failed: ${(failure as Error).message}`);
      return;
    }
    if (!result.functionError) return this.#deliver(task, task.settings.onSuccess, 'Success', result);
    if (task.failures >= task.settings.maxRetries)
      return this.#deliver(task, task.settings.onFailure, 'RetriesExhausted', result);
    return this.#later({ ...task, failures: task.failures + 1 }, this.#retryDelaysMs[task.failures] ?? 120_000, result);
  }

  async #later(task: Task, delayMs: number, result: InvocationResult | undefined): Promise<void> {
    if (this.#cloud.clock() + delayMs - task.since > task.settings.maxAgeS * 1000)
      return this.#deliver(task, task.settings.onFailure, 'EventAgeExceeded', result);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#attempt(task);
    }, delayMs);
    this.#timers.add(timer);
  }

  async #deliver(
    task: Task,
    destination: string | undefined,
    condition: string,
    result?: InvocationResult,
  ): Promise<void> {
    if (destination === undefined) return;
    const document = {
      version: '1.0',
      timestamp: new Date(this.#cloud.clock()).toISOString(),
      requestContext: {
        requestId: task.requestId,
        functionArn: `${task.target.settings.arn}:$LATEST`,
        condition,
        approximateInvokeCount: task.failures + 1,
      },
      requestPayload: JSON.parse(task.event) as unknown,
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        ...(result?.functionError ? { functionError: 'Unhandled' } : {}),
      },
      responsePayload: result?.functionError ?? result?.payload ?? null,
    };
    try {
      const as = task.target.principal;
      if (destination.startsWith('arn:aws:s3:::')) {
        const time = document.timestamp.slice(0, 19).replaceAll(':', '.');
        const key = `aws/lambda/async/${task.target.settings.name}/${time.slice(0, 10).replaceAll('-', '/')}/${time}-${randomUUID()}`;
        await this.#destinations.putObject(as, destination, key, JSON.stringify(document));
      } else await this.#destinations.send(as, destination, document);
    } catch (failure) {
      this.#say(task, `cannot deliver to ${destination}: ${(failure as Error).message}`);
      const dimensions = { FunctionName: task.target.settings.name };
      const time = this.#cloud.clock();
      this.#cloud.metric({ namespace: 'AWS/Lambda', name: 'DestinationDeliveryFailures', dimensions, value: 1, time });
    }
  }

  #say(task: Task, text: string): void {
    this.#cloud.log({ source: task.target.settings.name, requestId: task.requestId, time: this.#cloud.clock(), text });
  }
}

interface Task {
  target: LambdaFunction;
  event: string;
  settings: AsyncSettings;
  requestId: string;
  since: number;
  failures: number;
  throttles: number;
}
