import { RemovalPolicy, Size, Validations } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  type CfnRestApi,
  CognitoUserPoolsAuthorizer,
  EndpointType,
  type IAuthorizer,
  type IModel,
  JsonSchemaType,
  JsonSchemaVersion,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  Model,
  RequestValidator,
  ResponseType,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { IUserPool } from 'aws-cdk-lib/aws-cognito';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import * as z from 'zod';
import { type ProblemCode, problems, problemType } from '../../layers/contracts/api/problem.ts';
import type { Route, RouteFunction } from '../../layers/contracts/api/route.ts';
import type { StageSettings } from '../config/stages.ts';

/** Name of the API's stage, and so the first part of every path. */
export const API_VERSION = 'v1';

/** What the gateway itself answers, as the problems of the contracts. https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html */
const GATEWAY_PROBLEMS: readonly (readonly [ResponseType, ProblemCode])[] = [
  [ResponseType.BAD_REQUEST_BODY, 'invalid-request'],
  [ResponseType.BAD_REQUEST_PARAMETERS, 'invalid-request'],
  [ResponseType.UNAUTHORIZED, 'unauthenticated'],
  [ResponseType.ACCESS_DENIED, 'forbidden'],
  [ResponseType.EXPIRED_TOKEN, 'forbidden'],
  [ResponseType.INVALID_SIGNATURE, 'forbidden'],
  [ResponseType.WAF_FILTERED, 'forbidden'],
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, 'not-found'],
  [ResponseType.RESOURCE_NOT_FOUND, 'not-found'],
  [ResponseType.REQUEST_TOO_LARGE, 'payload-too-large'],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, 'unsupported-media-type'],
  [ResponseType.THROTTLED, 'unavailable'],
  [ResponseType.INTEGRATION_TIMEOUT, 'unavailable'],
  [ResponseType.INTEGRATION_FAILURE, 'unavailable'],
  [ResponseType.DEFAULT_4XX, 'invalid-request'],
  [ResponseType.DEFAULT_5XX, 'internal'],
];

/** Statuses the gateway gives another meaning than the problem's own. */
const GATEWAY_STATUS: Partial<Record<string, number>> = { [ResponseType.THROTTLED.responseType]: 429 };

/** The REST API before it has routes: its host is known, so that what stands before it can be made first. */
export class GridApi extends Construct {
  readonly restApi: RestApi;
  readonly #validator: RequestValidator;

  constructor(scope: Construct, id: string, { settings, key }: { settings: StageSettings; key: IKey }) {
    super(scope, id);
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      encryptionKey: key,
      retention: settings.logRetentionDays as RetentionDays,
      removalPolicy: settings.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.restApi = new RestApi(this, 'RestApi', {
      // Metrics are by name, so stages of one account must not share it.
      restApiName: `smart-grid-${settings.stage}`,
      description: 'Smart Grid Analytics API',
      // The role by which API Gateway writes logs belongs to the account: see the account stack.
      cloudWatchRole: false,
      endpointTypes: [EndpointType.REGIONAL],
      // Also what makes the gateway take bodies in gzip.
      minCompressionSize: Size.kibibytes(1),
      deployOptions: {
        stageName: API_VERSION,
        accessLogDestination: new LogGroupLogDestination(accessLogs),
        accessLogFormat: AccessLogFormat.custom(ACCESS_LOG),
        loggingLevel: MethodLoggingLevel.ERROR,
        metricsEnabled: true,
        tracingEnabled: true,
        throttlingRateLimit: 500,
        throttlingBurstLimit: 1000,
      },
    });
    this.#validator = new RequestValidator(this, 'Envelope', {
      restApi: this.restApi,
      validateRequestBody: true,
      validateRequestParameters: true,
    });
    for (const [type, code] of GATEWAY_PROBLEMS) this.gatewayProblem(type, code);
  }

  /** Host name, without the stage. */
  get host(): string {
    const { stack } = this.restApi;
    return `${(this.restApi.node.defaultChild as CfnRestApi).ref}.execute-api.${stack.region}.${stack.urlSuffix}`;
  }

  /** Adds every declared route: its function, and who may call it. */
  serve(routes: readonly Route[], userPool: IUserPool, functionOf: (name: RouteFunction) => LambdaFunction): void {
    const authorizer = new CognitoUserPoolsAuthorizer(this, 'Tokens', { cognitoUserPools: [userPool] });
    const integrations = new Map<RouteFunction, LambdaIntegration>();
    const integrationOf = (name: RouteFunction) => {
      const integration = integrations.get(name) ?? routeIntegration(functionOf(name));
      integrations.set(name, integration);
      return integration;
    };
    for (const route of routes) this.addRoute(route, authorizer, integrationOf(route.function));
  }

  private addRoute(route: Route, authorizer: IAuthorizer, integration: LambdaIntegration): void {
    const parameters = Object.keys(route.params?.shape ?? {});
    const body = route.body ? this.envelope(route, route.body) : undefined;
    const method = this.restApi.root.resourceForPath(route.path).addMethod(route.method, integration, {
      operationName: route.id,
      requestValidator: this.#validator,
      requestParameters: Object.fromEntries(parameters.map((name) => [`method.request.path.${name}`, true])),
      ...(body ? { requestModels: { 'application/json': body } } : {}),
      ...('public' in route.access
        ? { authorizationType: AuthorizationType.NONE }
        : { authorizer, authorizationType: AuthorizationType.COGNITO, authorizationScopes: [route.access.scope] }),
    });
    if (!('public' in route.access)) return;
    for (const id of ['AwsSolutions-APIG4', 'AwsSolutions-COG4']) {
      Validations.of(method).acknowledge({
        id,
        reason: `${route.method} ${route.path} is declared public in layers/contracts/api`,
      });
    }
  }

  /** The gateway turns away what is not even the outline of a body; the function names every violation inside. */
  private envelope(route: Route, body: z.ZodType): IModel {
    const { required = [] } = z.toJSONSchema(body, { target: 'draft-4', io: 'input' });
    return new Model(this, `Envelope-${route.id}`, {
      restApi: this.restApi,
      contentType: 'application/json',
      schema: {
        schema: JsonSchemaVersion.DRAFT4,
        type: JsonSchemaType.OBJECT,
        // Draft 4 knows no empty list here, and API Gateway refuses the model.
        ...(required.length > 0 ? { required: [...required] } : {}),
      },
    });
  }

  private gatewayProblem(type: ResponseType, code: ProblemCode): void {
    const status = GATEWAY_STATUS[type.responseType] ?? problems[code].status;
    // The fallbacks keep the status of what they stand for.
    const fallback = type === ResponseType.DEFAULT_4XX || type === ResponseType.DEFAULT_5XX;
    const document = JSON.stringify({
      type: problemType(code),
      title: problems[code].title,
      status,
      detail: '$detail',
      instance: '$context.path',
      violations: [],
    }).replace('"$detail"', '$context.error.messageString');
    this.restApi.addGatewayResponse(type.responseType, {
      type,
      ...(fallback ? {} : { statusCode: String(status) }),
      templates: { 'application/json': document },
      responseHeaders: {
        'Content-Type': "'application/problem+json'",
        ...(type === ResponseType.THROTTLED ? { 'Retry-After': "'1'" } : {}),
      },
    });
  }
}

/** One integration a function: a permission per method would outgrow the function's policy of 20 KB. */
const routeIntegration = (lambda: LambdaFunction): LambdaIntegration =>
  new LambdaIntegration(lambda, { scopePermissionToMethod: false });

const ACCESS_LOG = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  method: '$context.httpMethod',
  resource: '$context.resourcePath',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  bytes: '$context.responseLength',
  sourceIp: '$context.identity.sourceIp',
  userAgent: '$context.identity.userAgent',
  subject: '$context.authorizer.claims.sub',
  client: '$context.authorizer.claims.client_id',
  error: '$context.error.message',
  traceId: '$context.xrayTraceId',
});
