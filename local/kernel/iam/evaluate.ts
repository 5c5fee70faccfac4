import type { Access, Principal } from '../types.ts';
import { type ConditionContext, conditionOutcome } from './conditions.ts';
import type { PolicyDirectory } from './directory.ts';
import { listOf, type PrincipalJson, type Statement } from './document.ts';

/** One statement of a role that allows something. */
export interface GrantUse {
  sid: string;
  /** Some access was allowed by it alone: without the statement that access is denied. */
  used: boolean;
}

export type Decision = { allowed: true } | { allowed: false; reason: string };

const ALLOWED: Decision = { allowed: true };

/** The ARN under which AWS names the caller in messages and `aws:PrincipalArn`. */
export function callerArn(principal: Principal, accountId: string): string {
  if (principal.kind === 'service') return principal.service;
  if (principal.kind === 'operator') return `arn:aws:iam::${accountId}:root`;
  const role = principal.roleArn.split('/').at(-1);
  return `arn:aws:sts::${accountId}:assumed-role/${role}/${principal.functionName ?? 'service'}`;
}

/**
 * Decides one access as AWS does inside one account: an explicit deny anywhere wins; then the identity policies (cut by the
 * boundary) or the resource's policy must allow; a key's policy must always take part; a service is allowed only by the
 * resource's policy. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export class Evaluator {
  readonly #directory: PolicyDirectory;
  readonly #accountId: string;
  readonly #region: string;
  readonly #warn: (text: string) => void;
  readonly #decisions = new Map<string, Decision>();
  #decidedUnder = -1;
  readonly #reliedOn = new WeakSet<Statement>();

  constructor(options: {
    directory: PolicyDirectory;
    accountId: string;
    region: string;
    warn: (text: string) => void;
  }) {
    this.#directory = options.directory;
    this.#accountId = options.accountId;
    this.#region = options.region;
    this.#warn = options.warn;
  }

  decide(access: Access): Decision {
    if (access.principal.kind === 'operator') return ALLOWED;
    if (this.#decidedUnder !== this.#directory.version || this.#decisions.size > 20_000) {
      this.#decisions.clear();
      this.#decidedUnder = this.#directory.version;
    }
    const { principal, action, resource, context } = access;
    const who = principal.kind === 'role' ? principal.roleArn : `${principal.service} ${principal.sourceArn ?? ''}`;
    const key = `${who}\n${action}\n${resource}\n${context ? JSON.stringify(context) : ''}`;
    const known = this.#decisions.get(key);
    if (known) return known;
    const question = { access, context: this.#context(access), readsTime: false };
    const decision = this.#evaluate(question);
    if (!question.readsTime) this.#decisions.set(key, decision);
    return decision;
  }

  /** A role's own grants, and which of them have been needed so far; IAM has the like as last accessed information. */
  grantsOf(roleArn: string): GrantUse[] {
    return this.#directory
      .identityStatements(roleArn)
      .filter(({ effect }) => effect === 'Allow')
      .map((statement) => ({ sid: statement.sid ?? statement.source, used: this.#reliedOn.has(statement) }));
  }

  /** Whether a role's trust policy lets an AWS service assume it. */
  decideTrust(roleArn: string, service: string, sourceArn?: string): Decision {
    const access: Access = {
      principal: { kind: 'service', service, ...(sourceArn === undefined ? {} : { sourceArn }) },
      action: 'sts:AssumeRole',
      resource: roleArn,
      // Firehose names the account as its external id. Source: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
      ...(service === 'firehose.amazonaws.com' ? { context: { 'sts:ExternalId': this.#accountId } } : {}),
    };
    const question = { access, context: this.#context(access), readsTime: false };
    const trust = this.#effect(this.#directory.trustStatements(roleArn), question, 'direct');
    if (trust.deny) return { allowed: false, reason: `with an explicit deny in ${trust.deny}` };
    return trust.allow
      ? ALLOWED
      : { allowed: false, reason: `because the trust policy of ${roleArn} does not name it` };
  }

  /** Whether an endpoint's policy lets the call through (no policy: everything). */
  decideByPolicy(statements: readonly Statement[], access: Access): boolean {
    const effect = this.#effect(statements, { access, context: this.#context(access), readsTime: false }, 'direct');
    return !effect.deny && effect.allow !== undefined;
  }

  #evaluate(question: Question): Decision {
    const { principal, action, resource } = question.access;
    const onResource = this.#directory.resourceStatements(resource);
    const byResource = this.#effect(onResource, question, 'direct');
    if (byResource.deny)
      return { allowed: false, reason: `with an explicit deny in a resource-based policy: ${byResource.deny}` };
    if (principal.kind === 'service') {
      return byResource.allow
        ? ALLOWED
        : { allowed: false, reason: `because no resource-based policy allows the ${action} action` };
    }
    if (principal.kind !== 'role') return ALLOWED;
    if (!this.#directory.hasRole(principal.roleArn)) {
      return { allowed: false, reason: `because the role ${principal.roleArn} does not exist` };
    }
    const identity = this.#effect(this.#directory.identityStatements(principal.roleArn), question, 'identity');
    if (identity.deny)
      return { allowed: false, reason: `with an explicit deny in an identity-based policy: ${identity.deny}` };
    const boundary = this.#directory.boundaryStatements(principal.roleArn);
    if (boundary) {
      const cut = this.#effect(boundary, question, 'identity');
      if (cut.deny || !cut.allow) return { allowed: false, reason: 'because no permissions boundary allows it' };
    }
    if (action.startsWith('kms:')) {
      // A key's policy must allow the caller itself, or hand the decision to the account's identity policies.
      if (byResource.allow) return ALLOWED;
      const handedOn = this.#effect(onResource, question, 'account');
      if (handedOn.allow && identity.allow) return this.#allowedBy(identity.allow);
      return {
        allowed: false,
        reason: `because no ${handedOn.allow ? 'identity-based' : 'key'} policy allows the ${action} action`,
      };
    }
    if (byResource.allow) return ALLOWED;
    if (identity.allow) return this.#allowedBy(identity.allow);
    return { allowed: false, reason: `because no identity-based policy allows the ${action} action` };
  }

  #allowedBy(statements: readonly Statement[]): Decision {
    if (statements.length === 1) this.#reliedOn.add(statements[0] as Statement);
    return ALLOWED;
  }

  /** The statements that allow, if any, and the source of one that denies. `via`: `identity` ignores Principal; `direct` wants the caller named; `account` wants the account named. */
  #effect(statements: readonly Statement[], question: Question, via: 'identity' | 'direct' | 'account') {
    let allow: Statement[] | undefined;
    const { access, context } = question;
    const variables = (key: string) => context(key)?.[0];
    for (const statement of statements) {
      if (via !== 'identity' && !this.#namesPrincipal(statement, access.principal, via)) continue;
      if (!statement.matchesAction(access.action)) continue;
      if (!statement.matchesResource(access.resource, variables)) continue;
      if (statement.condition) {
        if (JSON.stringify(statement.condition).includes('Time')) question.readsTime = true;
        const outcome = conditionOutcome(statement.condition, context);
        if ('unknownOperator' in outcome) {
          this.#warn(
            `${statement.source} uses the condition operator ${outcome.unknownOperator}, which is not known here: denied.`,
          );
          if (statement.effect === 'Allow') continue;
        } else if (!outcome.met) continue;
      }
      if (statement.effect === 'Deny') return { allow: undefined, deny: statement.source };
      allow ??= [];
      allow.push(statement);
    }
    return { allow, deny: undefined };
  }

  #namesPrincipal(statement: Statement, principal: Principal, via: 'direct' | 'account'): boolean {
    if (statement.notPrincipal !== undefined) return !this.#listed(statement.notPrincipal, principal, statement, via);
    if (statement.principal === undefined) return false;
    return this.#listed(statement.principal, principal, statement, via);
  }

  #listed(named: PrincipalJson, principal: Principal, statement: Statement, via: 'direct' | 'account'): boolean {
    if (named === '*') return true;
    if (typeof named === 'string') return false;
    if (principal.kind === 'service') {
      return listOf(named.Service).includes(principal.service) || listOf(named.AWS).includes('*');
    }
    if (principal.kind !== 'role') return true;
    const accounts = [this.#accountId, `arn:aws:iam::${this.#accountId}:root`];
    return listOf(named.AWS).some((name) => {
      if (name === '*') return true;
      // Naming the account delegates an allow to identity policies, but a deny reaches everyone in it.
      if (accounts.includes(name)) return via === 'account' || statement.effect === 'Deny';
      return name === principal.roleArn || name === callerArn(principal, this.#accountId);
    });
  }

  #context(access: Access): ConditionContext {
    const { principal } = access;
    const given = new Map<string, readonly string[]>();
    const set = (key: string, value: string | readonly string[] | undefined) => {
      if (value !== undefined) given.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
    };
    set('aws:SecureTransport', 'true');
    set('s3:TlsVersion', '1.3');
    set('aws:RequestedRegion', this.#region);
    set('aws:PrincipalAccount', this.#accountId);
    set('aws:PrincipalIsAWSService', String(principal.kind === 'service'));
    set('aws:ViaAWSService', 'false');
    const now = new Date();
    set('aws:CurrentTime', now.toISOString());
    set('aws:EpochTime', String(Math.floor(now.getTime() / 1000)));
    if (principal.kind === 'role') {
      set('aws:PrincipalArn', principal.roleArn);
      set('kms:CallerAccount', this.#accountId);
    } else if (principal.kind === 'service') {
      set('aws:PrincipalServiceName', principal.service);
      set('aws:SourceArn', principal.sourceArn);
      set('aws:SourceAccount', principal.sourceAccount ?? this.#accountId);
      set('kms:CallerAccount', this.#accountId);
    }
    for (const [key, value] of Object.entries(access.context ?? {})) set(key, value);
    return (key) => given.get(key.toLowerCase());
  }
}

interface Question {
  access: Access;
  context: ConditionContext;
  readsTime: boolean;
}
