import { ALPHANUMERIC, physicalId } from '../cognito/physical-id.ts';
import type { Cloud, PendingResource, Provider } from '../kernel/types.ts';
import type { Part } from '../services.ts';

const ONE_ADDRESS = 'every local caller has the same address, so a rate per address would count all of them as one';
const NOT_PUBLISHED = "the rules of AWS's managed groups are not published";

/** This folder's part of the local cloud. */
export const waf = (): Part => ({ providers: [new WafProvider()] });

/** Web ACLs exist, so that what refers to them resolves; their rules are passed over, and say so at start-up. */
export class WafProvider implements Provider {
  readonly types: Provider['types'] = {
    'AWS::WAFv2::WebACL': {
      honours: ['Name', 'Scope'],
      passesOver: {
        Rules: `${ONE_ADDRESS}; ${NOT_PUBLISHED}`,
        DefaultAction: 'allow, as no rule is run',
        VisibilityConfig: 'no rule is run, so nothing is counted',
      },
    },
    'AWS::WAFv2::WebACLAssociation': {
      honours: [],
      passesOver: { WebACLArn: ONE_ADDRESS, ResourceArn: ONE_ADDRESS },
    },
    'AWS::WAFv2::LoggingConfiguration': {
      honours: [],
      passesOver: { ResourceArn: 'no rule is run', LogDestinationConfigs: 'no rule is run' },
    },
  };

  async create(resource: PendingResource, cloud: Cloud) {
    const id = physicalId(resource, ALPHANUMERIC, 24);
    const name = String(resource.properties.Name ?? resource.logicalId);
    const scope = String(resource.properties.Scope ?? 'REGIONAL').toLowerCase();
    const arn = cloud.arn('wafv2', `${scope}/webacl/${name}/${id}`);
    return { physicalId: `${name}|${id}|${scope.toUpperCase()}`, attributes: { Arn: arn, Id: id } };
  }
}
