import type { LocalCloud } from '../cloud.ts';
import { generatedName } from '../names.ts';
import { listAt, textAt } from '../properties.ts';
import type { Provider } from '../types.ts';
import type { PolicyDocument } from './document.ts';

const inert = {
  Tags: 'no meaning here',
  Description: 'words for people',
  Path: 'names only',
  MaxSessionDuration: 'sessions last 12 h',
};

/** Roles and the policies attached to them. */
export function iam(): { providers: Provider[] } {
  const roles: Provider = {
    types: {
      'AWS::IAM::Role': {
        honours: ['RoleName', 'AssumeRolePolicyDocument', 'Policies', 'ManagedPolicyArns', 'PermissionsBoundary'],
        passesOver: inert,
      },
    },
    async create(resource, cloud) {
      const { properties } = resource;
      const name = textAt(properties, 'RoleName') ?? generatedName(resource, { most: 64 });
      const arn = cloud.arn('iam', `role/${name}`);
      const { policies } = cloud as LocalCloud;
      policies.addRole(arn, properties.AssumeRolePolicyDocument as PolicyDocument);
      for (const policy of listAt(properties, 'Policies')) {
        const { PolicyName, PolicyDocument } = policy as { PolicyName: string; PolicyDocument: PolicyDocument };
        policies.attachInline(arn, PolicyName, PolicyDocument);
      }
      for (const managed of listAt(properties, 'ManagedPolicyArns')) policies.attachManaged(arn, String(managed));
      const boundary = textAt(properties, 'PermissionsBoundary');
      if (boundary !== undefined) policies.setBoundary(arn, boundary);
      return { physicalId: name, attributes: { Arn: arn, RoleId: `AROA${name.toUpperCase().slice(0, 17)}` } };
    },
  };
  const roleArn = (cloud: LocalCloud, name: unknown) => cloud.arn('iam', `role/${String(name)}`);
  const attached: Provider = {
    types: {
      'AWS::IAM::Policy': { honours: ['PolicyName', 'PolicyDocument', 'Roles'] },
      'AWS::IAM::ManagedPolicy': {
        honours: ['ManagedPolicyName', 'PolicyDocument', 'Roles'],
        passesOver: inert,
      },
    },
    async create(resource, cloud) {
      const { properties } = resource;
      const { policies } = cloud as LocalCloud;
      const document = properties.PolicyDocument as PolicyDocument;
      const name =
        textAt(properties, 'PolicyName') ?? textAt(properties, 'ManagedPolicyName') ?? generatedName(resource);
      const arn = cloud.arn('iam', `policy/${name}`);
      if (resource.type === 'AWS::IAM::ManagedPolicy') policies.addManagedPolicy(arn, document);
      for (const role of listAt(properties, 'Roles')) {
        const owner = roleArn(cloud as LocalCloud, role);
        if (resource.type === 'AWS::IAM::ManagedPolicy') policies.attachManaged(owner, arn);
        else policies.attachInline(owner, name, document);
      }
      return { physicalId: resource.type === 'AWS::IAM::ManagedPolicy' ? arn : name, attributes: { PolicyArn: arn } };
    },
  };
  return { providers: [roles, attached] };
}
