import { at, listAt, textAt } from '../kernel/properties.ts';
import { AwsFailure, type Cloud, type Principal } from '../kernel/types.ts';

/** Largest input or output of a state. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const MAX_BYTES = 256 * 1024;
const POLL_MS = 500;

/** A task's failure under the name that Retry and Catch match. */
class TaskFailure extends Error {
  constructor(name: string, cause: string) {
    super(cause);
    this.name = name;
  }
}

/** Runs the task states of one machine as its role. */
export class Tasks {
  readonly #cloud: Cloud;
  readonly #principal: Principal;
  #closed = false;

  constructor(cloud: Cloud, principal: Principal) {
    this.#cloud = cloud;
    this.#principal = principal;
  }

  /** @param resource after `arn:aws:states:::`. @throws TaskFailure. */
  async run(resource: string, input: unknown): Promise<unknown> {
    this.#checkSize(input);
    const output = (await this.#call(resource, input).catch(asTaskFailure)) ?? {};
    this.#checkSize(output);
    return output;
  }

  /** Waits no longer for what others do. */
  close(): void {
    this.#closed = true;
  }

  #checkSize(value: unknown): void {
    if (Buffer.byteLength(JSON.stringify(value) ?? '') > MAX_BYTES)
      throw new TaskFailure('States.DataLimitExceeded', `The payload exceeds ${MAX_BYTES} bytes.`);
  }

  async #call(resource: string, input: unknown): Promise<unknown> {
    const [service = '', ...rest] = resource.split(':');
    if (resource === 'lambda:invoke') return this.#invoke(input);
    if (resource === 'sns:publish') return this.#publish(input);
    if (resource === 'sagemaker:createTrainingJob.sync') return this.#train(input);
    if (resource === 'states:startExecution') return this.#start(input);
    const [api, action] = service === 'aws-sdk' ? (rest as [string, string]) : [service, rest[0] as string];
    const { signingName, prefix } = APIS[api] as (typeof APIS)[string];
    const operation = action[0]?.toUpperCase() + action.slice(1);
    return this.#cloud.call(this.#principal, signingName, `${prefix}.${operation}`, input);
  }

  async #invoke(input: unknown): Promise<unknown> {
    const name = String(textAt(input, 'FunctionName'));
    const arn = name.startsWith('arn:') ? name : this.#cloud.arn('lambda', `function:${name}`);
    const { payload, functionError } = await this.#cloud.invoke(arn, at(input, 'Payload') ?? {}, this.#principal);
    if (functionError) throw new TaskFailure(functionError.errorType, JSON.stringify(functionError));
    return { ExecutedVersion: '$LATEST', Payload: payload ?? null, StatusCode: 200 };
  }

  async #start(input: unknown): Promise<unknown> {
    try {
      return await this.#cloud.call(this.#principal, 'states', 'AWSStepFunctions.StartExecution', {
        stateMachineArn: textAt(input, 'StateMachineArn'),
        name: textAt(input, 'Name'),
        input: JSON.stringify(at(input, 'Input') ?? {}),
      });
    } catch (failure) {
      // Optimised integrations prefix the exception with the service.
      if (failure instanceof AwsFailure)
        throw new TaskFailure(`StepFunctions.${failure.code}Exception`, failure.message);
      throw failure;
    }
  }

  #publish(input: unknown): unknown {
    const topic = String(textAt(input, 'TopicArn'));
    this.#cloud.authorise({ principal: this.#principal, action: 'sns:Publish', resource: topic });
    const message = at(input, 'Message');
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.#cloud.shared.publish?.(topic, textAt(input, 'Subject') ?? '', text);
    return { MessageId: crypto.randomUUID() };
  }

  /** `.sync` waits for the job; the service learns of its end by a managed rule, here by asking as the same role. */
  async #train(input: unknown): Promise<unknown> {
    const TrainingJobName = String(textAt(input, 'TrainingJobName'));
    const ask = (operation: string, body: unknown) =>
      this.#cloud.call(this.#principal, 'sagemaker', `SageMaker.${operation}`, body);
    await ask('CreateTrainingJob', input).catch((failure: unknown) => {
      // After a restart of this cloud the task runs again: the job it made then is its own.
      if (!(failure instanceof AwsFailure && failure.code === 'ResourceInUse')) throw failure;
    });
    for (;;) {
      if (this.#closed) throw new TaskFailure('States.Runtime', 'The local cloud stopped.');
      const job = await ask('DescribeTrainingJob', { TrainingJobName });
      const status = textAt(job, 'TrainingJobStatus');
      if (status === 'Completed') return job;
      if (status === 'Failed' || status === 'Stopped') throw new TaskFailure('States.TaskFailed', JSON.stringify(job));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

const APIS: Readonly<Record<string, { signingName: string; prefix: string }>> = {
  sagemaker: { signingName: 'sagemaker', prefix: 'SageMaker' },
  ssm: { signingName: 'ssm', prefix: 'AmazonSSM' },
  dynamodb: { signingName: 'dynamodb', prefix: 'DynamoDB_20120810' },
  sfn: { signingName: 'states', prefix: 'AWSStepFunctions' },
};

function asTaskFailure(failure: unknown): never {
  if (failure instanceof TaskFailure) throw failure;
  if (failure instanceof AwsFailure) throw new TaskFailure(failure.code, failure.message);
  throw new TaskFailure('States.Runtime', failure instanceof Error ? failure.message : String(failure));
}

/** What `.sync` needs to be told of a job's end. https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html */
export function managedRuleGrants(cloud: Cloud, resources: readonly string[]): { action: string; resource: string }[] {
  if (!resources.some((resource) => resource.endsWith('.sync'))) return [];
  const rule = cloud.arn('events', 'rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule');
  return listAt(['events:PutTargets', 'events:PutRule', 'events:DescribeRule']).map((action) => ({
    action: String(action),
    resource: rule,
  }));
}
