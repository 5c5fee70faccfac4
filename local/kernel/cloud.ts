import { randomUUID } from 'node:crypto';
import { Gateway, type GatewayCloud, principalName, Unreachable } from './gateway.ts';
import { PolicyDirectory } from './iam/directory.ts';
import { keyAccesses } from './iam/encryption.ts';
import { callerArn, Evaluator, type GrantUse } from './iam/evaluate.ts';
import { ResourceIndex } from './resource-index.ts';
import { Sessions } from './sessions.ts';
import {
  type Access,
  AwsFailure,
  type AwsRequest,
  type AwsService,
  type Cloud,
  type InvocationResult,
  type LogLine,
  type MetricDatum,
  type Principal,
  type Resource,
  type Shared,
} from './types.ts';

/** Answers whether a principal's network has a way to a service, and if not, why. Set by `local/network`. */
export type Reach = (access: Access, service: string) => string | undefined;

export interface CloudOptions {
  stage: string;
  stateDir: string;
  assemblyDir: string;
  portBase: number;
  region?: string;
  accountId?: string;
}

/** The running cloud: its resources, who may do what, its one endpoint and what is heard of it. */
export class LocalCloud implements Cloud, GatewayCloud {
  readonly region: string;
  readonly accountId: string;
  readonly stage: string;
  readonly stateDir: string;
  readonly assemblyDir: string;
  readonly portBase: number;
  readonly shared = {} as Shared;
  readonly policies = new PolicyDirectory();
  readonly sessions: Sessions;
  readonly #index = new ResourceIndex();
  readonly #evaluator: Evaluator;
  readonly #services = new Map<string, AwsService>();
  readonly #gateway: Gateway;
  readonly #listeners = {
    log: [] as ((line: LogLine) => void)[],
    metric: [] as ((datum: MetricDatum) => void)[],
    segment: [] as ((document: Record<string, unknown>) => void)[],
  };
  readonly events = {
    on: (kind: 'log' | 'metric' | 'segment', listener: (heard: never) => void) => {
      (this.#listeners[kind] as ((heard: never) => void)[]).push(listener);
    },
  } as Cloud['events'];
  #invoker: Cloud['invoke'] | undefined;
  #reach: Reach = () => undefined;
  #port = 0;
  readonly #refused = new Map<string, number>();

  constructor(options: CloudOptions) {
    this.region = options.region ?? 'ap-southeast-2';
    this.accountId = options.accountId ?? '000000000000';
    this.stage = options.stage;
    this.stateDir = options.stateDir;
    this.assemblyDir = options.assemblyDir;
    this.portBase = options.portBase;
    this.sessions = new Sessions(() => this.clock());
    this.#evaluator = new Evaluator({
      directory: this.policies,
      accountId: this.accountId,
      region: this.region,
      warn: (text) => this.log({ source: 'iam', time: this.clock(), text }),
    });
    this.#gateway = new Gateway(this);
  }

  /** Opens the AWS endpoint. @param port 0 for any free one. */
  async listen(port: number): Promise<void> {
    this.#port = await this.#gateway.listen(port);
  }

  async close(): Promise<void> {
    await this.#gateway.close();
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get resources(): readonly Resource[] {
    return this.#index.all;
  }

  addResource(resource: Resource): void {
    this.#index.add(resource);
  }

  resource(arnOrPhysicalId: string): Resource | undefined {
    return this.#index.find(arnOrPhysicalId);
  }

  resourcesOf(type: string): Resource[] {
    return this.#index.ofType(type);
  }

  arn(service: string, resource: string): string {
    const global = service === 'iam' || service === 'cloudfront' || service === 'route53';
    if (service === 's3') return `arn:aws:s3:::${resource}`;
    return `arn:aws:${service}:${global ? '' : this.region}:${this.accountId}:${resource}`;
  }

  setReach(reach: Reach): void {
    this.#reach = reach;
  }

  authorise(access: Access): void {
    for (const question of [access, ...keyAccesses(access, (name) => this.resource(name), this.region)]) {
      const decision = this.#evaluator.decide(question);
      if (decision.allowed) continue;
      const message = `User: ${callerArn(access.principal, this.accountId)} is not authorized to perform: ${question.action} on resource: ${question.resource} ${decision.reason}`;
      this.#note('iam', message);
      throw new AwsFailure('AccessDeniedException', message, 400);
    }
  }

  allowed(access: Access): boolean {
    const questions = [access, ...keyAccesses(access, (name) => this.resource(name), this.region)];
    return questions.every((question) => this.#evaluator.decide(question).allowed);
  }

  grantsOf(roleArn: string): GrantUse[] {
    return this.#evaluator.grantsOf(roleArn);
  }

  assumeRole(roleArn: string, service: string, sourceArn?: string): Principal {
    const decision = this.#evaluator.decideTrust(roleArn, service, sourceArn);
    if (decision.allowed) return { kind: 'role', roleArn };
    const message = `${service} may not assume ${roleArn} ${decision.reason}`;
    this.#note('iam', message);
    throw new AwsFailure('AccessDeniedException', message, 403);
  }

  /** Why an access cannot reach a service over the principal's network; undefined if it can. */
  obstacle(access: Access, signingName: string): string | undefined {
    return this.#reach(access, signingName);
  }

  /** Whether an endpoint policy lets an access through; used by `local/network`. */
  allowedBy(statements: Parameters<Evaluator['decideByPolicy']>[0], access: Access): boolean {
    return this.#evaluator.decideByPolicy(statements, access);
  }

  credentials(principal: Principal, options: { lifeMs?: number } = {}) {
    const { accessKeyId, secretAccessKey, sessionToken } = this.sessions.open(principal, options.lifeMs);
    return { accessKeyId, secretAccessKey, sessionToken };
  }

  addService(service: AwsService): void {
    for (const name of service.signingNames) this.#services.set(name, service);
  }

  service(signingName: string): AwsService | undefined {
    return this.#services.get(signingName);
  }

  admit(service: AwsService, signingName: string, request: AwsRequest): void {
    const questions = service.access(request);
    const first = questions[0] ?? { action: `${signingName}:*`, resource: '*' };
    for (const question of questions.length > 0 ? questions : [first]) {
      const access: Access = { principal: request.principal, ...question };
      const obstacle = this.#reach(access, signingName);
      if (obstacle) {
        this.#note('network', `${principalName(request.principal)} cannot reach ${signingName}: ${obstacle}`);
        throw new Unreachable(obstacle);
      }
      if (questions.length > 0) this.authorise(access);
    }
  }

  async call(principal: Principal, signingName: string, target: string, body: unknown): Promise<unknown> {
    const service = this.service(signingName);
    if (!service) throw new AwsFailure('UnknownOperationException', `There is no local service ${signingName}.`, 501);
    const request: AwsRequest = {
      method: 'POST',
      url: new URL('http://localhost/'),
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': target,
        'x-amz-date': '20000101T000000Z',
        // Emulators behind the gateway read the region from the scope; nobody checks this signature.
        authorization: `AWS4-HMAC-SHA256 Credential=LOCAL/20000101/${this.region}/${signingName}/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: Buffer.from(JSON.stringify(body)),
      target: target.split('.').at(-1),
      principal,
      requestId: randomUUID(),
    };
    this.admit(service, signingName, request);
    const answer = await service.answer(request);
    const text = answer.body?.toString() ?? '';
    const parsed: unknown = text === '' ? undefined : JSON.parse(text);
    if (answer.status < 300) return parsed;
    const { __type, message } = (parsed ?? {}) as { __type?: string; message?: string };
    throw new AwsFailure(
      __type?.split('#').at(-1) ?? 'InternalFailure',
      message ?? `status ${answer.status}`,
      answer.status,
    );
  }

  async invoke(
    functionArn: string,
    event: unknown,
    as: Principal,
    options?: { async?: boolean },
  ): Promise<InvocationResult> {
    this.authorise({ principal: as, action: 'lambda:InvokeFunction', resource: functionArn });
    if (!this.#invoker) throw new AwsFailure('ServiceException', 'No part of the local cloud runs functions.', 500);
    return this.#invoker(functionArn, event, as, options);
  }

  setInvoker(invoker: Cloud['invoke']): void {
    this.#invoker = invoker;
  }

  log(line: LogLine): void {
    for (const listener of this.#listeners.log) listener(line);
  }

  metric(datum: MetricDatum): void {
    for (const listener of this.#listeners.metric) listener(datum);
  }

  segment(document: Record<string, unknown>): void {
    for (const listener of this.#listeners.segment) listener(document);
  }

  clock(): number {
    return Date.now();
  }

  /** Says a refusal once a minute, so that a retry loop does not flood the log. */
  #note(source: string, text: string): void {
    const now = this.clock();
    if (now - (this.#refused.get(text) ?? 0) < 60_000) return;
    if (this.#refused.size > 1000) this.#refused.clear();
    this.#refused.set(text, now);
    this.log({ source, time: now, text });
  }
}
