import { createHash } from 'node:crypto';
import type { LocalCloud } from '../kernel/cloud.ts';
import type { PolicyDocument } from '../kernel/iam/document.ts';
import { textAt } from '../kernel/properties.ts';
import type { Provider } from '../kernel/types.ts';

/** Customer keys: their policies decide who may use what they encrypt. The bytes on this disk are the disk's own affair. */
export function kms(): { providers: Provider[] } {
  return {
    providers: [
      {
        types: {
          'AWS::KMS::Key': {
            honours: ['KeyPolicy', 'Enabled'],
            passesOver: {
              EnableKeyRotation: 'nothing is encrypted here, so nothing rotates',
              RotationPeriodInDays: 'nothing is encrypted here, so nothing rotates',
              PendingWindowInDays: 'nothing is deleted here',
              Description: 'words for people',
              Tags: 'no meaning here',
            },
          },
        },
        async create(resource, cloud) {
          if (textAt(resource.properties, 'Enabled') === 'false') throw new Error('a disabled key is not run here');
          const hex = createHash('sha256').update(`${resource.stack}/${resource.logicalId}`).digest('hex');
          const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
          const arn = cloud.arn('kms', `key/${id}`);
          // CloudFormation gives a key without a policy the one that hands decisions to the account.
          const policy = (resource.properties.KeyPolicy as PolicyDocument | undefined) ?? {
            Statement: { Effect: 'Allow', Principal: { AWS: cloud.accountId }, Action: 'kms:*', Resource: '*' },
          };
          (cloud as LocalCloud).policies.setResourcePolicy(arn, 'key policy', policy);
          return { physicalId: id, attributes: { Arn: arn, KeyId: id } };
        },
      },
      {
        types: { 'AWS::KMS::Alias': { honours: ['AliasName', 'TargetKeyId'] } },
        async create(resource) {
          return { physicalId: String(resource.properties.AliasName) };
        },
      },
    ],
  };
}
