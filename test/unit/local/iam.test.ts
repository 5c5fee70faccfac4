// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables
import { PolicyDirectory } from '../../../local/kernel/iam/directory.ts';
import type { PolicyDocument, StatementJson } from '../../../local/kernel/iam/document.ts';
import { Evaluator } from '../../../local/kernel/iam/evaluate.ts';

const ROLE = 'arn:aws:iam::000000000000:role/r';
const TRUST: PolicyDocument = {
  Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
};

function asked(
  statements: readonly StatementJson[],
  question: { action: string; resource: string; context?: Record<string, string | string[]> },
  more: (directory: PolicyDirectory) => void = () => {},
) {
  const directory = new PolicyDirectory();
  directory.addRole(ROLE, TRUST);
  directory.attachInline(ROLE, 'own', { Statement: statements });
  more(directory);
  const warnings: string[] = [];
  const evaluator = new Evaluator({
    directory,
    accountId: '000000000000',
    region: 'ap-southeast-2',
    warn: (text) => warnings.push(text),
  });
  const decision = evaluator.decide({ principal: { kind: 'role', roleArn: ROLE }, ...question });
  return { ...decision, warnings, evaluator };
}

const get = { action: 's3:GetObject', resource: 'arn:aws:s3:::b/k/one' };
const allow = (more: Partial<StatementJson> = {}): StatementJson => ({
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::b/*',
  ...more,
});

/** Each from the page of the element in the IAM user guide (reference_policies_elements_*.html). */
const ELEMENTS: readonly [what: string, statements: StatementJson[], allowed: boolean][] = [
  ['nothing allows: implicit deny', [], false],
  ['an allow', [allow()], true],
  ['explicit deny wins over allow', [allow(), allow({ Effect: 'Deny' })], false],
  ['actions match without regard to case', [allow({ Action: 'S3:getobject' })], true],
  ['action wildcards', [allow({ Action: 's3:Get*' })], true],
  ['? stands for one character', [allow({ Action: 's3:Get?bject' })], true],
  ['another action', [allow({ Action: 's3:PutObject' })], false],
  ['NotAction allows all others', [allow({ Action: undefined, NotAction: 's3:PutObject' })], true],
  ['NotAction leaves out its own', [allow({ Action: undefined, NotAction: 's3:Get*' })], false],
  ['another bucket', [allow({ Resource: 'arn:aws:s3:::c/*' })], false],
  ['the bucket is not its objects', [allow({ Resource: 'arn:aws:s3:::b' })], false],
  ['NotResource allows all others', [allow({ Resource: undefined, NotResource: 'arn:aws:s3:::c/*' })], true],
  ['NotResource leaves out its own', [allow({ Resource: undefined, NotResource: 'arn:aws:s3:::b/*' })], false],
  ['a variable in the resource', [allow({ Resource: 'arn:aws:s3:::b/${who}/*' })], true],
  ['a variable without value matches nothing', [allow({ Resource: 'arn:aws:s3:::b/${nobody}/*' })], false],
];

test.each(ELEMENTS)('%s', (_, statements, allowed) => {
  expect(asked(statements, { ...get, context: { who: 'k' } }).allowed).toBe(allowed);
});

/** Source: reference_policies_elements_condition_operators.html and ..._condition-single-vs-multi-valued-context-keys.html */
const CONDITIONS: readonly [condition: Record<string, Record<string, unknown>>, met: boolean][] = [
  [{ StringEquals: { tag: 'a' } }, true],
  [{ StringEquals: { TAG: ['x', 'a'] } }, true],
  [{ StringEquals: { tag: 'A' } }, false],
  [{ StringEqualsIgnoreCase: { tag: 'A' } }, true],
  [{ StringNotEquals: { tag: 'a' } }, false],
  [{ StringNotEquals: { absent: 'a' } }, true],
  [{ StringEquals: { absent: 'a' } }, false],
  [{ StringEqualsIfExists: { absent: 'a' } }, true],
  [{ StringLike: { path: '/k/*' } }, true],
  [{ StringNotLike: { path: '/k/*' } }, false],
  [{ NumericLessThan: { size: '10' } }, true],
  [{ NumericLessThan: { size: '9' } }, false],
  [{ NumericLessThanEquals: { size: 9 } }, true],
  [{ NumericGreaterThan: { tag: 1 } }, false],
  [{ Bool: { 'aws:SecureTransport': 'true' } }, true],
  [{ Null: { absent: 'true' } }, true],
  [{ Null: { tag: 'true' } }, false],
  [{ IpAddress: { ip: '10.0.0.0/8' } }, true],
  [{ NotIpAddress: { ip: '10.0.0.0/8' } }, false],
  [{ ArnLike: { arn: 'arn:aws:sns:*:*:t*' } }, true],
  [{ ArnEquals: { arn: 'arn:aws:sqs:*:*:t*' } }, false],
  [{ DateLessThan: { when: '2020-01-01T00:00:00Z' } }, true],
  [{ DateGreaterThan: { when: '2020-01-01T00:00:00Z' } }, false],
  [{ 'ForAllValues:StringEquals': { many: ['a', 'b', 'c'] } }, true],
  [{ 'ForAllValues:StringEquals': { many: ['a'] } }, false],
  [{ 'ForAnyValue:StringEquals': { many: ['b'] } }, true],
  [{ 'ForAnyValue:StringEquals': { absent: ['b'] } }, false],
  [{ StringEquals: { tag: 'a', path: 'no' } }, false],
];

test.each(CONDITIONS)('condition %j: %s', (Condition, met) => {
  const context = {
    tag: 'a',
    path: '/k/1',
    size: '9',
    ip: '10.1.2.3',
    arn: 'arn:aws:sns:r:0:topic',
    when: '2019-05-01T00:00:00Z',
    many: ['a', 'b'],
  };
  expect(asked([allow({ Condition })], { ...get, context }).allowed).toBe(met);
});

test('an unknown operator denies, in an allow and in a deny, and says so', () => {
  const Condition = { GeoWithin: { place: 'x' } };
  const inAllow = asked([allow({ Condition })], get);
  expect(inAllow.allowed).toBe(false);
  expect(inAllow.warnings[0]).toContain('GeoWithin');
  expect(asked([allow(), allow({ Effect: 'Deny', Condition })], get).allowed).toBe(false);
});

test('a permissions boundary cuts what the identity allows', () => {
  const arn = 'arn:aws:iam::000000000000:policy/edge';
  const bounded = (Action: string) =>
    asked([allow()], get, (directory) => {
      directory.addManagedPolicy(arn, { Statement: { Effect: 'Allow', Action, Resource: '*' } });
      directory.setBoundary(ROLE, arn);
    }).allowed;
  expect(bounded('s3:*')).toBe(true);
  expect(bounded('sqs:*')).toBe(false);
});

test('a key is closed to identity policies unless its own policy hands over', () => {
  const key = 'arn:aws:kms:ap-southeast-2:000000000000:key/k';
  const decrypt = { action: 'kms:Decrypt', resource: key };
  const identity: StatementJson[] = [{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: key }];
  const keyPolicy = (AWS: string): PolicyDocument => ({
    Statement: { Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' },
  });
  expect(asked(identity, decrypt).allowed).toBe(false);
  const root = (directory: PolicyDirectory) =>
    directory.setResourcePolicy(key, 'p', keyPolicy('arn:aws:iam::000000000000:root'));
  expect(asked(identity, decrypt, root).allowed).toBe(true);
  expect(asked([], decrypt, root).allowed).toBe(false);
  expect(asked([], decrypt, (directory) => directory.setResourcePolicy(key, 'p', keyPolicy(ROLE))).allowed).toBe(true);
});

test('a service is let in by the resource alone, from the source it names', () => {
  const topic = 'arn:aws:sns:ap-southeast-2:000000000000:t';
  const { evaluator } = asked([], get, (directory) =>
    directory.setResourcePolicy(topic, 'p', {
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Resource: topic,
        Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:cloudwatch:*:*:alarm:*' } },
      },
    }),
  );
  const from = (service: string, sourceArn: string) =>
    evaluator.decide({ principal: { kind: 'service', service, sourceArn }, action: 'sns:Publish', resource: topic })
      .allowed;
  expect(from('cloudwatch.amazonaws.com', 'arn:aws:cloudwatch:r:0:alarm:a')).toBe(true);
  expect(from('cloudwatch.amazonaws.com', 'arn:aws:events:r:0:rule/a')).toBe(false);
  expect(from('events.amazonaws.com', 'arn:aws:cloudwatch:r:0:alarm:a')).toBe(false);
});

test('only the service that the trust policy names may assume a role', () => {
  const { evaluator } = asked([], get);
  expect(evaluator.decideTrust(ROLE, 'lambda.amazonaws.com').allowed).toBe(true);
  expect(evaluator.decideTrust(ROLE, 'iot.amazonaws.com').allowed).toBe(false);
});

test('a grant counts as used when an access was allowed by it alone', () => {
  const put = allow({ Sid: 'Put', Action: ['s3:PutObject', 's3:DeleteObject'] });
  const { evaluator } = asked([allow({ Sid: 'Read' }), put, allow({ Sid: 'Again', Action: 's3:PutObject' })], get);
  const ask = (action: string) => evaluator.decide({ principal: { kind: 'role', roleArn: ROLE }, ...get, action });
  const used = () => evaluator.grantsOf(ROLE).filter((grant) => grant.used);
  expect(used().map(({ sid }) => sid)).toEqual(['Read']);
  ask('s3:PutObject');
  ask('s3:ListBucket');
  expect(used().map(({ sid }) => sid)).toEqual(['Read']);
  ask('s3:DeleteObject');
  expect(used().map(({ sid }) => sid)).toEqual(['Read', 'Put']);
});
