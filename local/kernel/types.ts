import type { IncomingHttpHeaders } from 'node:http';

/** A resource of the cloud assembly with its intrinsics resolved, ready to be created. */
export interface PendingResource {
  stack: string;
  logicalId: string;
  /** CDK construct path, from `aws:cdk:path`; empty if absent. */
  path: string;
  type: string;
  properties: Record<string, unknown>;
}

export interface Resource extends PendingResource {
  /** What `Ref` gives. */
  physicalId: string;
  /** What `Fn::GetAtt` gives, by attribute name (`Arn`, `Endpoint.Address`). */
  attributes: Record<string, unknown>;
}

/** Creates every resource of some CloudFormation types. Runs at each boot: creation is idempotent, state is in `cloud.stateDir`. */
export interface Provider {
  /**
   * CloudFormation types, each with the top-level properties this provider acts on (`'*'`: all of them) and those it
   * knowingly passes over with the reason; any other property present in a template is listed at start-up.
   */
  readonly types: Readonly<
    Record<string, { honours: readonly string[] | '*'; passesOver?: Readonly<Record<string, string>> }>
  >;
  create(
    resource: PendingResource,
    cloud: Cloud,
  ): Promise<{ physicalId: string; attributes?: Record<string, unknown> }>;
  /** Called once after every resource exists, in provider order: start pollers, listeners, schedules. */
  start?(cloud: Cloud): Promise<void>;
  /** Called on shutdown, in reverse order. */
  stop?(): Promise<void>;
}

/** Who makes a call: a role (with the VPC placement of the function behind it), an AWS service, or the operator at the keyboard. */
export type Principal =
  | {
      kind: 'role';
      roleArn: string;
      functionName?: string;
      vpcSubnetIds?: readonly string[];
      securityGroupIds?: readonly string[];
    }
  | { kind: 'service'; service: string; sourceArn?: string; sourceAccount?: string }
  | { kind: 'operator' };

/** One authorisation question. `resource` is an ARN, or `*` for actions without resource-level permissions. */
export interface Access {
  principal: Principal;
  action: string;
  resource: string;
  context?: Readonly<Record<string, string | readonly string[]>>;
}

/** A request that reached the AWS endpoint, body read whole. */
export interface AwsRequest {
  method: string;
  /** Path and query as sent. */
  url: URL;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** From `X-Amz-Target`, after the dot, for the JSON protocols; otherwise undefined. */
  target: string | undefined;
  principal: Principal;
  requestId: string;
}

export interface AwsResponse {
  status: number;
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/** Answers the SDK calls of one AWS service; `signingNames` are credential-scope service names (`kinesis`, `dynamodb`, …). */
export interface AwsService {
  readonly signingNames: readonly string[];
  /** What must be allowed for this request; the gateway asks before `answer` is called. Empty: nothing to authorise. */
  access(request: AwsRequest): readonly { action: string; resource: string; context?: Access['context'] }[];
  answer(request: AwsRequest): Promise<AwsResponse>;
  /** The service's own wire form of an error; default: AWS JSON 1.1 `{ __type, message }`. */
  error?(failure: AwsFailure, request: AwsRequest): AwsResponse;
}

/** An error with the service's own code, as the SDK will name it (`ProvisionedThroughputExceededException`). */
export class AwsFailure extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}

/** What a Lambda invocation came to. */
export interface InvocationResult {
  /** Parsed from what the handler returned; undefined for void. */
  payload: unknown;
  /** `Unhandled` or `Handled` and the error payload when the handler threw, timed out or exited. */
  functionError?: { errorType: string; errorMessage: string; trace?: readonly string[] };
  requestId: string;
  durationMs: number;
}

export interface LogLine {
  /** Function name, or the part of the cloud that speaks (`iot`, `kinesis`). */
  source: string;
  requestId?: string;
  time: number;
  text: string;
}

/** The running cloud, as providers and services see it. */
export interface Cloud {
  readonly region: string;
  readonly accountId: string;
  readonly stage: string;
  /** Absolute; each service keeps its state in a folder of its own below. */
  readonly stateDir: string;
  /** Absolute path of the cloud assembly. */
  readonly assemblyDir: string;
  readonly portBase: number;
  /** `http://127.0.0.1:<port>`, the one AWS endpoint. */
  readonly endpoint: string;
  readonly resources: readonly Resource[];
  resource(arnOrPhysicalId: string): Resource | undefined;
  resourcesOf(type: string): Resource[];
  arn(service: string, resource: string): string;

  /** Throws AwsFailure('AccessDeniedException') unless the principal's policies (and the resource's) allow it. */
  authorise(access: Access): void;
  allowed(access: Access): boolean;
  /** What a role's own policies allow, and which of it has been made use of. */
  grantsOf(roleArn: string): { sid: string; used: boolean }[];
  /** A role as used by an AWS service (`iot.amazonaws.com`); throws AwsFailure unless the role's trust policy lets the service assume it. */
  assumeRole(roleArn: string, service: string, sourceArn?: string): Principal;
  /** Temporary credentials that the gateway maps back to the principal; they last as long as this process, or `lifeMs`. */
  credentials(
    principal: Principal,
    options?: { lifeMs?: number },
  ): { accessKeyId: string; secretAccessKey: string; sessionToken: string };

  addService(service: AwsService): void;
  /** In-process call of another emulated service as a principal, authorised like a call from outside. */
  call(principal: Principal, signingName: string, target: string, body: unknown): Promise<unknown>;
  /** Authorised by the caller's identity policy or the function's resource policy. */
  invoke(functionArn: string, event: unknown, as: Principal, options?: { async?: boolean }): Promise<InvocationResult>;
  /** Set by the Lambda provider. */
  setInvoker(invoker: Cloud['invoke']): void;

  /** Values other parts of the runtime publish to each other (typed by `Shared` augmentation in the publisher's file). */
  readonly shared: Shared;

  log(line: LogLine): void;
  /** Parsed EMF or service metrics. Dimensions are one set. */
  metric(datum: MetricDatum): void;
  /** X-Ray segment or subsegment document. */
  segment(document: Record<string, unknown>): void;
  readonly events: CloudEvents;
  clock(): number;
}

export interface MetricDatum {
  namespace: string;
  name: string;
  dimensions: Readonly<Record<string, string>>;
  value: number;
  unit?: string;
  time: number;
  /** High resolution: kept by the second, else by the minute. */
  highResolution?: boolean;
}

// biome-ignore lint/suspicious/noEmptyInterface: augmented by the files that publish a value.
export interface Shared {}

export interface CloudEvents {
  on(kind: 'log', listener: (line: LogLine) => void): void;
  on(kind: 'metric', listener: (datum: MetricDatum) => void): void;
  on(kind: 'segment', listener: (document: Record<string, unknown>) => void): void;
}
