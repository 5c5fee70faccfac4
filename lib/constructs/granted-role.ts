import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Grant } from './grid-function.ts';
import { explainGrants } from './wildcards.ts';

/** A role of one service with exactly these grants. They are inline, so that nothing starts before its policy exists. */
export function grantedRole(
  scope: Construct,
  { id = 'Role', service, grants }: { id?: string; service: string; grants: readonly Grant[] },
): Role {
  const statements = grants.map(
    ({ sid, actions, resources, conditions }) =>
      new PolicyStatement({
        sid,
        effect: Effect.ALLOW,
        actions: [...actions],
        resources: [...resources],
        ...(conditions ? { conditions } : {}),
      }),
  );
  const role = new Role(scope, id, {
    assumedBy: new ServicePrincipal(service),
    inlinePolicies: { grants: new PolicyDocument({ statements }) },
  });
  explainGrants(role, grants);
  return role;
}
