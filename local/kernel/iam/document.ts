/**
 * IAM policy documents, compiled once into matchers.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
 */

export interface PolicyDocument {
  Version?: string;
  Statement: StatementJson | readonly StatementJson[];
}

export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface StatementJson {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Action?: string | readonly string[];
  NotAction?: string | readonly string[];
  Resource?: string | readonly string[];
  NotResource?: string | readonly string[];
  Principal?: PrincipalJson;
  NotPrincipal?: PrincipalJson;
  Condition?: ConditionBlock;
}

export type PrincipalJson = string | Readonly<Record<string, string | readonly string[]>>;

/** A statement ready to be asked. `source` names the policy it stands in, for messages. */
export interface Statement {
  source: string;
  sid: string | undefined;
  effect: 'Allow' | 'Deny';
  matchesAction(action: string): boolean;
  /** `variables` gives the values of policy variables such as `${aws:PrincipalArn}`. */
  matchesResource(resource: string, variables: (key: string) => string | undefined): boolean;
  principal?: PrincipalJson;
  notPrincipal?: PrincipalJson;
  condition?: ConditionBlock;
}

export const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

const literal = (text: string): string => text.replace(/[.+^${}()|[\]\\]/g, '\\$&');

/**
 * A wildcard pattern over ARNs: within a colon-separated segment `*` and `?` match anything but a colon; a `*` that ends a
 * segment may run across colons. Source: .../reference_policies_elements_resource.html ("Using wildcards").
 */
export function arnPattern(pattern: string): RegExp {
  let body = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string;
    if (character === '*') {
      const next = pattern[at + 1];
      body += next === undefined || next === ':' ? '.*' : '[^:]*';
    } else body += character === '?' ? '[^:]' : literal(character);
  }
  return new RegExp(`^${body}$`, 's');
}

/** A wildcard pattern over plain text (StringLike, actions). */
export function textPattern(pattern: string, flags = 's'): RegExp {
  return new RegExp(`^${literal(pattern).replaceAll('*', '.*').replaceAll('?', '.')}$`, flags);
}

/** Puts values into policy variables; undefined if one has no value, which makes the element match nothing. */
export function substitute(text: string, variables: (key: string) => string | undefined): string | undefined {
  let missing = false;
  const filled = text.replace(/\$\{([^}]+)\}/g, (_, name: string) => {
    if (name === '*' || name === '?' || name === '$') return name;
    const [key, fallback] = name.split(',').map((part) => part.trim());
    const found = variables(key as string) ?? fallback?.replace(/^'|'$/g, '');
    if (found === undefined) missing = true;
    return found ?? '';
  });
  return missing ? undefined : filled;
}

function resourceMatcher(patterns: readonly string[]): Statement['matchesResource'] {
  const fixed = patterns.filter((pattern) => !pattern.includes('${')).map(arnPattern);
  const variable = patterns.filter((pattern) => pattern.includes('${'));
  return (resource, variables) =>
    fixed.some((pattern) => pattern.test(resource)) ||
    variable.some((pattern) => {
      const filled = substitute(pattern, variables);
      return filled !== undefined && arnPattern(filled).test(resource);
    });
}

/**
 * Compiles a policy document.
 * @throws when a statement has neither Action nor NotAction, or an unknown Effect: CloudFormation refuses those too.
 */
export function compile(document: PolicyDocument, source: string): Statement[] {
  return listOf(document.Statement).map((statement) => {
    if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') {
      throw new Error(`${source}: Effect must be Allow or Deny, not ${JSON.stringify(statement.Effect)}`);
    }
    const actions = listOf(statement.Action).map((action) => textPattern(action, 'is'));
    const notActions = listOf(statement.NotAction).map((action) => textPattern(action, 'is'));
    if (actions.length + notActions.length === 0) throw new Error(`${source}: a statement names no Action`);
    const resources = resourceMatcher(listOf(statement.Resource));
    const notResources = resourceMatcher(listOf(statement.NotResource));
    return {
      source: statement.Sid ? `${source} (${statement.Sid})` : source,
      sid: statement.Sid,
      effect: statement.Effect,
      matchesAction: (action) =>
        statement.Action !== undefined
          ? actions.some((pattern) => pattern.test(action))
          : !notActions.some((pattern) => pattern.test(action)),
      matchesResource: (resource, variables) => {
        if (statement.Resource !== undefined) return resources(resource, variables);
        if (statement.NotResource !== undefined) return !notResources(resource, variables);
        return true; // trust policies carry no Resource
      },
      principal: statement.Principal,
      notPrincipal: statement.NotPrincipal,
      condition: statement.Condition,
    };
  });
}
