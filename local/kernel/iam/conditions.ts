import { BlockList } from 'node:net';
import { arnPattern, type ConditionBlock, listOf, substitute, textPattern } from './document.ts';

/** Values of the request's condition keys; keys are looked up without regard to case. */
export type ConditionContext = (key: string) => readonly string[] | undefined;

type Compare = (actual: string, expected: string) => boolean;

const numeric =
  (compare: (actual: number, expected: number) => boolean): Compare =>
  (actual, expected) =>
    actual.trim() !== '' && compare(Number(actual), Number(expected));

/** IAM dates are ISO 8601 or epoch seconds. */
const instant = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));
const date =
  (compare: (actual: number, expected: number) => boolean): Compare =>
  (actual, expected) =>
    compare(instant(actual), instant(expected));

const inRange: Compare = (actual, expected) => {
  const [network, bits] = expected.split('/') as [string, string?];
  const family = network.includes(':') ? 'ipv6' : 'ipv4';
  const range = new BlockList();
  range.addSubnet(network, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  return range.check(actual, actual.includes(':') ? 'ipv6' : 'ipv4');
};

const arnLike: Compare = (actual, expected) => arnPattern(expected).test(actual);
const stringLike: Compare = (actual, expected) => textPattern(expected).test(actual);

/** Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const OPERATORS: Readonly<Record<string, { compare: Compare; negated?: boolean }>> = {
  StringEquals: { compare: (actual, expected) => actual === expected },
  StringNotEquals: { compare: (actual, expected) => actual === expected, negated: true },
  StringEqualsIgnoreCase: { compare: (actual, expected) => actual.toLowerCase() === expected.toLowerCase() },
  StringNotEqualsIgnoreCase: {
    compare: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
    negated: true,
  },
  StringLike: { compare: stringLike },
  StringNotLike: { compare: stringLike, negated: true },
  NumericEquals: { compare: numeric((a, b) => a === b) },
  NumericNotEquals: { compare: numeric((a, b) => a === b), negated: true },
  NumericLessThan: { compare: numeric((a, b) => a < b) },
  NumericLessThanEquals: { compare: numeric((a, b) => a <= b) },
  NumericGreaterThan: { compare: numeric((a, b) => a > b) },
  NumericGreaterThanEquals: { compare: numeric((a, b) => a >= b) },
  DateEquals: { compare: date((a, b) => a === b) },
  DateNotEquals: { compare: date((a, b) => a === b), negated: true },
  DateLessThan: { compare: date((a, b) => a < b) },
  DateLessThanEquals: { compare: date((a, b) => a <= b) },
  DateGreaterThan: { compare: date((a, b) => a > b) },
  DateGreaterThanEquals: { compare: date((a, b) => a >= b) },
  Bool: { compare: (actual, expected) => actual.toLowerCase() === expected.toLowerCase() },
  BinaryEquals: { compare: (actual, expected) => actual === expected },
  IpAddress: { compare: inRange },
  NotIpAddress: { compare: inRange, negated: true },
  ArnEquals: { compare: arnLike },
  ArnLike: { compare: arnLike },
  ArnNotEquals: { compare: arnLike, negated: true },
  ArnNotLike: { compare: arnLike, negated: true },
};

export type ConditionOutcome = { met: boolean } | { unknownOperator: string };

/**
 * Whether every operator block of a Condition element is met. Values of one key are alternatives (for a negated operator:
 * none of them may match); keys and operators are all required. An absent key fails, except under a negated operator,
 * `…IfExists`, `ForAllValues:` and `Null`.
 */
export function conditionOutcome(block: ConditionBlock | undefined, context: ConditionContext): ConditionOutcome {
  for (const [written, keys] of Object.entries(block ?? {})) {
    const quantifier = /^(ForAllValues|ForAnyValue):/.exec(written)?.[1];
    let name = written.replace(/^(ForAllValues|ForAnyValue):/, '');
    const ifExists = name.endsWith('IfExists');
    if (ifExists) name = name.slice(0, -'IfExists'.length);
    if (name !== 'Null' && !OPERATORS[name]) return { unknownOperator: written };
    for (const [key, raw] of Object.entries(keys)) {
      const actual = context(key);
      const expected = listOf(raw).map(String);
      if (name === 'Null') {
        if (!expected.some((value) => (value === 'true') === (actual === undefined))) return { met: false };
      } else if (!keyMet({ name, quantifier, ifExists, actual, expected, context })) return { met: false };
    }
  }
  return { met: true };
}

function keyMet(question: {
  name: string;
  quantifier: string | undefined;
  ifExists: boolean;
  actual: readonly string[] | undefined;
  expected: readonly string[];
  context: ConditionContext;
}): boolean {
  const { name, quantifier, ifExists, actual, expected, context } = question;
  const { compare, negated = false } = OPERATORS[name] as { compare: Compare; negated?: boolean };
  if (actual === undefined || actual.length === 0) {
    if (quantifier === 'ForAllValues') return true;
    if (quantifier === 'ForAnyValue') return false;
    return ifExists || negated;
  }
  const alternatives = expected
    .map((value) => (value.includes('${') ? substitute(value, (key) => context(key)?.[0]) : value))
    .filter((value) => value !== undefined);
  const one = (value: string) => alternatives.some((alternative) => compare(value, alternative)) !== negated;
  return quantifier === 'ForAllValues' ? actual.every(one) : actual.some(one);
}
