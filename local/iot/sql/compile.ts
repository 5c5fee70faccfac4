import { asNumber, type RuleMessage, SQL_FUNCTIONS, Undefined } from './functions.ts';
import { type Expression, parseExpression, parseStatement } from './parse.ts';

/** The payload did not parse as JSON where the statement needs its fields. */
export class PayloadNotJson extends Error {}

class Row {
  readonly message: RuleMessage;
  #document: { json: unknown } | undefined;

  constructor(message: RuleMessage) {
    this.message = message;
  }

  /** Parsed on first use, so that a statement over bytes only never touches them. */
  get document(): unknown {
    this.#document ??= { json: parsePayload(this.message.payload) };
    return this.#document.json;
  }
}

type Evaluate = (row: Row) => unknown;

export interface CompiledRule {
  topicFilter: string;
  /** The bytes for the actions, or undefined if WHERE does not hold. @throws PayloadNotJson */
  evaluate(message: RuleMessage): Buffer | undefined;
}

/** @throws Error for what IoT SQL, or this emulation of it, does not know */
export function compileRule(sql: string): CompiledRule {
  const { selections, topicFilter, where } = parseStatement(sql);
  const holds = where && compile(where);
  const columns = selections.map(({ name, expression }) => ({ name, evaluate: compile(expression) }));
  const onlyEverything = columns.length === 1 && columns[0]?.name === undefined;
  return {
    topicFilter,
    evaluate(message) {
      const row = new Row(message);
      if (holds && holds(row) !== true) return undefined;
      if (onlyEverything) return message.payload;
      const output: Record<string, unknown> = {};
      for (const { name, evaluate } of columns) {
        const result = name === undefined ? row.document : evaluate(row);
        if (name === undefined) Object.assign(output, result);
        else if (result !== Undefined) output[name] = Buffer.isBuffer(result) ? row.document : result;
      }
      return Buffer.from(JSON.stringify(output));
    },
  };
}

/** Text with `${expression}` parts, evaluated per message. @returns undefined if a part has no value */
export function compileTemplate(template: string): (message: RuleMessage) => string | undefined {
  const parts = template
    .split(/(\$\{[^}]*\})/)
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('${') ? compile(parseExpression(part.slice(2, -1))) : part));
  if (parts.every((part) => typeof part === 'string')) return () => template;
  return (message) => {
    const row = new Row(message);
    const texts = parts.map((part) => (typeof part === 'string' ? part : part(row)));
    if (texts.some((text) => text === Undefined)) return undefined;
    return texts.map((text) => (typeof text === 'string' ? text : JSON.stringify(text))).join('');
  };
}

function parsePayload(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString()) as unknown;
  } catch {
    throw new PayloadNotJson('payload is not valid JSON');
  }
}

function compile(expression: Expression): Evaluate {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'everything':
      return (row) => row.message.payload;
    case 'path': {
      const { steps } = expression;
      return (row) => steps.reduce<unknown>(step, row.document);
    }
    case 'call': {
      const name = expression.name.toLowerCase();
      const apply = Object.hasOwn(SQL_FUNCTIONS, name) ? SQL_FUNCTIONS[name] : undefined;
      if (!apply) throw new Error(`IoT SQL: function ${expression.name}() is not emulated`);
      const args = expression.args.map(compile);
      if (args.length === 0) return (row) => apply([], row.message);
      return (row) =>
        apply(
          args.map((arg) => arg(row)),
          row.message,
        );
    }
    case 'unary': {
      const of = compile(expression.of);
      if (expression.operator === 'not') {
        return (row) => {
          const given = of(row);
          return typeof given === 'boolean' ? !given : Undefined;
        };
      }
      return (row) => {
        const given = asNumber(of(row));
        return given === undefined ? Undefined : -given;
      };
    }
    case 'binary':
      return binary(expression.operator, compile(expression.left), compile(expression.right));
  }
}

const step = (from: unknown, key: string | number): unknown =>
  from !== null && typeof from === 'object' && Object.hasOwn(from, key)
    ? (from as Record<string | number, unknown>)[key]
    : Undefined;

const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};
const ORDER: Record<string, (a: number | string, b: number | string) => boolean> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function binary(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  if (operator === 'and') return (row) => left(row) === true && right(row) === true;
  if (operator === 'or') return (row) => left(row) === true || right(row) === true;
  const calculate = ARITHMETIC[operator];
  if (calculate) {
    return (row) => {
      const [a, b] = [left(row), right(row)];
      if (operator === '+' && typeof a === 'string' && typeof b === 'string') return a + b;
      const [x, y] = [asNumber(a), asNumber(b)];
      if (x === undefined || y === undefined) return Undefined;
      const result = calculate(x, y);
      return Number.isFinite(result) ? result : Undefined;
    };
  }
  const compare = ORDER[operator];
  if (compare) {
    return (row) => {
      const [a, b] = [left(row), right(row)];
      if (typeof a === 'string' && typeof b === 'string') return compare(a, b);
      const [x, y] = [asNumber(a), asNumber(b)];
      return x === undefined || y === undefined ? Undefined : compare(x, y);
    };
  }
  return (row) => {
    const [a, b] = [left(row), right(row)];
    if (a === Undefined || b === Undefined) return Undefined;
    const equal = typeof a === 'number' || typeof b === 'number' ? asNumber(a) === asNumber(b) : a === b;
    return operator === '=' ? equal : !equal;
  };
}
