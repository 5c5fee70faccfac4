/** A policy document of AWS IoT, as far as devices are judged by it. */
export interface PolicyDocument {
  Statement: PolicyStatement | PolicyStatement[];
}
interface PolicyStatement {
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | boolean | (string | boolean)[]>>;
}

/** What policy variables stand for on one connection; a variable without a value makes its statement not match. */
export type PolicyVariables = Readonly<Record<string, string | undefined>>;

interface Rule {
  deny: boolean;
  actions: RegExp[];
  resources: RegExp[];
}

const MAX_CACHED_DECISIONS = 1000;
const list = <T>(given: T | T[]): T[] => (Array.isArray(given) ? given : [given]);
const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * The policies of one connection, compiled once: an explicit deny wins, and nothing is allowed that no statement allows.
 * Decisions are remembered, because a device publishes to the same few topics.
 * Source: AWS IoT Core developer guide, "AWS IoT Core policies" and "Thing policy variables".
 */
export class ConnectionPolicy {
  readonly #rules: Rule[];
  readonly #decided = new Map<string, boolean>();

  constructor(documents: readonly PolicyDocument[], variables: PolicyVariables) {
    this.#rules = documents.flatMap((document) =>
      list(document.Statement).flatMap((statement) => compile(statement, variables)),
    );
  }

  /** @param action `iot:Publish` @param resource full ARN */
  allows(action: string, resource: string): boolean {
    const key = `${action} ${resource}`;
    const known = this.#decided.get(key);
    if (known !== undefined) return known;
    const matching = this.#rules.filter(
      (rule) =>
        rule.actions.some((pattern) => pattern.test(action)) &&
        rule.resources.some((pattern) => pattern.test(resource)),
    );
    const allowed = matching.length > 0 && !matching.some((rule) => rule.deny);
    if (this.#decided.size >= MAX_CACHED_DECISIONS) this.#decided.clear();
    this.#decided.set(key, allowed);
    return allowed;
  }
}

function compile(statement: PolicyStatement, variables: PolicyVariables): Rule[] {
  if (!holds(statement.Condition, variables)) return [];
  const resources = list(statement.Resource).flatMap((resource) => pattern(resource, variables) ?? []);
  const actions = list(statement.Action).flatMap((action) => pattern(action, variables, 'i') ?? []);
  return [{ deny: statement.Effect === 'Deny', actions, resources }];
}

/** A variable's value is taken literally: a client named `*` must not become a wildcard. */
function pattern(text: string, variables: PolicyVariables, flags = ''): RegExp | undefined {
  let source = '';
  for (const part of text.split(/(\$\{[^}]*\}|\*|\?)/)) {
    if (part === '*') source += '.*';
    else if (part === '?') source += '.';
    else if (part.startsWith('${')) {
      const name = part.slice(2, -1);
      const value = ['*', '?', '$'].includes(name) ? name : variables[name];
      if (value === undefined) return undefined;
      source += literal(value);
    } else source += literal(part);
  }
  return new RegExp(`^${source}$`, `s${flags}`);
}

function holds(condition: PolicyStatement['Condition'], variables: PolicyVariables): boolean {
  return Object.entries(condition ?? {}).every(([operator, tests]) =>
    Object.entries(tests).every(([key, expected]) => {
      const actual = variables[key];
      const wanted = list(expected).map(String);
      if (operator === 'Bool') return wanted.some((one) => one.toLowerCase() === (actual ?? 'false').toLowerCase());
      if (operator === 'StringEquals') return actual !== undefined && wanted.includes(actual);
      if (operator === 'StringNotEquals') return actual === undefined || !wanted.includes(actual);
      const like = wanted.some((one) => actual !== undefined && pattern(one, variables)?.test(actual));
      if (operator === 'StringLike') return like;
      if (operator === 'StringNotLike') return !like;
      throw new Error(`condition operator ${operator} of an IoT policy is not emulated`);
    }),
  );
}
