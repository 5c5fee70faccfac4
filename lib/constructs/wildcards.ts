import { type CfnResource, Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Key of the CloudFormation metadata that carries the reason of each wildcard: `{ "<action or resource>": reason }`. */
export const WILDCARD_REASONS = 'WildcardReasons';

/** Why a policy of this resource may contain each of these wildcards. A wildcard is an action or a resource, flattened. */
export type WildcardReasons = Readonly<Record<string, string>>;

/**
 * Writes down why a policy needs its wildcards, in the template (where the infra test demands a reason for each) and
 * as the exact acknowledgements of cdk-nag's IAM5.
 * @param owner construct that cdk-nag reports the finding on.
 * @param resource resource whose properties hold the policy.
 */
export function explainWildcards(owner: IConstruct, resource: CfnResource, reasons: WildcardReasons): void {
  resource.addMetadata(WILDCARD_REASONS, { ...(resource.getMetadata(WILDCARD_REASONS) ?? {}), ...reasons });
  for (const [wildcard, reason] of Object.entries(reasons)) {
    const kind = wildcard.startsWith('arn:') || wildcard.startsWith('<') || wildcard === '*' ? 'Resource' : 'Action';
    Validations.of(owner).acknowledge({ id: `AwsSolutions-IAM5[${kind}::${wildcard}]`, reason });
  }
}

/** Writes down the reasons that grants give for their wildcard resources. @param owner the role that holds them. */
export function explainGrants(
  owner: IConstruct,
  grants: readonly { readonly resources: readonly string[]; readonly wildcardReason?: string }[],
): void {
  const stack = Stack.of(owner);
  const reasons = grants.flatMap(({ wildcardReason, resources }) =>
    wildcardReason === undefined
      ? []
      : resources
          .map((resource) => flatten(stack, resource))
          .filter((resource) => resource.includes('*'))
          .map((resource) => [resource, wildcardReason]),
  );
  explainWildcards(owner, owner.node.defaultChild as CfnResource, Object.fromEntries(reasons));
}

/** A resource of a policy as one string: references in angle brackets, joins joined (`arn:<AWS::Partition>:s3:::…`). */
export function flatten(stack: Stack, value: string): string {
  return flattenResolved(stack.resolve(value));
}

/** The same of a value that is already CloudFormation. */
export function flattenResolved(value: unknown): string {
  if (typeof value === 'string') return value.replaceAll('${', '<').replaceAll('}', '>');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if ('Fn::Join' in value) {
    const [delimiter, parts] = value['Fn::Join'] as [string, unknown[]];
    return parts.map(flattenResolved).join(delimiter);
  }
  if ('Fn::GetAtt' in value) {
    const [resource, attribute] = value['Fn::GetAtt'] as [string, string];
    return `<${resource}.${attribute}>`;
  }
  if ('Ref' in value) return `<${value.Ref}>`;
  return JSON.stringify(value);
}
