/** An event pattern of Lambda's filter criteria. */
export type EventPattern = Readonly<Record<string, unknown>>;

/** @throws if a comparison is not emulated, so that no filter passes what AWS would hold back. */
export function parsePattern(text: string): EventPattern {
  const pattern = JSON.parse(text) as EventPattern;
  check(pattern);
  return pattern;
}

function check(pattern: unknown): void {
  if (Array.isArray(pattern)) {
    for (const rule of pattern as unknown[]) {
      if (rule === null || typeof rule !== 'object') continue;
      const [operator] = Object.keys(rule);
      if (!operator || !(operator in OPERATORS)) throw new Error(`the filter comparison ${operator} is not emulated`);
    }
  } else if (pattern !== null && typeof pattern === 'object') {
    if ('$or' in pattern) throw new Error('the filter comparison $or is not emulated');
    for (const inner of Object.values(pattern)) check(inner);
  } else throw new Error('a filter pattern ends in lists');
}

/**
 * Whether a document matches: every field of the pattern matches one of its rules.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
 */
export function matches(pattern: EventPattern, document: unknown): boolean {
  return Object.entries(pattern).every(([field, rules]) => {
    const value = (document as Record<string, unknown> | null | undefined)?.[field];
    if (Array.isArray(rules)) return [value].flat().some((one) => rules.some((rule) => fits(rule, one)));
    return value !== null && typeof value === 'object' && matches(rules as EventPattern, value);
  });
}

type Operator = (operand: unknown, value: unknown) => boolean;

const OPERATORS: Readonly<Record<string, Operator>> = {
  exists: (operand, value) => (value !== undefined) === operand,
  prefix: (operand, value) => typeof value === 'string' && value.startsWith(String(operand)),
  suffix: (operand, value) => typeof value === 'string' && value.endsWith(String(operand)),
  'anything-but': (operand, value) => value !== undefined && ![operand].flat().includes(value),
  'equals-ignore-case': (operand, value) =>
    typeof value === 'string' && value.toLowerCase() === String(operand).toLowerCase(),
  numeric: (operand, value) => typeof value === 'number' && within(operand as unknown[], value),
};

function fits(rule: unknown, value: unknown): boolean {
  if (rule === null || typeof rule !== 'object') return rule === value;
  const [operator, operand] = Object.entries(rule)[0] ?? [];
  return OPERATORS[operator ?? '']?.(operand, value) ?? false;
}

function within(comparison: readonly unknown[], value: number): boolean {
  for (let index = 0; index < comparison.length; index += 2) {
    const bound = Number(comparison[index + 1]);
    const holds: Record<string, boolean> = {
      '=': value === bound,
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
    };
    if (!holds[String(comparison[index])]) return false;
  }
  return true;
}
