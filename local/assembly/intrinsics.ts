/** Where values of a stack come from while its template is resolved. */
export interface Scope {
  /** `Ref` of a parameter, resource or pseudo parameter; throws if there is none. */
  ref(logicalId: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  condition(name: string): boolean;
  mapping(map: string, first: string, second: string): unknown;
  importValue(name: string): unknown;
  zones: readonly string[];
  /** `{{resolve:ssm:NAME}}`. */
  parameter(name: string): string;
}

/** Stands for `AWS::NoValue`: the property is left out. */
export const NO_VALUE = Symbol('AWS::NoValue');

/**
 * A template value with its intrinsic functions worked out.
 * @throws on a function it does not know (Fn::Transform among them): a guess would run something else than what is deployed.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 */
export function resolveValue(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return dynamicReferences(value, scope);
  if (Array.isArray(value)) return value.map((item) => resolveValue(item, scope)).filter((item) => item !== NO_VALUE);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  if (entries.length === 1) {
    const [name, argument] = entries[0] as [string, unknown];
    if (name === 'Ref') return argument === 'AWS::NoValue' ? NO_VALUE : scope.ref(String(argument));
    if (name === 'Condition' && typeof argument === 'string') return scope.condition(argument);
    if (name.startsWith('Fn::')) return applied(name, argument, scope);
  }
  const resolved: Record<string, unknown> = {};
  for (const [key, item] of entries) {
    const result = resolveValue(item, scope);
    if (result !== NO_VALUE) resolved[key] = result;
  }
  return resolved;
}

const FUNCTIONS: Readonly<Record<string, (argument: unknown, scope: Scope) => unknown>> = {
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, ...names] = typeof argument === 'string' ? argument.split('.') : (argument as string[]);
    return scope.attribute(logicalId as string, names.map((name) => resolveValue(name, scope)).join('.'));
  },
  'Fn::Join': (argument, scope) => {
    const [separator, parts] = resolveValue(argument, scope) as [string, unknown[]];
    return parts.map(text).join(separator);
  },
  'Fn::Sub': substituted,
  'Fn::Select': (argument, scope) => {
    const [index, list] = resolveValue(argument, scope) as [number | string, unknown[]];
    const chosen = list[Number(index)];
    if (chosen === undefined) throw new Error(`Fn::Select asks for item ${index} of ${list.length}`);
    return chosen;
  },
  'Fn::Split': (argument, scope) => {
    const [separator, source] = resolveValue(argument, scope) as [string, unknown];
    return text(source).split(separator);
  },
  'Fn::If': (argument, scope) => {
    const [condition, yes, no] = argument as [string, unknown, unknown];
    return resolveValue(scope.condition(condition) ? yes : no, scope);
  },
  'Fn::FindInMap': (argument, scope) => {
    const [map, first, second] = resolveValue(argument, scope) as [string, string, string];
    return scope.mapping(map, first, second);
  },
  'Fn::Base64': (argument, scope) => Buffer.from(text(resolveValue(argument, scope))).toString('base64'),
  'Fn::GetAZs': (_, scope) => [...scope.zones],
  'Fn::ImportValue': (argument, scope) => scope.importValue(text(resolveValue(argument, scope))),
  'Fn::Cidr': (argument, scope) => {
    const [block, count, bits] = resolveValue(argument, scope) as [string, number | string, number | string];
    return cidrBlocks(block, Number(count), Number(bits ?? 8));
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = resolveValue(argument, scope) as [unknown, unknown];
    return text(left) === text(right);
  },
  'Fn::And': (argument, scope) => (argument as unknown[]).every((item) => resolveValue(item, scope) === true),
  'Fn::Or': (argument, scope) => (argument as unknown[]).some((item) => resolveValue(item, scope) === true),
  'Fn::Not': (argument, scope) => resolveValue((argument as unknown[])[0], scope) !== true,
  'Fn::ToJsonString': (argument, scope) => JSON.stringify(resolveValue(argument, scope)),
  'Fn::Length': (argument, scope) => (resolveValue(argument, scope) as unknown[]).length,
};

function applied(name: string, argument: unknown, scope: Scope): unknown {
  const apply = FUNCTIONS[name];
  if (!apply) throw new Error(`${name} is not known to the local cloud`);
  return apply(argument, scope);
}

function text(value: unknown): string {
  if (value !== null && typeof value === 'object') throw new Error(`expected text, not ${JSON.stringify(value)}`);
  return String(value);
}

function substituted(argument: unknown, scope: Scope): string {
  const [template, own] = (Array.isArray(argument) ? argument : [argument, {}]) as [string, Record<string, unknown>];
  const filled = template.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    if (Object.hasOwn(own, name)) return text(resolveValue(own[name], scope));
    const dot = name.indexOf('.');
    return text(dot < 0 ? scope.ref(name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1)));
  });
  return dynamicReferences(filled, scope);
}

function dynamicReferences(value: string, scope: Scope): string {
  if (!value.includes('{{resolve:')) return value;
  return value.replace(/\{\{resolve:([^:}]+):([^}]+)\}\}/g, (whole, service: string, name: string) => {
    if (service !== 'ssm') throw new Error(`${whole} is not known to the local cloud`);
    return scope.parameter(name.replace(/:\d+$/, ''));
  });
}

/** `count` consecutive IPv4 blocks of `bits` host bits inside `block`. */
function cidrBlocks(block: string, count: number, bits: number): string[] {
  const [address] = block.split('/') as [string];
  const start = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * 2 ** bits;
    return `${[24, 16, 8, 0].map((shift) => Math.floor(at / 2 ** shift) % 256).join('.')}/${32 - bits}`;
  });
}

/** Logical ids that a template value mentions by Ref, GetAtt or Sub. */
export function mentioned(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(value)) for (const item of value) mentioned(item, found);
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      if (key === 'Ref' && typeof item === 'string') found.add(item);
      else if (key === 'Fn::GetAtt')
        found.add(typeof item === 'string' ? (item.split('.')[0] as string) : String((item as string[])[0]));
      else if (key === 'Fn::Sub') {
        const template = Array.isArray(item) ? item[0] : item;
        for (const match of String(template).matchAll(/\$\{([^!}.]+)[^}]*\}/g)) found.add(match[1] as string);
        if (Array.isArray(item)) mentioned(item[1], found);
      } else mentioned(item, found);
    }
  }
  return found;
}
