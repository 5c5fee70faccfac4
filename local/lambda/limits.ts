/**
 * Service limits of AWS Lambda.
 * Sources: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and the API reference of Invoke,
 * CreateFunction and CreateEventSourceMapping.
 */
export const lambdaLimits = {
  /** "Invocation payload (request and response): 6 MB each for request and response (synchronous)". */
  syncPayloadBytes: 6 * 1024 * 1024,
  /** "1 MB (asynchronous)". */
  asyncPayloadBytes: 1024 * 1024,
  /** "4 KB, for all environment variables associated with the function, in aggregate". */
  environmentBytes: 4096,
  /** API_CreateFunction: Timeout default 3 s, at most 900 s. */
  defaultTimeoutS: 3,
  maxTimeoutS: 900,
  /** API_CreateFunction: MemorySize default 128 MB, at most 10,240 MB. */
  defaultMemoryMb: 128,
  maxMemoryMb: 10_240,
  /** Runtime environment life cycle: "the Init phase is limited to 10 seconds". */
  initMs: 10_000,
  /** API_CreateEventSourceMapping, Kinesis. */
  kinesisBatch: { default: 100, max: 10_000 },
  maxWindowS: 300,
  maxParallelization: 10,
  /** Asynchronous invocation: two retries, after one minute and then two. */
  asyncRetryDelaysMs: [60_000, 120_000],
  /** Asynchronous invocation: events older than six hours are given up. */
  asyncMaxAgeS: 21_600,
} as const;
