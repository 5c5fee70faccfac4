import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';
import type { LogCode } from './log-codes.ts';
import { log, logger, metrics, tracer } from './observability.ts';

/** Lambda handler of a scheduled job; the counts it returns become metrics of the same name. A throw is an error metric. */
export function scheduledHandler(done: LogCode, job: () => Promise<Readonly<Record<string, number>>>) {
  return middy<unknown, void>()
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .use(injectLambdaContext(logger, { clearState: true }))
    .use(logMetrics(metrics))
    .handler(async () => {
      const counts = await job();
      for (const [name, count] of Object.entries(counts)) metrics.addMetric(name, MetricUnit.Count, count);
      log.info(done, counts);
    });
}
