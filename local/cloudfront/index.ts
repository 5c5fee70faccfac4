import { LOWER_ALPHANUMERIC, physicalId, UPPER_ALPHANUMERIC } from '../cognito/physical-id.ts';
import type { Cloud, PendingResource, Provider } from '../kernel/types.ts';
import type { Part } from '../services.ts';
import { addressesOf } from './addresses.ts';
import { CloudFrontApi } from './api.ts';
import { readDistribution } from './distribution.ts';
import { EdgeFunction } from './edge-function.ts';
import { PUBLIC_PORTS } from './ports.ts';
import { DistributionServer } from './server.ts';

/** This folder's part of the local cloud. */
export const cloudfront = (): Part => ({
  providers: [new CloudFrontProvider()],
  service: (cloud) => new CloudFrontApi(cloud),
});

/** Distributions with their functions, policies and access to buckets. */
export class CloudFrontProvider implements Provider {
  readonly types: Provider['types'] = {
    'AWS::CloudFront::Distribution': {
      honours: ['DistributionConfig'],
      passesOver: { Tags: 'shown in consoles only' },
    },
    'AWS::CloudFront::OriginAccessControl': { honours: ['OriginAccessControlConfig'] },
    'AWS::CloudFront::Function': {
      honours: ['FunctionCode', 'Name'],
      passesOver: { AutoPublish: 'a function is live when it exists', FunctionConfig: 'runs on this Node version' },
    },
    'AWS::CloudFront::ResponseHeadersPolicy': { honours: ['ResponseHeadersPolicyConfig'] },
    'AWS::CloudFront::CachePolicy': { honours: [], passesOver: { CachePolicyConfig: 'the local edge caches nothing' } },
    'AWS::CloudFront::OriginRequestPolicy': {
      honours: [],
      passesOver: { OriginRequestPolicyConfig: "only AWS's managed policies are in use" },
    },
  };

  readonly #functions = new Map<string, EdgeFunction>();
  #server: DistributionServer | undefined;

  async create(resource: PendingResource, cloud: Cloud) {
    const id = physicalId(resource, UPPER_ALPHANUMERIC, 14);
    switch (resource.type) {
      case 'AWS::CloudFront::Distribution': {
        const domainName = `d${physicalId(resource, LOWER_ALPHANUMERIC, 13)}.cloudfront.net`;
        const port = cloud.portBase + PUBLIC_PORTS.web;
        addressesOf(cloud).add(`https://${domainName}`, `http://localhost:${port}`, `http://127.0.0.1:${port}`);
        return { physicalId: id, attributes: { Id: id, DomainName: domainName } };
      }
      case 'AWS::CloudFront::Function': {
        const name = String(resource.properties.Name ?? resource.logicalId);
        const arn = cloud.arn('cloudfront', `function/${name}`);
        this.#functions.set(arn, new EdgeFunction(String(resource.properties.FunctionCode), name));
        return { physicalId: arn, attributes: { FunctionARN: arn, Stage: 'LIVE' } };
      }
      default:
        return { physicalId: id, attributes: { Id: id } };
    }
  }

  async start(cloud: Cloud): Promise<void> {
    const [distribution, ...more] = cloud.resourcesOf('AWS::CloudFront::Distribution');
    if (!distribution) return;
    if (more.length > 0) throw new Error('The local runtime serves one distribution; the templates have more.');
    const port = cloud.portBase + PUBLIC_PORTS.web;
    this.#server = new DistributionServer(cloud, readDistribution(distribution, cloud), this.#functions);
    await this.#server.listen(port);
    if (cloud.shared.endpoints) cloud.shared.endpoints.web = `http://localhost:${port}`;
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }
}
