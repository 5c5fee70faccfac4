import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { LogCode } from './log-codes.ts';

/** Powertools of an execution environment; names and levels come from the `POWERTOOLS_*` and `LOG_LEVEL` variables. */
export const logger = new Logger();
export const tracer = new Tracer();
export const metrics = new Metrics();

/** What may stand beside a code: ids, counts and reasons. */
export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export const log = {
  info: (code: LogCode, fields: LogFields = {}): void => logger.info(code, { ...fields }),
  warn: (code: LogCode, fields: LogFields = {}): void => logger.warn(code, { ...fields }),
  /** Names and stack of the failure are logged; messages of our own errors hold no payload. */
  error: (code: LogCode, failure: unknown, fields: LogFields = {}): void =>
    logger.error(code, { ...fields, error: failure instanceof Error ? failure : new Error(String(failure)) }),
};
