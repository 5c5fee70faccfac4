/** One expression of IoT SQL. */
export type Expression =
  | { kind: 'literal'; value: string | number | boolean | null }
  | { kind: 'everything' }
  | { kind: 'path'; steps: (string | number)[] }
  | { kind: 'call'; name: string; args: Expression[] }
  | { kind: 'unary'; operator: '-' | 'not'; of: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression };

export interface Selection {
  expression: Expression;
  /** Undefined for `*`. */
  name: string | undefined;
}

export interface Statement {
  selections: Selection[];
  topicFilter: string;
  where: Expression | undefined;
}

interface Token {
  kind: 'string' | 'number' | 'word' | 'symbol' | 'end';
  text: string;
}

const TOKEN =
  /\s*(?:'((?:[^']|'')*)'|(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_$][A-Za-z0-9_$]*)|(<>|!=|<=|>=|[=<>+\-*/%(),.[\]])|(\S))/gy;
const PRECEDENCE = [['or'], ['and'], ['=', '<>', '!=', '<', '<=', '>', '>='], ['+', '-'], ['*', '/', '%']];

function tokens(sql: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(sql); match; match = TOKEN.exec(sql)) {
    const [, quoted, digits, word, symbol, other] = match;
    if (other !== undefined) throw new Error(`IoT SQL: unexpected ${other} in: ${sql}`);
    if (quoted !== undefined) found.push({ kind: 'string', text: quoted.replaceAll("''", "'") });
    else if (digits !== undefined) found.push({ kind: 'number', text: digits });
    else if (word !== undefined) found.push({ kind: 'word', text: word });
    else found.push({ kind: 'symbol', text: symbol as string });
  }
  return found;
}

/** Recursive descent over one statement or one expression of a substitution template. */
class Parser {
  readonly #tokens: Token[];
  readonly #sql: string;
  #at = 0;

  constructor(sql: string) {
    this.#sql = sql;
    this.#tokens = tokens(sql);
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: 'the end' };
  }

  #fail(wanted: string): never {
    throw new Error(`IoT SQL: expected ${wanted}, found ${this.#token.text} in: ${this.#sql}`);
  }

  #take(text: string): boolean {
    const token = this.#token;
    if (token.kind === 'string' || token.text.toLowerCase() !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail(text);
  }

  #next(kind: Token['kind'], wanted: string): string {
    const token = this.#token;
    if (token.kind !== kind) this.#fail(wanted);
    this.#at++;
    return token.text;
  }

  statement(): Statement {
    this.#expect('select');
    const selections: Selection[] = [];
    do selections.push(this.#selection());
    while (this.#take(','));
    this.#expect('from');
    const topicFilter = this.#next('string', 'a quoted topic filter');
    const where = this.#take('where') ? this.#binary(0) : undefined;
    this.end();
    return { selections, topicFilter, where };
  }

  expression(): Expression {
    const expression = this.#binary(0);
    this.end();
    return expression;
  }

  end(): void {
    if (this.#token.kind !== 'end') this.#fail('the end');
  }

  #selection(): Selection {
    const expression = this.#binary(0);
    if (this.#take('as')) return { expression, name: this.#next('word', 'a name') };
    if (expression.kind === 'everything') return { expression, name: undefined };
    if (expression.kind === 'call') return { expression, name: expression.name };
    const last = expression.kind === 'path' ? expression.steps.at(-1) : undefined;
    if (typeof last !== 'string') this.#fail('AS and a name');
    return { expression, name: last };
  }

  #binary(level: number): Expression {
    const operators = PRECEDENCE[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    for (let found = this.#operator(operators); found; found = this.#operator(operators)) {
      left = { kind: 'binary', operator: found, left, right: this.#binary(level + 1) };
    }
    return left;
  }

  #operator(operators: readonly string[]): string | undefined {
    return operators.find((operator) => this.#take(operator));
  }

  #unary(): Expression {
    if (this.#take('not')) return { kind: 'unary', operator: 'not', of: this.#unary() };
    if (this.#take('-')) return { kind: 'unary', operator: '-', of: this.#unary() };
    return this.#primary();
  }

  #primary(): Expression {
    if (this.#take('*')) return { kind: 'everything' };
    if (this.#take('(')) {
      const inner = this.#binary(0);
      this.#expect(')');
      return inner;
    }
    const token = this.#token;
    this.#at++;
    if (token.kind === 'string') return { kind: 'literal', value: token.text };
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) };
    if (token.kind !== 'word') {
      this.#at--;
      this.#fail('an expression');
    }
    const lower = token.text.toLowerCase();
    if (lower === 'true' || lower === 'false') return { kind: 'literal', value: lower === 'true' };
    if (lower === 'null') return { kind: 'literal', value: null };
    if (this.#take('(')) return { kind: 'call', name: token.text, args: this.#args() };
    return this.#path(token.text);
  }

  #args(): Expression[] {
    const args: Expression[] = [];
    if (this.#take(')')) return args;
    do args.push(this.#binary(0));
    while (this.#take(','));
    this.#expect(')');
    return args;
  }

  #path(first: string): Expression {
    const steps: (string | number)[] = [first];
    for (;;) {
      if (this.#take('.')) steps.push(this.#next('word', 'a field'));
      else if (this.#take('[')) {
        steps.push(Number(this.#next('number', 'an index')));
        this.#expect(']');
      } else return { kind: 'path', steps };
    }
  }
}

/** @throws Error naming what was expected where */
export const parseStatement = (sql: string): Statement => new Parser(sql).statement();
export const parseExpression = (text: string): Expression => new Parser(text).expression();
