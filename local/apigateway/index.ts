import { addressesOf } from '../cloudfront/addresses.ts';
import { PUBLIC_PORTS } from '../cloudfront/ports.ts';
import { ALPHANUMERIC, LOWER_ALPHANUMERIC, physicalId } from '../cognito/physical-id.ts';
import type { Cloud, PendingResource, Provider } from '../kernel/types.ts';
import type { Part } from '../services.ts';
import { RestApi } from './rest-api.ts';
import { ApiServer } from './server.ts';

declare module '../kernel/types.ts' {
  interface Shared {
    apigateway?: {
      /** The base to which a route's path is appended, stage included. */
      url: string;
      apis: readonly RestApi[];
    };
  }
}

const CONSOLE_ONLY = 'shown in consoles only';

/** This folder's part of the local cloud. */
export const apigateway = (): Part => ({ providers: [new ApiGatewayProvider()] });

/** REST APIs with their routes, authorizers, validators, gateway responses and stages. */
export class ApiGatewayProvider implements Provider {
  readonly types: Provider['types'] = {
    'AWS::ApiGateway::RestApi': {
      honours: ['Name', 'BinaryMediaTypes', 'MinimumCompressionSize'],
      passesOver: {
        Description: CONSOLE_ONLY,
        EndpointConfiguration: 'there is one machine',
        Tags: CONSOLE_ONLY,
        Policy: 'no API here has one',
      },
    },
    'AWS::ApiGateway::Resource': { honours: ['RestApiId', 'ParentId', 'PathPart'] },
    'AWS::ApiGateway::Method': {
      honours: [
        'RestApiId',
        'ResourceId',
        'HttpMethod',
        'AuthorizationType',
        'AuthorizerId',
        'AuthorizationScopes',
        'RequestParameters',
        'RequestModels',
        'RequestValidatorId',
        'Integration',
      ],
      passesOver: {
        OperationName: 'names the operation in SDKs',
        MethodResponses: 'a proxy integration passes everything on',
        ApiKeyRequired: 'no method here asks for a key',
      },
    },
    'AWS::ApiGateway::Deployment': { honours: ['RestApiId'], passesOver: { Description: CONSOLE_ONLY } },
    'AWS::ApiGateway::Stage': {
      honours: [
        'RestApiId',
        'StageName',
        'AccessLogSetting',
        'MethodSettings',
        'TracingEnabled',
        'Variables',
        'DeploymentId',
      ],
      passesOver: { Description: CONSOLE_ONLY, Tags: CONSOLE_ONLY },
    },
    'AWS::ApiGateway::Authorizer': {
      honours: ['RestApiId', 'Type', 'IdentitySource', 'ProviderARNs'],
      passesOver: { Name: CONSOLE_ONLY },
    },
    'AWS::ApiGateway::RequestValidator': {
      honours: ['RestApiId', 'ValidateRequestBody', 'ValidateRequestParameters'],
      passesOver: { Name: CONSOLE_ONLY },
    },
    'AWS::ApiGateway::Model': {
      honours: ['RestApiId', 'Name', 'Schema', 'ContentType'],
      passesOver: { Description: CONSOLE_ONLY },
    },
    'AWS::ApiGateway::GatewayResponse': {
      honours: ['RestApiId', 'ResponseType', 'StatusCode', 'ResponseParameters', 'ResponseTemplates'],
    },
    'AWS::ApiGateway::Account': {
      honours: [],
      passesOver: { CloudWatchRoleArn: 'the local gateway writes its own logs' },
    },
  };

  #server: ApiServer | undefined;

  async create(resource: PendingResource, cloud: Cloud) {
    const { properties } = resource;
    const id = physicalId(resource, LOWER_ALPHANUMERIC, 10);
    switch (resource.type) {
      case 'AWS::ApiGateway::RestApi': {
        const port = cloud.portBase + PUBLIC_PORTS.api;
        addressesOf(cloud).add(
          `https://${id}.execute-api.${cloud.region}.amazonaws.com`,
          `http://127.0.0.1:${port}`,
          `http://localhost:${port}`,
        );
        return { physicalId: id, attributes: { RootResourceId: `${id}root`, RestApiId: id } };
      }
      case 'AWS::ApiGateway::Resource':
        return { physicalId: id, attributes: { ResourceId: id } };
      case 'AWS::ApiGateway::Deployment':
        return { physicalId: id, attributes: { DeploymentId: id } };
      case 'AWS::ApiGateway::Stage':
        return { physicalId: String(properties.StageName) };
      case 'AWS::ApiGateway::Authorizer':
        return { physicalId: id, attributes: { AuthorizerId: id } };
      case 'AWS::ApiGateway::Model':
        return { physicalId: String(properties.Name ?? physicalId(resource, ALPHANUMERIC, 12)) };
      default:
        return { physicalId: id };
    }
  }

  async start(cloud: Cloud): Promise<void> {
    const apis = cloud.resourcesOf('AWS::ApiGateway::RestApi').map((resource) => new RestApi(resource, cloud));
    const [first] = apis;
    if (!first) return;
    const port = cloud.portBase + PUBLIC_PORTS.api;
    this.#server = new ApiServer(cloud, apis);
    await this.#server.listen(port);
    const [stage = ''] = first.stages.keys();
    const url = `http://127.0.0.1:${port}/${stage}`;
    if (cloud.shared.endpoints) cloud.shared.endpoints.api = url;
    cloud.shared.apigateway = { url, apis };
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }
}
