import { createHash, randomUUID } from 'node:crypto';
import { AwsFailure, type Cloud, type InvocationResult, type Principal } from '../kernel/types.ts';
import { embeddedMetrics } from './embedded-metrics.ts';
import { Environment, type Outcome, usedMemoryMb } from './environment.ts';
import { lambdaLimits } from './limits.ts';
import type { Tracing } from './tracing.ts';

export interface FunctionSettings {
  name: string;
  arn: string;
  roleArn: string;
  runtime: string;
  handler: string;
  codeDir: string;
  layerDirs: readonly string[];
  /** As the template gives them, container paths already mapped. */
  variables: Readonly<Record<string, string>>;
  timeoutMs: number;
  memoryMb: number;
  /** undefined: shares the account's concurrency. */
  reservedConcurrency?: number;
  tracing: boolean;
  logGroupName: string;
  subnetIds?: readonly string[];
  securityGroupIds?: readonly string[];
}

/** Idle environments are let go after this time, to give their memory back. */
const IDLE_MS = 10 * 60_000;
/** Environments this machine holds per function; beyond it invocations wait, which AWS would answer with more environments. */
const LOCAL_ENVIRONMENTS = 12;
/** Environments of a function that load at one time: on few cores more of them only delay each other, and the first to be free serves those who wait. */
const LOADING_AT_ONCE = 2;

/** One function: its environments, started when needed, and the invocations that wait for one. */
export class LambdaFunction {
  readonly settings: FunctionSettings;
  readonly #cloud: Cloud;
  readonly #tracing: Tracing;
  readonly #idle: Environment[] = [];
  readonly #all = new Set<Environment>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #loading = 0;

  constructor(settings: FunctionSettings, cloud: Cloud, tracing: Tracing) {
    this.settings = settings;
    this.#cloud = cloud;
    this.#tracing = tracing;
  }

  get principal(): Principal {
    const { roleArn, name, subnetIds, securityGroupIds } = this.settings;
    return {
      kind: 'role',
      roleArn,
      functionName: name,
      ...(subnetIds ? { vpcSubnetIds: subnetIds } : {}),
      ...(securityGroupIds ? { securityGroupIds } : {}),
    };
  }

  get environments(): number {
    return this.#all.size;
  }

  /**
   * Runs the handler once. @param event JSON text, at most 6 MiB.
   * @throws AwsFailure TooManyRequestsException at the reserved concurrency, RequestTooLargeException beyond the payload limit.
   */
  async invoke(event: string, invokedArn = this.settings.arn): Promise<InvocationResult> {
    const { settings } = this;
    if (Buffer.byteLength(event) > lambdaLimits.syncPayloadBytes)
      throw new AwsFailure(
        'RequestTooLargeException',
        `Request must be smaller than ${lambdaLimits.syncPayloadBytes} bytes for the InvokeFunction operation`,
        413,
      );
    if (settings.reservedConcurrency !== undefined && this.#running >= settings.reservedConcurrency) {
      this.#count('Throttles', 1);
      throw new AwsFailure('TooManyRequestsException', 'Rate Exceeded.', 429);
    }
    this.#running += 1;
    try {
      return await this.#run(event, invokedArn);
    } finally {
      this.#running -= 1;
    }
  }

  stop(): void {
    for (const environment of this.#all) environment.stop();
    this.#all.clear();
    this.#idle.length = 0;
  }

  /** Lets environments go that nobody used for a while. */
  reap(now: number): void {
    for (const environment of this.#idle.filter(({ lastUsed }) => now - lastUsed > IDLE_MS)) {
      this.#idle.splice(this.#idle.indexOf(environment), 1);
      this.#all.delete(environment);
      environment.stop();
    }
  }

  async #run(event: string, invokedArn: string): Promise<InvocationResult> {
    const { settings } = this;
    const requestId = randomUUID();
    const environment = await this.#take();
    const trace = this.#tracing.begin(settings.name, settings.tracing);
    const started = performance.now();
    this.#say(`START RequestId: ${requestId} Version: $LATEST`, requestId);
    const initFailure = await environment.ready();
    const outcome: Outcome = initFailure
      ? { error: initFailure }
      : await environment.run(
          {
            requestId,
            event,
            deadlineMs: Date.now() + settings.timeoutMs,
            functionArn: invokedArn,
            traceHeader: trace.header,
          },
          settings.timeoutMs,
        );
    if (initFailure) environment.stop();
    this.#giveBack(environment);
    const durationMs = performance.now() - started;
    const checked = tooLarge(outcome) ?? outcome;
    this.#report(requestId, durationMs, checked);
    if (this.#mayTrace) {
      this.#tracing.end(trace, settings.name, settings.arn, requestId, checked.error !== undefined);
    }
    return {
      payload: checked.payload === undefined ? undefined : (JSON.parse(checked.payload) as unknown),
      requestId,
      durationMs,
      ...(checked.error ? { functionError: checked.error } : {}),
    };
  }

  async #take(): Promise<Environment> {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle && !idle.dead) return idle;
      if (idle) this.#all.delete(idle);
      else if (this.#all.size < LOCAL_ENVIRONMENTS && this.#loading < LOADING_AT_ONCE) return this.#start();
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #giveBack(environment: Environment): void {
    if (environment.dead) this.#all.delete(environment);
    else {
      environment.lastUsed = this.#cloud.clock();
      this.#idle.push(environment);
    }
    this.#waiting.shift()?.();
  }

  #start(): Environment {
    const { settings } = this;
    const now = new Date(this.#cloud.clock());
    const logStreamName = `${now.toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${randomUUID().replaceAll('-', '')}`;
    const environment = new Environment({
      start: {
        handler: settings.handler,
        codeDir: settings.codeDir,
        allowedDirs: [settings.codeDir, ...settings.layerDirs],
        functionName: settings.name,
        functionVersion: '$LATEST',
        functionArn: settings.arn,
        memoryMb: settings.memoryMb,
        logGroupName: settings.logGroupName,
        logStreamName,
        callbacks: Number(/\d+/.exec(settings.runtime)?.[0] ?? 24) < 24,
      },
      variables: this.#variables(logStreamName),
      initMs: lambdaLimits.initMs,
      onLine: (text, requestId) => this.#hear(text, requestId),
    });
    this.#all.add(environment);
    this.#loading += 1;
    void environment.ready().then(() => {
      this.#loading -= 1;
      this.#waiting.shift()?.();
    });
    return environment;
  }

  /** Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
  #variables(logStreamName: string): Record<string, string> {
    const { settings } = this;
    const credentials = this.#cloud.credentials(this.principal);
    return {
      ...settings.variables,
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
      _HANDLER: settings.handler,
      AWS_REGION: this.#cloud.region,
      AWS_DEFAULT_REGION: this.#cloud.region,
      AWS_EXECUTION_ENV: `AWS_Lambda_${settings.runtime}`,
      AWS_LAMBDA_FUNCTION_NAME: settings.name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memoryMb),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: settings.logGroupName,
      AWS_LAMBDA_LOG_STREAM_NAME: logStreamName,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
      AWS_ENDPOINT_URL: this.#cloud.endpoint,
      AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
      ...this.#tracing.variables(),
      LAMBDA_TASK_ROOT: settings.codeDir,
      LAMBDA_RUNTIME_DIR: '/var/runtime',
      NODE_PATH: settings.layerDirs.map((folder) => `${folder}/nodejs/node_modules`).join(':'),
    };
  }

  #hear(text: string, requestId: string | undefined): void {
    this.#say(text, requestId);
    if (!this.#mayLog) return;
    for (const datum of embeddedMetrics(text)) this.#cloud.metric(datum);
  }

  /** Source: https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html#services-xray-permissions */
  get #mayTrace(): boolean {
    return this.#cloud.allowed({ principal: this.principal, action: 'xray:PutTraceSegments', resource: '*' });
  }

  /** Lambda writes the logs, and so the metrics in them, as the function's own role: without the grant there are none. */
  get #mayLog(): boolean {
    const resource = this.#cloud.arn('logs', `log-group:${this.settings.logGroupName}:*`);
    return ['logs:CreateLogStream', 'logs:PutLogEvents'].every((action) =>
      this.#cloud.allowed({ principal: this.principal, action, resource }),
    );
  }

  #say(text: string, requestId: string | undefined): void {
    if (!this.#mayLog) return;
    this.#cloud.log({
      source: this.settings.name,
      time: this.#cloud.clock(),
      text,
      ...(requestId === undefined ? {} : { requestId }),
    });
  }

  #report(requestId: string, durationMs: number, outcome: Outcome): void {
    if (outcome.error) this.#say(`${outcome.error.errorType}: ${outcome.error.errorMessage}`, requestId);
    this.#say(`END RequestId: ${requestId}`, requestId);
    const billed = Math.ceil(durationMs);
    this.#say(
      `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${billed} ms\tMemory Size: ${this.settings.memoryMb} MB\tMax Memory Used: ${Math.min(usedMemoryMb(), this.settings.memoryMb)} MB`,
      requestId,
    );
    this.#count('Invocations', 1);
    this.#count('Errors', outcome.error ? 1 : 0);
    this.#count('Duration', durationMs, 'Milliseconds');
    this.#count('ConcurrentExecutions', this.#running);
  }

  #count(name: string, value: number, unit = 'Count'): void {
    const dimensions = { FunctionName: this.settings.name };
    this.#cloud.metric({ namespace: 'AWS/Lambda', name, dimensions, value, unit, time: this.#cloud.clock() });
  }
}

/** Invoke: the response has the request's limit; beyond it the function failed. */
function tooLarge({ payload }: Outcome): Outcome | undefined {
  const bytes = payload === undefined ? 0 : Buffer.byteLength(payload);
  if (bytes <= lambdaLimits.syncPayloadBytes) return undefined;
  return {
    error: {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${lambdaLimits.syncPayloadBytes} bytes).`,
      trace: [],
    },
  };
}

/** A stable UUID of a name, for things that AWS names at random but that must survive a restart here. */
export function stableUuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
