import { generateKeyPair, randomUUID, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { AwsFailure, type AwsRequest, type AwsResponse, type AwsService, type Cloud } from '../kernel/types.ts';
import type { Authority } from '../pki/authority.ts';
import type { PolicyDocument } from './policy.ts';
import { type CertificateStatus, notFound, type RegisteredCertificate, type Registry } from './registry.ts';

interface Call {
  /** Path parameters, decoded. */
  path: string[];
  query: URLSearchParams;
  body: Record<string, unknown>;
  /** `x-amzn-principal`, of thing and principal calls. */
  principal: string;
}

interface Operation {
  action: string;
  method: string;
  path: RegExp;
  /** ARN suffix that the caller needs the action on; `*` where IoT has no resource-level permission. */
  resource(call: Call): string;
  changes: boolean;
  run(call: Call): unknown;
}

export interface ControlPlaneOptions {
  cloud: Cloud;
  registry: Registry;
  authority: Authority;
  /** `host:port` of the device gateway. */
  address: string;
  publish(topic: string, payload: Buffer, qos: 0 | 1, retain: boolean): Promise<void>;
}

const STATUSES: readonly string[] = ['ACTIVE', 'INACTIVE', 'REVOKED'];
const NAME = '([^/]+)';

/** The IoT API (REST JSON) that provisioning uses, and `Publish` of the data plane. */
export class ControlPlane implements AwsService {
  readonly signingNames = ['iot', 'iotdata', 'iotdevicegateway'];
  readonly #options: ControlPlaneOptions;
  readonly #operations: Operation[];

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#operations = [...this.#things(), ...this.#certificates(), ...this.#policies(), ...this.#data()];
  }

  access(request: AwsRequest) {
    const { operation, call } = this.#find(request);
    const suffix = operation.resource(call);
    const resource = suffix === '*' || suffix.startsWith('arn:') ? suffix : this.#options.cloud.arn('iot', suffix);
    return [{ action: `iot:${operation.action}`, resource }];
  }

  async answer(request: AwsRequest): Promise<AwsResponse> {
    const { operation, call } = this.#find(request);
    const result = await operation.run(call);
    if (operation.changes) await this.#options.registry.save();
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(result ?? {}) };
  }

  error(failure: AwsFailure): AwsResponse {
    return {
      status: failure.status === 400 && failure.code === 'AccessDeniedException' ? 403 : failure.status,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': failure.code },
      body: JSON.stringify({ message: failure.message }),
    };
  }

  #find(request: AwsRequest): { operation: Operation; call: Call } {
    const path = request.url.pathname;
    for (const operation of this.#operations) {
      const match = operation.method === request.method && operation.path.exec(path);
      if (!match) continue;
      const isPublish = operation.action === 'Publish';
      const call = {
        path: match.slice(1).map((part) => decodeURIComponent(part)),
        query: request.url.searchParams,
        body: isPublish ? { payload: request.body } : parseBody(request.body),
        principal: String(request.headers['x-amzn-principal'] ?? ''),
      };
      return { operation, call };
    }
    throw new AwsFailure('UnknownOperationException', `IoT ${request.method} ${path} is not emulated`, 404);
  }

  #things(): Operation[] {
    const { registry, cloud } = this.#options;
    const arn = (name: string) => cloud.arn('iot', `thing/${name}`);
    const named = ({ path: [name = ''] }: Call) => `thing/${name}`;
    const at = new RegExp(`^/things/${NAME}$`);
    const principals = new RegExp(`^/things/${NAME}/principals$`);
    return [
      {
        ...{ action: 'CreateThing', method: 'POST', path: at, resource: named, changes: true },
        run: ({ path: [thingName = ''], body }) => {
          const wanted =
            (body.attributePayload as { attributes?: Record<string, string> } | undefined)?.attributes ?? {};
          const known = registry.things.get(thingName);
          if (known && JSON.stringify(known.attributes) !== JSON.stringify(wanted)) {
            throw new AwsFailure(
              'ResourceAlreadyExistsException',
              `Thing ${thingName} exists with other attributes`,
              409,
            );
          }
          const typeName = body.thingTypeName as string | undefined;
          const fresh = { thingName, thingId: randomUUID(), attributes: wanted, principals: [], version: 1 };
          const thing = known ?? { ...fresh, ...(typeName && { thingTypeName: typeName }) };
          registry.things.set(thingName, thing);
          return { thingName, thingArn: arn(thingName), thingId: thing.thingId };
        },
      },
      {
        ...{ action: 'DescribeThing', method: 'GET', path: at, resource: named, changes: false },
        run: ({ path: [name = ''] }) => {
          const { principals: _, ...thing } = registry.thing(name);
          return { ...thing, thingArn: arn(name), defaultClientId: name };
        },
      },
      {
        ...{ action: 'DeleteThing', method: 'DELETE', path: at, resource: named, changes: true },
        run: ({ path: [name = ''] }) => {
          if ((registry.things.get(name)?.principals.length ?? 0) > 0) {
            throw new AwsFailure('InvalidRequestException', `Thing ${name} has principals attached`, 400);
          }
          registry.things.delete(name);
        },
      },
      {
        ...{ action: 'ListThings', method: 'GET', path: /^\/things$/, resource: () => '*', changes: false },
        run: ({ query }) =>
          page([...registry.things.values()], query, 'things', ({ principals: _, ...thing }) => ({
            ...thing,
            thingArn: arn(thing.thingName),
          })),
      },
      {
        ...{ action: 'AttachThingPrincipal', method: 'PUT', path: principals, resource: () => '*', changes: true },
        run: ({ path: [name = ''], principal }) => {
          const certificate = this.#certificateOf(principal);
          const thing = registry.thing(name);
          if (!thing.principals.includes(certificate.certificateId)) thing.principals.push(certificate.certificateId);
          registry.changed(certificate.certificateId);
        },
      },
      {
        ...{ action: 'DetachThingPrincipal', method: 'DELETE', path: principals, resource: () => '*', changes: true },
        run: ({ path: [name = ''], principal }) => {
          const { certificateId } = this.#certificateOf(principal);
          const thing = registry.thing(name);
          thing.principals = thing.principals.filter((one) => one !== certificateId);
          registry.changed(certificateId);
        },
      },
      {
        ...{ action: 'ListThingPrincipals', method: 'GET', path: principals, resource: named, changes: false },
        run: ({ path: [name = ''] }) => ({
          principals: registry.thing(name).principals.map((id) => this.#certificateArn(id)),
        }),
      },
      {
        ...{
          action: 'ListPrincipalThings',
          method: 'GET',
          path: /^\/principals\/things$/,
          resource: () => '*',
          changes: false,
        },
        run: ({ principal }) => ({ things: this.#thingsOf(this.#certificateOf(principal)) }),
      },
      {
        ...{ action: 'DescribeEndpoint', method: 'GET', path: /^\/endpoint$/, resource: () => '*', changes: false },
        run: () => ({ endpointAddress: this.#options.address }),
      },
    ];
  }

  #certificates(): Operation[] {
    const { registry, authority, cloud } = this.#options;
    const at = new RegExp(`^/certificates/${NAME}$`);
    const named = ({ path: [id = ''] }: Call) => `cert/${id}`;
    const issued = (pem: string, query: URLSearchParams) => {
      const status = query.get('setAsActive') === 'true' ? 'ACTIVE' : 'INACTIVE';
      const { certificateId } = registry.addCertificate(pem, status, cloud.clock());
      return { certificateArn: this.#certificateArn(certificateId), certificateId, certificatePem: pem };
    };
    const summary = ({ certificateId, status, createdAt }: RegisteredCertificate) => ({
      certificateArn: this.#certificateArn(certificateId),
      certificateId,
      status,
      creationDate: createdAt / 1000,
    });
    return [
      {
        ...{
          action: 'CreateCertificateFromCsr',
          method: 'POST',
          path: /^\/certificates$/,
          resource: () => '*',
          changes: true,
        },
        run: async ({ body, query }) => {
          const signed = authority.signRequest(String(body.certificateSigningRequest));
          const pem = await signed.catch((error: Error) => {
            throw new AwsFailure('InvalidRequestException', `The certificate signing request: ${error.message}`, 400);
          });
          return issued(pem, query);
        },
      },
      {
        ...{
          action: 'CreateKeysAndCertificate',
          method: 'POST',
          path: /^\/keys-and-certificate$/,
          resource: () => '*',
          changes: true,
        },
        run: async ({ query }) => {
          const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
            modulusLength: 2048,
            publicKeyEncoding: { type: 'spki', format: 'pem' },
            privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
          });
          const certificate = issued(await authority.issueClient(publicKey), query);
          return { ...certificate, keyPair: { PublicKey: publicKey, PrivateKey: privateKey } };
        },
      },
      {
        ...{ action: 'ListCertificates', method: 'GET', path: /^\/certificates$/, resource: () => '*', changes: false },
        run: ({ query }) => page([...registry.certificates.values()], query, 'certificates', summary),
      },
      {
        ...{ action: 'DescribeCertificate', method: 'GET', path: at, resource: named, changes: false },
        run: ({ path: [id = ''] }) => {
          const certificate = registry.certificate(id);
          const { validFrom, validTo } = new X509Certificate(certificate.pem);
          const validity = { notBefore: Date.parse(validFrom) / 1000, notAfter: Date.parse(validTo) / 1000 };
          return { certificateDescription: { ...summary(certificate), certificatePem: certificate.pem, validity } };
        },
      },
      {
        ...{ action: 'UpdateCertificate', method: 'PUT', path: at, resource: named, changes: true },
        run: ({ path: [id = ''], query }) => {
          const status = query.get('newStatus') ?? '';
          if (!STATUSES.includes(status))
            throw new AwsFailure('InvalidRequestException', `Status ${status} is not settable`, 400);
          registry.certificate(id).status = status as CertificateStatus;
          registry.changed(id);
        },
      },
      {
        ...{ action: 'DeleteCertificate', method: 'DELETE', path: at, resource: named, changes: true },
        run: ({ path: [id = ''], query }) => {
          const certificate = registry.certificate(id);
          if (certificate.status === 'ACTIVE') {
            throw new AwsFailure('CertificateStateException', 'An active certificate cannot be deleted', 406);
          }
          const held = certificate.policies.length > 0 && query.get('forceDelete') !== 'true';
          if (held || this.#thingsOf(certificate).length > 0) {
            throw new AwsFailure(
              'DeleteConflictException',
              'Detach the policies and things of the certificate first',
              409,
            );
          }
          registry.certificates.delete(id);
          registry.changed(id);
        },
      },
    ];
  }

  #policies(): Operation[] {
    const { registry, cloud } = this.#options;
    const at = new RegExp(`^/policies/${NAME}$`);
    const targets = new RegExp(`^/target-policies/${NAME}$`);
    const named = ({ path: [name = ''] }: Call) => `policy/${name}`;
    const target = ({ body }: Call) => String(body.target);
    const described = (name: string) => ({ policyName: name, policyArn: cloud.arn('iot', `policy/${name}`) });
    return [
      {
        ...{ action: 'CreatePolicy', method: 'POST', path: at, resource: named, changes: true },
        run: ({ path: [name = ''], body }) => {
          if (registry.policies.has(name)) {
            throw new AwsFailure('ResourceAlreadyExistsException', `Policy ${name} exists`, 409);
          }
          registry.putPolicy(name, JSON.parse(String(body.policyDocument)) as PolicyDocument);
          return { ...described(name), policyDocument: body.policyDocument, policyVersionId: '1' };
        },
      },
      {
        ...{ action: 'GetPolicy', method: 'GET', path: at, resource: named, changes: false },
        run: ({ path: [name = ''] }) => {
          const document = registry.policies.get(name);
          if (!document) throw notFound(`Policy ${name}`);
          return { ...described(name), policyDocument: JSON.stringify(document), defaultVersionId: '1' };
        },
      },
      {
        ...{ action: 'ListPolicies', method: 'GET', path: /^\/policies$/, resource: () => '*', changes: false },
        run: ({ query }) => page([...registry.policies.keys()], query, 'policies', described),
      },
      {
        ...{ action: 'DeletePolicy', method: 'DELETE', path: at, resource: named, changes: true },
        run: ({ path: [name = ''] }) => {
          if (!registry.policies.has(name)) throw notFound(`Policy ${name}`);
          if ([...registry.certificates.values()].some((one) => one.policies.includes(name))) {
            throw new AwsFailure('DeleteConflictException', `Policy ${name} is attached`, 409);
          }
          registry.deletePolicy(name);
        },
      },
      {
        ...{ action: 'AttachPolicy', method: 'PUT', path: targets, resource: target, changes: true },
        run: (call) => {
          const [name = ''] = call.path;
          if (!registry.policies.has(name)) throw notFound(`Policy ${name}`);
          const certificate = this.#certificateOf(target(call));
          if (!certificate.policies.includes(name)) certificate.policies.push(name);
          registry.changed(certificate.certificateId);
        },
      },
      {
        ...{ action: 'DetachPolicy', method: 'POST', path: targets, resource: target, changes: true },
        run: (call) => {
          const certificate = this.#certificateOf(target(call));
          certificate.policies = certificate.policies.filter((name) => name !== call.path[0]);
          registry.changed(certificate.certificateId);
        },
      },
      {
        ...{ action: 'ListAttachedPolicies', method: 'POST', path: /^\/attached-policies\/(.+)$/, changes: false },
        resource: ({ path: [arn = ''] }) => arn,
        run: ({ path: [arn = ''] }) => ({ policies: this.#certificateOf(arn).policies.map(described) }),
      },
      {
        ...{
          action: 'ListTargetsForPolicy',
          method: 'POST',
          path: new RegExp(`^/policy-targets/${NAME}$`),
          changes: false,
        },
        resource: named,
        run: ({ path: [name = ''] }) => {
          const holding = [...registry.certificates.values()].filter((one) => one.policies.includes(name));
          return { targets: holding.map((one) => this.#certificateArn(one.certificateId)) };
        },
      },
    ];
  }

  #data(): Operation[] {
    return [
      {
        ...{ action: 'Publish', method: 'POST', path: /^\/topics\/(.+)$/, changes: false },
        resource: ({ path: [topic = ''] }) => `topic/${topic}`,
        run: ({ path: [topic = ''], query, body }) => {
          const qos = query.get('qos') === '1' ? 1 : 0;
          return this.#options.publish(topic, body.payload as Buffer, qos, query.get('retain') === 'true');
        },
      },
    ];
  }

  #thingsOf({ certificateId }: RegisteredCertificate): string[] {
    const things = [...this.#options.registry.things.values()];
    return things.filter((thing) => thing.principals.includes(certificateId)).map((thing) => thing.thingName);
  }

  #certificateArn(id: string): string {
    return this.#options.cloud.arn('iot', `cert/${id}`);
  }

  #certificateOf(arn: string): RegisteredCertificate {
    const id = arn.split(':cert/')[1];
    if (!id) throw new AwsFailure('InvalidRequestException', `${arn} is not the ARN of a certificate`, 400);
    return this.#options.registry.certificate(id);
  }
}

function parseBody(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString()) as Record<string, unknown>;
  } catch {
    throw new AwsFailure('InvalidRequestException', 'The request body is not JSON', 400);
  }
}

function page<T>(all: readonly T[], query: URLSearchParams, name: string, show: (one: T) => unknown): unknown {
  const size = Number(query.get('maxResults') ?? query.get('pageSize') ?? 25);
  const start = Number(query.get('nextToken') ?? query.get('marker') ?? 0);
  const end = start + size;
  const next = end < all.length ? { nextToken: String(end), nextMarker: String(end) } : {};
  return { [name]: all.slice(start, end).map(show), ...next };
}
