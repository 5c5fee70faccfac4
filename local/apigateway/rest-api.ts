import type { Cloud, Resource } from '../kernel/types.ts';

export interface GatewayResponse {
  status?: number;
  headers: Readonly<Record<string, string>>;
  templates: Readonly<Record<string, string>>;
}

export interface MethodConfig {
  httpMethod: string;
  resourcePath: string;
  resourceId: string;
  authorization:
    | { kind: 'none' }
    | { kind: 'cognito'; header: string; poolIds: readonly string[]; scopes: readonly string[] };
  requiredParameters: readonly { place: 'path' | 'querystring' | 'header'; name: string }[];
  /** JSON Schema by content type. */
  bodySchemas: Readonly<Record<string, unknown>>;
  validates: { body: boolean; parameters: boolean };
  integration:
    | { kind: 'lambda'; functionArn: string; timeoutMs: number }
    | { kind: 'mock'; requestTemplates: Readonly<Record<string, string>>; responses: readonly MockResponse[] };
}

export interface MockResponse {
  status: number;
  pattern?: string;
  headers: Readonly<Record<string, string>>;
  templates: Readonly<Record<string, string>>;
}

export interface StageConfig {
  apiId: string;
  name: string;
  accessLog?: { format: string; destinationArn: string };
  tracing: boolean;
  /** Requests per second and burst, by `METHOD /path`, `* /*` for all. */
  throttling: ReadonlyMap<string, { rate: number; burst: number }>;
  variables: Readonly<Record<string, string>>;
}

interface Node {
  literals: Map<string, Node>;
  parameter?: { name: string; greedy: boolean; node: Node };
  methods: Map<string, MethodConfig>;
}

const newNode = (): Node => ({ literals: new Map(), methods: new Map() });

export interface RouteMatch {
  method: MethodConfig | undefined;
  parameters: Record<string, string>;
}

type Properties = Record<string, unknown>;
const texts = (map: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries((map ?? {}) as Properties).map(([name, text]) => [name, String(text)]));
const isTrue = (flag: unknown): boolean => String(flag) === 'true';

/** One REST API as its template declares it: routes, gateway responses, stages. */
export class RestApi {
  readonly id: string;
  readonly name: string;
  readonly binaryMediaTypes: readonly string[];
  /** Bytes from which answers are compressed for who takes it; undefined: no compression either way. */
  readonly minimumCompressionSize: number | undefined;
  readonly responses = new Map<string, GatewayResponse>();
  readonly stages = new Map<string, StageConfig>();
  readonly methods: MethodConfig[] = [];
  readonly #root = newNode();

  constructor(api: Resource, cloud: Cloud) {
    this.id = api.physicalId;
    this.name = String(api.properties.Name ?? api.logicalId);
    const { MinimumCompressionSize } = api.properties;
    this.minimumCompressionSize = MinimumCompressionSize === undefined ? undefined : Number(MinimumCompressionSize);
    this.binaryMediaTypes = ((api.properties.BinaryMediaTypes ?? []) as string[]).map((type) =>
      type.replaceAll('~1', '/'),
    );
    const ofApi = (type: string) =>
      cloud.resourcesOf(`AWS::ApiGateway::${type}`).filter(({ properties }) => properties.RestApiId === this.id);
    const paths = pathsOf(this.id, api, ofApi('Resource'));
    const byId = (type: string) => new Map(ofApi(type).map((resource) => [resource.physicalId, resource.properties]));
    const parts = { authorizers: byId('Authorizer'), validators: byId('RequestValidator'), models: byId('Model') };
    for (const { properties, logicalId } of ofApi('Method')) {
      const path = paths.get(String(properties.ResourceId));
      if (path === undefined) throw new Error(`${logicalId}: its ResourceId belongs to no resource of the API.`);
      this.#add(methodOf(properties, path, parts));
    }
    for (const { properties } of ofApi('GatewayResponse')) {
      this.responses.set(String(properties.ResponseType), {
        ...(properties.StatusCode === undefined ? {} : { status: Number(properties.StatusCode) }),
        headers: Object.fromEntries(
          Object.entries(texts(properties.ResponseParameters)).map(([name, text]) => [
            name.replace('gatewayresponse.header.', ''),
            unquoted(text),
          ]),
        ),
        templates: texts(properties.ResponseTemplates),
      });
    }
    for (const { properties } of ofApi('Stage')) this.#addStage(properties);
  }

  /** The method for a path below the stage; `method` undefined when only the verb is not declared. */
  match(verb: string, path: string): RouteMatch | undefined {
    const parts = path.split('/').slice(1);
    if (parts.at(-1) === '') parts.pop();
    const found = descend(this.#root, parts, {});
    if (!found) return undefined;
    return { method: found.node.methods.get(verb) ?? found.node.methods.get('ANY'), parameters: found.parameters };
  }

  #add(method: MethodConfig): void {
    let node = this.#root;
    for (const part of method.resourcePath.split('/').slice(1).filter(Boolean)) {
      const parameter = /^\{([A-Za-z0-9._:-]+)(\+?)\}$/.exec(part);
      if (parameter) {
        node.parameter ??= { name: parameter[1] as string, greedy: parameter[2] === '+', node: newNode() };
        node = node.parameter.node;
        continue;
      }
      // "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end."
      if (!/^[A-Za-z0-9._:-]+$/.test(part))
        throw new Error(`API Gateway takes no path part "${part}" (${method.resourcePath}).`);
      const next = node.literals.get(part) ?? newNode();
      node.literals.set(part, next);
      node = next;
    }
    node.methods.set(method.httpMethod, method);
    this.methods.push(method);
  }

  #addStage(properties: Properties): void {
    const settings = (properties.MethodSettings ?? []) as Properties[];
    const log = properties.AccessLogSetting as { DestinationArn?: string; Format?: string } | undefined;
    const name = String(properties.StageName);
    this.stages.set(name, {
      apiId: this.id,
      name,
      ...(log?.Format ? { accessLog: { format: log.Format, destinationArn: String(log.DestinationArn) } } : {}),
      tracing: isTrue(properties.TracingEnabled),
      throttling: new Map(
        settings
          .filter(
            ({ ThrottlingRateLimit, ThrottlingBurstLimit }) =>
              ThrottlingRateLimit !== undefined && ThrottlingBurstLimit !== undefined,
          )
          .map((setting) => [
            `${setting.HttpMethod} ${String(setting.ResourcePath).replaceAll('~1', '/')}`,
            { rate: Number(setting.ThrottlingRateLimit), burst: Number(setting.ThrottlingBurstLimit) },
          ]),
      ),
      variables: texts(properties.Variables),
    });
  }
}

/** Literals win over parameters, parameters over greedy ones. */
function descend(
  node: Node,
  parts: readonly string[],
  parameters: Record<string, string>,
): { node: Node; parameters: Record<string, string> } | undefined {
  const [part, ...rest] = parts;
  if (part === undefined) return { node, parameters };
  const literal = node.literals.get(part);
  const found = literal && descend(literal, rest, parameters);
  if (found) return found;
  const { parameter } = node;
  if (!parameter || part === '') return undefined;
  if (parameter.greedy)
    return { node: parameter.node, parameters: { ...parameters, [parameter.name]: decoded(parts.join('/')) } };
  return descend(parameter.node, rest, { ...parameters, [parameter.name]: decoded(part) });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function pathsOf(apiId: string, api: Resource, resources: readonly Resource[]): Map<string, string> {
  const root = String(api.attributes.RootResourceId ?? apiId);
  const byId = new Map(resources.map((resource) => [resource.physicalId, resource.properties]));
  const pathOf = (id: string): string => {
    if (id === root) return '';
    const properties = byId.get(id);
    if (!properties) throw new Error(`API ${apiId} has no resource ${id}.`);
    return `${pathOf(String(properties.ParentId))}/${properties.PathPart}`;
  };
  return new Map([[root, '/'], ...resources.map(({ physicalId }) => [physicalId, pathOf(physicalId)] as const)]);
}

const unquoted = (text: string): string => /^'(.*)'$/s.exec(text)?.[1] ?? text;

interface Parts {
  authorizers: ReadonlyMap<string, Properties>;
  validators: ReadonlyMap<string, Properties>;
  models: ReadonlyMap<string, Properties>;
}

function methodOf(
  properties: Properties,
  resourcePath: string,
  { authorizers, validators, models }: Parts,
): MethodConfig {
  const httpMethod = String(properties.HttpMethod);
  const name = `${httpMethod} ${resourcePath}`;
  const validator = validators.get(String(properties.RequestValidatorId));
  const parameters = Object.entries((properties.RequestParameters ?? {}) as Properties);
  return {
    httpMethod,
    resourcePath,
    resourceId: String(properties.ResourceId),
    authorization: authorizationOf(properties, authorizers, name),
    requiredParameters: parameters
      .filter(([, required]) => isTrue(required))
      .map(([source]) => {
        const [, , place, ...rest] = source.split('.');
        return { place: place as 'path' | 'querystring' | 'header', name: rest.join('.') };
      }),
    bodySchemas: Object.fromEntries(
      Object.entries(texts(properties.RequestModels)).flatMap(([type, model]) => {
        const schema = models.get(model)?.Schema;
        return schema === undefined ? [] : [[type, typeof schema === 'string' ? JSON.parse(schema) : schema]];
      }),
    ),
    validates: {
      body: isTrue(validator?.ValidateRequestBody),
      parameters: isTrue(validator?.ValidateRequestParameters),
    },
    integration: integrationOf((properties.Integration ?? {}) as Properties, name),
  };
}

function authorizationOf(
  properties: Properties,
  authorizers: Parts['authorizers'],
  name: string,
): MethodConfig['authorization'] {
  const type = String(properties.AuthorizationType ?? 'NONE');
  if (type === 'NONE') return { kind: 'none' };
  const authorizer = authorizers.get(String(properties.AuthorizerId));
  if (type !== 'COGNITO_USER_POOLS' || !authorizer)
    throw new Error(`${name}: the local REST API runs no ${type} authorizer.`);
  const arns = (authorizer.ProviderARNs ?? []) as string[];
  return {
    kind: 'cognito',
    header: String(authorizer.IdentitySource ?? 'method.request.header.Authorization')
      .replace('method.request.header.', '')
      .toLowerCase(),
    poolIds: arns.map((arn) => arn.split('/').at(-1) as string),
    scopes: (properties.AuthorizationScopes ?? []) as string[],
  };
}

function integrationOf(integration: Properties, name: string): MethodConfig['integration'] {
  if (integration.Type === 'AWS_PROXY') {
    const functionArn = /\/functions\/(.+)\/invocations$/.exec(String(integration.Uri))?.[1];
    if (!functionArn) throw new Error(`${name}: its integration names no function.`);
    // "AWS_PROXY … the integration HTTP method must be POST".
    if (integration.IntegrationHttpMethod !== 'POST') throw new Error(`${name}: Lambda is integrated by POST only.`);
    return { kind: 'lambda', functionArn, timeoutMs: Number(integration.TimeoutInMillis ?? 29_000) };
  }
  if (integration.Type !== 'MOCK')
    throw new Error(`${name}: the local REST API runs no ${integration.Type} integration.`);
  const responses = (integration.IntegrationResponses ?? []) as Properties[];
  return {
    kind: 'mock',
    requestTemplates: texts(integration.RequestTemplates),
    responses: responses.map((response) => ({
      status: Number(response.StatusCode),
      ...(response.SelectionPattern ? { pattern: String(response.SelectionPattern) } : {}),
      headers: Object.fromEntries(
        Object.entries(texts(response.ResponseParameters)).map(([header, text]) => [
          header.replace('method.response.header.', ''),
          unquoted(text),
        ]),
      ),
      templates: texts(response.ResponseTemplates),
    })),
  };
}
