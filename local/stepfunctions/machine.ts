import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateMachine } from 'aws-local-stepfunctions';
import { AwsFailure, type Cloud } from '../kernel/types.ts';
import { statesOf, withoutDefaultTimeouts } from './definition.ts';
import { Tasks } from './tasks.ts';

export interface Execution {
  executionArn: string;
  stateMachineArn: string;
  name: string;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** Seconds since the epoch. */
  startDate: number;
  stopDate?: number;
  input: string;
  output?: string;
  error?: string;
  cause?: string;
}

/** An event as the console and the API show it. */
export interface ExecutionEvent {
  type: string;
  timestamp: number;
  stateName?: string;
  detail?: unknown;
}

interface Running {
  abort(): void;
  ended: Promise<void>;
}

/**
 * One state machine and its executions. What a finished task gave is on disk before the next state begins: after a restart an execution
 * runs again with those answers, and so goes on where it was.
 */
export class Machine {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  readonly definition: unknown;
  readonly executions = new Map<string, Execution>();
  readonly events = new Map<string, ExecutionEvent[]>();
  readonly #cloud: Cloud;
  readonly #folder: string;
  readonly #running = new Map<string, Running>();
  #closed = false;

  constructor(options: { cloud: Cloud; arn: string; name: string; roleArn: string; definition: unknown }) {
    this.#cloud = options.cloud;
    this.arn = options.arn;
    this.name = options.name;
    this.roleArn = options.roleArn;
    this.definition = options.definition;
    this.#folder = join(options.cloud.stateDir, 'stepfunctions', options.name);
    mkdirSync(this.#folder, { recursive: true });
    for (const file of readdirSync(this.#folder).filter((each) => each.endsWith('.json'))) {
      const execution = JSON.parse(readFileSync(join(this.#folder, file), 'utf8')) as Execution;
      this.executions.set(execution.name, execution);
    }
  }

  /** Goes on with what ran when this cloud ended. */
  resume(): void {
    for (const execution of this.executions.values()) if (execution.status === 'RUNNING') this.#run(execution);
  }

  /** @throws ExecutionAlreadyExists for a name in use with another input; the same request is the same execution. */
  start(name: string, input: string): Execution {
    const before = this.executions.get(name);
    if (before) {
      if (before.input === input && before.status === 'RUNNING') return before;
      throw new AwsFailure('ExecutionAlreadyExists', `Execution Already Exists: '${before.executionArn}'`);
    }
    const execution: Execution = {
      executionArn: this.#cloud.arn('states', `execution:${this.name}:${name}`),
      stateMachineArn: this.arn,
      name,
      status: 'RUNNING',
      startDate: this.#cloud.clock() / 1000,
      input,
    };
    this.executions.set(name, execution);
    this.#save(execution);
    this.#run(execution);
    return execution;
  }

  stop(name: string): void {
    this.#running.get(name)?.abort();
  }

  /** Leaves executions as they are: they go on when the cloud starts again. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#running.values()];
    for (const { abort } of running) abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  #save(execution: Execution): void {
    writeFileSync(join(this.#folder, `${execution.name}.json`), JSON.stringify(execution));
  }

  #run(execution: Execution): void {
    const tasks = new Tasks(this.#cloud, this.#cloud.assumeRole(this.roleArn, 'states.amazonaws.com', this.arn));
    const { abort, result, eventLogs } = new StateMachine(withoutDefaultTimeouts(this.definition) as never, {
      validationOptions: { checkArn: false, checkPaths: false },
    }).run(JSON.parse(execution.input), {
      overrides: { taskResourceLocalHandlers: this.#handlers(execution, tasks) },
      context: {
        Execution: {
          Id: execution.executionArn,
          Name: execution.name,
          RoleArn: this.roleArn,
          StartTime: new Date(execution.startDate * 1000).toISOString(),
        },
        StateMachine: { Id: this.arn, Name: this.name },
      },
    });
    const listening = this.#listen(execution, eventLogs as AsyncIterable<Record<string, unknown>>);
    const ended = result
      .then(
        (output) => {
          Object.assign(execution, { status: 'SUCCEEDED', output: JSON.stringify(output) });
        },
        (failure: Error) => {
          const { status, error } = outcome(failure);
          Object.assign(execution, {
            status,
            error,
            cause: String((failure.cause as Error | undefined)?.message ?? ''),
          });
        },
      )
      .then(async () => {
        tasks.close();
        await listening;
        this.#running.delete(execution.name);
        if (this.#closed) return;
        execution.stopDate = this.#cloud.clock() / 1000;
        this.#save(execution);
        const { status, error, cause } = execution;
        const text = `${this.name} ${execution.name} ${status}${error ? `: ${error} ${cause}` : ''}`;
        this.#cloud.log({ source: 'states', time: this.#cloud.clock(), text });
        this.#count(status === 'SUCCEEDED' ? 'ExecutionsSucceeded' : 'ExecutionsFailed');
      });
    this.#count('ExecutionsStarted');
    this.#running.set(execution.name, { abort, ended });
  }

  #count(name: string): void {
    this.#cloud.metric({
      namespace: 'AWS/States',
      name,
      dimensions: { StateMachineArn: this.arn },
      value: 1,
      unit: 'Count',
      time: this.#cloud.clock(),
    });
  }

  async #listen(execution: Execution, logs: AsyncIterable<Record<string, unknown>>): Promise<void> {
    const events: ExecutionEvent[] = [];
    this.events.set(execution.name, events);
    for await (const { type, timestamp, state, Error: error, Cause: cause } of logs) {
      const stateName = (state as { name?: string } | undefined)?.name;
      events.push({
        type: String(type),
        timestamp: Number(timestamp) / 1000,
        ...(stateName === undefined ? {} : { stateName }),
        ...(error === undefined ? {} : { detail: { error, cause: String(cause) } }),
      });
    }
  }

  /** Tasks by state name, each answer kept by its input and its turn. */
  #handlers(execution: Execution, tasks: Tasks) {
    const file = join(this.#folder, `${execution.name}.tasks`);
    const known = new Map<string, unknown>();
    if (existsSync(file)) {
      for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
        const { key, output } = parsedLine(line) ?? {};
        if (key !== undefined) known.set(key, output);
      }
    }
    const turns = new Map<string, number>();
    const handlers: Record<string, (input: unknown) => Promise<never>> = {};
    for (const [name, state] of statesOf(this.definition)) {
      if (state.Type !== 'Task') continue;
      const resource = String(state.Resource).replace(/^arn:aws:states:::/, '');
      handlers[name] = async (input: unknown) => {
        const asked = `${name} ${createHash('sha256').update(JSON.stringify(input)).digest('hex')}`;
        const turn = (turns.get(asked) ?? 0) + 1;
        turns.set(asked, turn);
        const key = `${asked} ${turn}`;
        if (known.has(key)) return known.get(key) as never;
        const output = await tasks.run(resource, input);
        appendFileSync(file, `${JSON.stringify({ key, output })}\n`);
        return output as never;
      };
    }
    return handlers;
  }
}

/** A line that a crash cut short is as if it were not there. */
function parsedLine(line: string): { key: string; output: unknown } | undefined {
  try {
    return JSON.parse(line) as { key: string; output: unknown };
  } catch {
    return undefined;
  }
}

function outcome(failure: Error): { status: Execution['status']; error: string } {
  if (failure.name === 'ExecutionAbortedError') return { status: 'ABORTED', error: '' };
  if (failure.name === 'ExecutionTimeoutError') return { status: 'TIMED_OUT', error: 'States.Timeout' };
  return { status: 'FAILED', error: (failure.cause as Error | undefined)?.name ?? failure.name };
}
