import { compileRule, compileTemplate } from '../../../local/iot/sql/compile.ts';

const message = (payload: string | Buffer) => ({
  topic: 'meters/m001/interval-readings',
  payload: Buffer.from(payload),
  clientId: 'm001',
  receivedAt: 1000,
  traceId: 't',
  principal: '',
});
const run = (sql: string, payload: string | Buffer) => {
  const output = compileRule(sql).evaluate(message(payload));
  return output === undefined ? undefined : (JSON.parse(output.toString()) as unknown);
};

test('bytes that are no UTF-8 survive encode(*)', () => {
  const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
  expect(run("SELECT encode(*, 'base64') AS p, topic(2) AS id FROM 'a'", bytes)).toEqual({
    p: bytes.toString('base64'),
    id: 'm001',
  });
});

test.each([
  ["SELECT * FROM 'a'", '{"v":1.10}', { v: 1.1 }],
  ["SELECT v + 1 AS w FROM 'a'", '{"v":2}', { w: 3 }],
  ["SELECT a.b[1].c AS c FROM 'a'", '{"a":{"b":[0,{"c":"x"}]}}', { c: 'x' }],
  ["SELECT nothing AS n, clientid() AS c, timestamp() AS t FROM 'a'", '{}', { c: 'm001', t: 1000 }],
  ["SELECT *, upper(s) AS u FROM 'a'", '{"s":"x"}', { s: 'x', u: 'X' }],
  ["SELECT v FROM 'a' WHERE v > 2 AND NOT (v = 4)", '{"v":3}', { v: 3 }],
  ["SELECT v FROM 'a' WHERE v > 2 AND NOT (v = 4)", '{"v":4}', undefined],
  ["SELECT v FROM 'a' WHERE missing = 1", '{"v":4}', undefined],
  ["SELECT 2 + 3 * 4 AS n, -v AS m FROM 'a'", '{"v":1}', { n: 14, m: -1 }],
])('%s', (sql, payload, expected) => {
  expect(run(sql, payload)).toEqual(expected);
});

test('SELECT * passes the very bytes', () => {
  const bytes = Buffer.from('{ "v": 1.10 }');
  expect(compileRule("SELECT * FROM 'a'").evaluate(message(bytes))).toEqual(bytes);
});

test('what is not known is refused before the first message', () => {
  expect(() => compileRule("SELECT aws_lambda('x') AS y FROM 'a'")).toThrow(/aws_lambda\(\) is not emulated/);
  expect(() => compileRule("SELECT a b FROM 'a'")).toThrow(/expected from/);
  expect(() => compileRule('SELECT * FROM a')).toThrow(/quoted topic filter/);
});

test('a field of a payload that is no JSON is a parse error', () => {
  expect(() => run("SELECT v FROM 'a'", 'not json')).toThrow(/not valid JSON/);
});

test('substitution templates', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: AWS IoT's own substitution syntax.
  expect(compileTemplate('k/${topic(2)}/${traceid()}')(message('{}'))).toBe('k/m001/t');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: AWS IoT's own substitution syntax.
  expect(compileTemplate('${missing}')(message('{}'))).toBeUndefined();
});
