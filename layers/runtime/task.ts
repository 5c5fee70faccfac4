import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { MetricResolution, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';
import type * as z from 'zod';
import type { WatchedRequests } from '../domain/models/model-endpoint.ts';
import type { LogCode } from './log-codes.ts';
import { log, logger, metrics, tracer } from './observability.ts';

/** What a task gives its state machine, and what is counted of it. */
export interface TaskOutcome<Output> {
  output: Output;
  counts?: Readonly<Record<string, number>>;
}

/** Lambda handler of a state machine's task. A throw fails the task, which the machine retries or catches. */
export function taskHandler<Input extends z.ZodType, Output>(
  done: LogCode,
  input: Input,
  task: (input: z.infer<Input>) => Promise<TaskOutcome<Output>>,
) {
  return middy<unknown, Output>()
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .use(injectLambdaContext(logger, { clearState: true }))
    .use(logMetrics(metrics))
    .handler(async (event: unknown) => {
      const { output, counts = {} } = await task(input.parse(event));
      for (const [name, count] of Object.entries(counts)) metrics.addMetric(name, MetricUnit.Count, count);
      log.info(done, counts);
      return output;
    });
}

/** Figures that alarms must see within seconds, published at once. */
export function watch({ counts, durations }: WatchedRequests): void {
  for (const [name, count] of Object.entries(counts))
    metrics.addMetric(name, MetricUnit.Count, count, MetricResolution.High);
  for (const [name, each] of Object.entries(durations))
    for (const duration of each) metrics.addMetric(name, MetricUnit.Milliseconds, duration, MetricResolution.High);
  metrics.publishStoredMetrics();
}
