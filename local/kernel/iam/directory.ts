import { compile, type PolicyDocument, type Statement } from './document.ts';
import { MANAGED_POLICIES } from './managed.ts';

interface Role {
  arn: string;
  trust: Statement[];
  /** Policies by name, so that a policy created twice replaces itself. */
  policies: Map<string, Statement[]>;
  boundary?: Statement[];
}

/** Every policy of the account: what roles may do, who may assume them, and what resources allow others. */
export class PolicyDirectory {
  readonly #roles = new Map<string, Role>();
  readonly #managed = new Map<string, Statement[]>();
  readonly #resourcePolicies = new Map<string, Map<string, Statement[]>>();
  /** Grows with every change; decisions made under an older version are stale. */
  version = 0;

  addRole(arn: string, trust: PolicyDocument): void {
    this.version++;
    this.#roles.set(arn, { arn, trust: compile(trust, `trust policy of ${arn}`), policies: new Map() });
  }

  attachInline(roleArn: string, name: string, document: PolicyDocument): void {
    this.version++;
    this.#role(roleArn).policies.set(name, compile(document, name));
  }

  addManagedPolicy(arn: string, document: PolicyDocument): void {
    this.version++;
    this.#managed.set(arn, compile(document, arn));
  }

  /** @throws if AWS manages the policy and it is not in our table of cited ones. */
  attachManaged(roleArn: string, policyArn: string): void {
    this.version++;
    this.#role(roleArn).policies.set(policyArn, this.#managedStatements(policyArn));
  }

  setBoundary(roleArn: string, policyArn: string): void {
    this.version++;
    this.#role(roleArn).boundary = this.#managedStatements(policyArn);
  }

  /** A policy on a resource (bucket, queue, topic, key, function), replaced by name. */
  setResourcePolicy(resourceArn: string, name: string, document: PolicyDocument): void {
    this.version++;
    const policies = this.#resourcePolicies.get(resourceArn) ?? new Map<string, Statement[]>();
    policies.set(name, compile(document, `${name} of ${resourceArn}`));
    this.#resourcePolicies.set(resourceArn, policies);
  }

  hasRole(arn: string): boolean {
    return this.#roles.has(arn);
  }

  identityStatements(roleArn: string): Statement[] {
    return [...(this.#roles.get(roleArn)?.policies.values() ?? [])].flat();
  }

  boundaryStatements(roleArn: string): Statement[] | undefined {
    return this.#roles.get(roleArn)?.boundary;
  }

  trustStatements(roleArn: string): Statement[] {
    return this.#roles.get(roleArn)?.trust ?? [];
  }

  /** Statements of the policy on the resource, or on what holds it (the bucket of an object, the function of a version). */
  resourceStatements(resource: string): Statement[] {
    return holders(resource).flatMap((arn) => [...(this.#resourcePolicies.get(arn)?.values() ?? [])].flat());
  }

  #role(arn: string): Role {
    const role = this.#roles.get(arn);
    if (!role) throw new Error(`There is no role ${arn}.`);
    return role;
  }

  #managedStatements(policyArn: string): Statement[] {
    const known = this.#managed.get(policyArn);
    if (known) return known;
    const name = policyArn.split(':policy/')[1] ?? policyArn;
    const document = MANAGED_POLICIES[name];
    if (!document)
      throw new Error(`The managed policy ${name} is not in local/kernel/iam/managed.ts; add it with its source.`);
    const statements = compile(document, name);
    this.#managed.set(policyArn, statements);
    return statements;
  }
}

/** ARNs whose resource policy governs a resource. */
function holders(resource: string): string[] {
  if (resource.startsWith('arn:aws:s3:::')) return [resource.split('/')[0] as string];
  const parts = resource.split(':');
  if (parts[2] === 'lambda' && parts.length > 7) return [parts.slice(0, 7).join(':'), resource];
  return [resource];
}
