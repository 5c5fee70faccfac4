import { AwsFailure, type AwsRequest, type AwsResponse, type AwsService, type Cloud } from '../kernel/types.ts';
import type { Functions } from './functions.ts';

const INVOKE = /^\/2015-03-31\/functions\/([^/]+)\/invocations\/?$/;
const FUNCTION = /^\/2015-03-31\/functions\/([^/]+)(\/configuration)?\/?$/;
const FUNCTIONS = /^\/2015-03-31\/functions\/?$/;
const MAPPINGS = /^\/2015-03-31\/event-source-mappings\/?$/;
const MAPPING = /^\/2015-03-31\/event-source-mappings\/([^/]+)\/?$/;

/** Answers the SDK calls of Lambda (REST JSON): Invoke, and reading functions and event-source mappings. */
export class LambdaService implements AwsService {
  readonly signingNames = ['lambda'];
  readonly #cloud: Cloud;
  readonly #functions: Functions;

  constructor(cloud: Cloud, functions: Functions) {
    this.#cloud = cloud;
    this.#functions = functions;
  }

  access({ method, url }: AwsRequest) {
    const path = url.pathname;
    const invoked = INVOKE.exec(path);
    if (invoked && method === 'POST') return [{ action: 'lambda:InvokeFunction', resource: this.#arn(invoked[1]) }];
    const named = FUNCTION.exec(path);
    if (named && method === 'GET')
      return [
        { action: named[2] ? 'lambda:GetFunctionConfiguration' : 'lambda:GetFunction', resource: this.#arn(named[1]) },
      ];
    if (FUNCTIONS.test(path)) return [{ action: 'lambda:ListFunctions', resource: '*' }];
    if (MAPPINGS.test(path)) return [{ action: 'lambda:ListEventSourceMappings', resource: '*' }];
    const mapping = MAPPING.exec(path);
    if (mapping)
      return [
        {
          action: 'lambda:GetEventSourceMapping',
          resource: this.#cloud.arn('lambda', `event-source-mapping:${mapping[1]}`),
        },
      ];
    throw unknownOperation(method, path);
  }

  async answer(request: AwsRequest): Promise<AwsResponse> {
    const path = request.url.pathname;
    const invoked = INVOKE.exec(path);
    if (invoked && request.method === 'POST') return this.#invoke(this.#arn(invoked[1]), request);
    if (request.method !== 'GET') throw unknownOperation(request.method, path);
    const named = FUNCTION.exec(path);
    if (named) {
      const configuration = this.#configuration(this.#arn(named[1]));
      return json(
        named[2] ? configuration : { Configuration: configuration, Code: { RepositoryType: 'S3' }, Tags: {} },
      );
    }
    if (FUNCTIONS.test(path))
      return json({ Functions: this.#functions.all().map(({ settings }) => this.#configuration(settings.arn)) });
    const states = this.#functions.mappings().map(mappingState);
    if (MAPPINGS.test(path)) return json({ EventSourceMappings: states });
    const found = states.find(({ UUID }) => UUID === MAPPING.exec(path)?.[1]);
    if (!found) throw new AwsFailure('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
    return json(found);
  }

  error(failure: AwsFailure): AwsResponse {
    return {
      status: failure.status,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': failure.code },
      body: JSON.stringify({ Type: 'User', Message: failure.message, message: failure.message }),
    };
  }

  async #invoke(arn: string, request: AwsRequest): Promise<AwsResponse> {
    const event = request.body.length === 0 ? '{}' : request.body.toString();
    try {
      JSON.parse(event);
    } catch (failure) {
      throw new AwsFailure(
        'InvalidRequestContentException',
        `Could not parse request body into json: ${(failure as Error).message}`,
      );
    }
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    if (type === 'DryRun') return { status: 204 };
    if (type === 'Event') {
      this.#functions.invokeAsync(arn, event);
      return { status: 202, body: '' };
    }
    const result = await this.#functions.invoke(arn, event);
    const payload = result.functionError ?? result.payload ?? null;
    return {
      status: 200,
      headers: {
        'content-type': 'application/json',
        'x-amz-executed-version': '$LATEST',
        ...(result.functionError ? { 'x-amz-function-error': 'Unhandled' } : {}),
      },
      body: JSON.stringify(payload),
    };
  }

  #arn(name: string | undefined): string {
    const decoded = decodeURIComponent(name ?? '');
    return decoded.startsWith('arn:') ? decoded : this.#cloud.arn('lambda', `function:${decoded}`);
  }

  #configuration(arn: string) {
    const { settings } = this.#functions.get(arn);
    return {
      FunctionName: settings.name,
      FunctionArn: settings.arn,
      Role: settings.roleArn,
      Runtime: settings.runtime,
      Handler: settings.handler,
      Timeout: settings.timeoutMs / 1000,
      MemorySize: settings.memoryMb,
      State: 'Active',
      LastUpdateStatus: 'Successful',
      PackageType: 'Zip',
      Version: '$LATEST',
      Environment: { Variables: settings.variables },
      TracingConfig: { Mode: settings.tracing ? 'Active' : 'PassThrough' },
    };
  }
}

const mappingState = (mapping: ReturnType<Functions['mappings']>[number]) => ({
  UUID: mapping.uuid,
  EventSourceArn: mapping.eventSourceArn,
  FunctionArn: mapping.functionArn,
  BatchSize: mapping.batchSize,
  State: mapping.state,
  LastProcessingResult: mapping.lastResult,
});

const json = (document: unknown): AwsResponse => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(document),
});

const unknownOperation = (method: string, path: string) =>
  new AwsFailure('UnknownOperationException', `lambda: ${method} ${path} is not emulated`, 404);
