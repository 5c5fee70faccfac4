type Values = ReadonlyMap<string, number | undefined>;

/**
 * The value of a metric-math expression over one period: + - * / ( ), numbers, ids, FILL(id, number), SUM, MAX, MIN, AVG of
 * several ids, IF(condition, a, b) and comparisons. Missing data makes the result missing, except under FILL.
 * @throws on anything else. Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export function expressionValue(expression: string, values: Values): number | undefined {
  const tokens = expression.match(/\d+(?:\.\d+)?|[A-Za-z_]\w*|[<>=!]=|[-+*/(),<>[\]]/g) ?? [];
  if (tokens.join('') !== expression.replace(/\s+/g, '')) throw new Error(`metric math: cannot read ${expression}`);
  let at = 0;
  const take = (token: string): boolean => {
    if (tokens[at] !== token) return false;
    at++;
    return true;
  };
  const expect = (token: string): void => {
    if (!take(token)) throw new Error(`metric math: expected ${token} in ${expression}`);
  };
  const both = (
    a: number | undefined,
    b: number | undefined,
    apply: (a: number, b: number) => number,
  ): number | undefined => (a === undefined || b === undefined ? undefined : apply(a, b));

  const argumentsOf = (): (number | undefined)[] => {
    expect('(');
    const wrapped = take('[');
    const list = [comparison()];
    while (take(',')) list.push(comparison());
    if (wrapped) expect(']');
    expect(')');
    return list;
  };
  const primary = (): number | undefined => {
    if (take('(')) {
      const inner = comparison();
      expect(')');
      return inner;
    }
    if (take('-')) return both(0, primary(), (a, b) => a - b);
    const token = tokens[at++];
    if (token === undefined) throw new Error(`metric math: ${expression} ends early`);
    if (/^\d/.test(token)) return Number(token);
    if (tokens[at] !== '(') {
      if (!values.has(token)) throw new Error(`metric math: ${token} is not known in ${expression}`);
      return values.get(token);
    }
    const list = argumentsOf();
    const present = list.filter((value) => value !== undefined);
    switch (token) {
      case 'FILL':
        return list[0] ?? list[1];
      case 'IF':
        return list[0] === undefined ? undefined : list[0] !== 0 ? list[1] : list[2];
      case 'SUM':
        return present.length === 0 ? undefined : present.reduce((sum, value) => sum + value, 0);
      case 'AVG':
        return present.length === 0 ? undefined : present.reduce((sum, value) => sum + value, 0) / present.length;
      case 'MAX':
        return present.length === 0 ? undefined : Math.max(...present);
      case 'MIN':
        return present.length === 0 ? undefined : Math.min(...present);
      default:
        throw new Error(`metric math: ${token} is not known here`);
    }
  };
  const product = (): number | undefined => {
    let left = primary();
    while (tokens[at] === '*' || tokens[at] === '/') {
      const operator = tokens[at++];
      left = both(left, primary(), operator === '*' ? (a, b) => a * b : (a, b) => (b === 0 ? Number.NaN : a / b));
      if (Number.isNaN(left)) left = undefined; // CloudWatch drops points that divide by zero
    }
    return left;
  };
  const sum = (): number | undefined => {
    let left = product();
    while (tokens[at] === '+' || tokens[at] === '-') {
      const operator = tokens[at++];
      left = both(left, product(), operator === '+' ? (a, b) => a + b : (a, b) => a - b);
    }
    return left;
  };
  const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
    '>': (a, b) => a > b,
    '<': (a, b) => a < b,
    '>=': (a, b) => a >= b,
    '<=': (a, b) => a <= b,
    '==': (a, b) => a === b,
    '!=': (a, b) => a !== b,
  };
  function comparison(): number | undefined {
    const left = sum();
    const compare = COMPARISONS[tokens[at] ?? ''];
    if (!compare) return left;
    at++;
    return both(left, sum(), (a, b) => (compare(a, b) ? 1 : 0));
  }
  const result = comparison();
  if (at < tokens.length) throw new Error(`metric math: cannot read ${tokens.slice(at).join(' ')} in ${expression}`);
  return result;
}
