import { listAt, textAt } from '../kernel/properties.ts';
import { AwsFailure, type AwsRequest, type AwsResponse, type AwsService, type Cloud } from '../kernel/types.ts';
import { wireError } from '../kernel/wire-errors.ts';
import type { Endpoints } from './endpoints.ts';
import { imageAt } from './image.ts';
import type { Registry } from './registry.ts';
import type { Document, SageMakerState } from './state.ts';
import type { Training } from './training.ts';

const INVOCATIONS = /^\/endpoints\/([^/]+)\/invocations$/;
/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html; serverless: https://docs.aws.amazon.com/general/latest/gr/sagemaker.html */
const MAX_BODY_BYTES = 25 * 1024 * 1024;
const MAX_SERVERLESS_BYTES = 4 * 1024 * 1024;

export interface Parts {
  cloud: Cloud;
  state: SageMakerState;
  training: Training;
  endpoints: Endpoints;
  registry: Registry;
}

interface Operation {
  /** Resource of `sagemaker:<operation>`, after the account. */
  resource(input: Document): string;
  /** A role that the request hands to SageMaker. */
  passes?: string;
  answer(input: Document, parts: Parts): Document;
}

const endpointOf = (input: Document) => `endpoint/${lower(input.EndpointName)}`;
const jobOf = (input: Document) => `training-job/${lower(input.TrainingJobName)}`;
// SageMaker writes names in ARNs in lower case.
const lower = (name: unknown) => String(name).toLowerCase();
const packageOf = (input: Document) =>
  String(input.ModelPackageArn ?? input.ModelPackageName)
    .split(':')
    .slice(5)
    .join(':');

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateTrainingJob: {
    resource: jobOf,
    passes: 'RoleArn',
    answer: (input, { training }) => training.create(input),
  },
  DescribeTrainingJob: {
    resource: jobOf,
    answer: (input, { training }) => training.describe(String(input.TrainingJobName)),
  },
  StopTrainingJob: {
    resource: jobOf,
    answer(input, { training }) {
      training.stop(String(input.TrainingJobName));
      return {};
    },
  },
  CreateModel: {
    resource: (input) => `model/${lower(input.ModelName)}`,
    passes: 'ExecutionRoleArn',
    answer: createModel,
  },
  CreateEndpointConfig: {
    resource: (input) => `endpoint-config/${lower(input.EndpointConfigName)}`,
    answer: createConfig,
  },
  UpdateEndpoint: {
    resource: endpointOf,
    answer: (input, { endpoints }) =>
      endpoints.update(String(input.EndpointName), String(input.EndpointConfigName), input.DeploymentConfig),
  },
  DescribeEndpoint: {
    resource: endpointOf,
    answer: (input, { endpoints }) => endpoints.describe(String(input.EndpointName)),
  },
  DescribeEndpointConfig: {
    resource: (input) => `endpoint-config/${lower(input.EndpointConfigName)}`,
    answer(input, { state }) {
      const found = state.kept.configs[String(input.EndpointConfigName)];
      if (!found) throw new AwsFailure('ValidationException', 'Could not find endpoint configuration.');
      return found;
    },
  },
  CreateModelPackage: {
    resource: (input) => `model-package/${lower(input.ModelPackageGroupName)}/*`,
    answer: (input, { registry }) => registry.create(input),
  },
  UpdateModelPackage: { resource: packageOf, answer: (input, { registry }) => registry.update(input) },
  DescribeModelPackage: {
    resource: packageOf,
    answer: (input, { registry }) => registry.describe(String(input.ModelPackageName)),
  },
  ListModelPackages: {
    resource: () => '*',
    answer: (input, { registry }) => ({
      ModelPackageSummaryList: registry
        .list(String(input.ModelPackageGroupName))
        .slice(0, Number(input.MaxResults ?? 100)),
    }),
  },
};

function createModel(input: Document, { state, cloud }: Parts): Document {
  const name = String(input.ModelName);
  const arn = cloud.arn('sagemaker', `model/${lower(name)}`);
  if (state.kept.models[name])
    throw new AwsFailure('ValidationException', `Cannot create already existing model "${arn}".`);
  imageAt(String(textAt(input, 'PrimaryContainer', 'Image')), cloud.assemblyDir);
  cloud.assumeRole(String(input.ExecutionRoleArn), 'sagemaker.amazonaws.com');
  state.kept.models[name] = { ...input, ModelArn: arn, CreationTime: cloud.clock() / 1000 };
  state.save();
  return { ModelArn: arn };
}

function createConfig(input: Document, { state, cloud }: Parts): Document {
  const name = String(input.EndpointConfigName);
  const arn = cloud.arn('sagemaker', `endpoint-config/${lower(name)}`);
  if (state.kept.configs[name])
    throw new AwsFailure('ValidationException', `Cannot create already existing endpoint configuration "${arn}".`);
  for (const variant of listAt(input, 'ProductionVariants')) {
    const model = String(textAt(variant, 'ModelName'));
    if (!state.kept.models[model]) throw new AwsFailure('ValidationException', `Could not find model "${model}".`);
  }
  state.kept.configs[name] = { ...input, EndpointConfigArn: arn, CreationTime: cloud.clock() / 1000 };
  state.save();
  return { EndpointConfigArn: arn };
}

/** SageMaker's control plane (JSON 1.1) and runtime (REST), which sign as one service. Anything else is refused by name. */
export function sageMakerService(parts: () => Parts): AwsService {
  const inputOf = (request: AwsRequest): Document => JSON.parse(request.body.toString() || '{}') as Document;
  return {
    signingNames: ['sagemaker'],
    access(request) {
      const { cloud } = parts();
      const invoked = INVOCATIONS.exec(request.url.pathname)?.[1];
      if (invoked !== undefined) {
        const resource = cloud.arn('sagemaker', `endpoint/${decodeURIComponent(invoked).toLowerCase()}`);
        return [{ action: 'sagemaker:InvokeEndpoint', resource }];
      }
      const operation = OPERATIONS[request.target ?? ''];
      if (!operation) throw new AwsFailure('UnknownOperationException', `sagemaker:${request.target} is not emulated.`);
      const input = inputOf(request);
      const name = operation.resource(input);
      const questions = [
        { action: `sagemaker:${request.target}`, resource: name === '*' ? '*' : cloud.arn('sagemaker', name) },
      ];
      if (operation.passes === undefined) return questions;
      const context = { 'iam:PassedToService': 'sagemaker.amazonaws.com' };
      return [...questions, { action: 'iam:PassRole', resource: String(input[operation.passes]), context }];
    },
    async answer(request) {
      const invoked = INVOCATIONS.exec(request.url.pathname)?.[1];
      if (invoked !== undefined) return invoke(decodeURIComponent(invoked), request, parts());
      const operation = OPERATIONS[request.target ?? ''] as Operation;
      return { status: 200, body: JSON.stringify(operation.answer(inputOf(request), parts())) };
    },
    error: (failure, request) => wireError(failure, 'sagemaker', request),
  };
}

async function invoke(name: string, request: AwsRequest, { endpoints, state }: Parts): Promise<AwsResponse> {
  const config = state.kept.configs[String(state.kept.endpoints[name]?.EndpointConfigName)];
  const serverless = listAt(config, 'ProductionVariants').some((variant) => (variant as Document).ServerlessConfig);
  if (request.body.length > (serverless ? MAX_SERVERLESS_BYTES : MAX_BODY_BYTES))
    throw new AwsFailure('ValidationError', 'The request body is larger than the endpoint takes.', 413);
  const answer = await endpoints.invoke(name, {
    body: request.body,
    contentType: String(request.headers['content-type'] ?? 'application/octet-stream'),
    accept: String(request.headers['x-amzn-sagemaker-accept'] ?? request.headers.accept ?? '*/*'),
  });
  if (answer.status >= 400) {
    const text = answer.body.toString();
    return {
      status: 424,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'ModelError' },
      body: JSON.stringify({
        Message: `Received error (${answer.status}) from primary with message "${text}".`,
        OriginalMessage: text,
        OriginalStatusCode: answer.status,
      }),
    };
  }
  return {
    status: 200,
    headers: {
      'content-type': answer.headers['content-type'] ?? 'application/json',
      'x-amzn-invoked-production-variant': answer.variant,
      'x-model-version': answer.headers['x-model-version'] ?? '',
    },
    body: answer.body,
  };
}
