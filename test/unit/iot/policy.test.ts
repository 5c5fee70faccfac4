import { publishViolation, Rate } from '../../../local/iot/limits.ts';
import { ConnectionPolicy } from '../../../local/iot/policy.ts';
import { topicMatcher } from '../../../local/iot/rules.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of AWS IoT.
const THING = '${iot:Connection.Thing.ThingName}';
const allow = (Resource: string, extra = {}) => ({
  Effect: 'Allow' as const,
  Action: 'iot:Publish',
  Resource,
  ...extra,
});
const policy = (thing: string | undefined, ...statements: object[]) =>
  new ConnectionPolicy([{ Statement: statements as never }], {
    'iot:Connection.Thing.ThingName': thing,
    'iot:Connection.Thing.IsAttached': String(thing !== undefined),
  });

test('a thing that is named * is no wildcard', () => {
  const starred = policy('*', allow(`topic/meters/${THING}/x`));
  expect(starred.allows('iot:Publish', 'topic/meters/*/x')).toBe(true);
  expect(starred.allows('iot:Publish', 'topic/meters/m001/x')).toBe(false);
});

test('a variable without a value matches nothing; a deny wins; other actions are denied', () => {
  expect(policy(undefined, allow(`topic/${THING}`)).allows('iot:Publish', 'topic/')).toBe(false);
  const denied = policy('m', allow('*'), allow('topic/secret', { Effect: 'Deny' }));
  expect(denied.allows('iot:Publish', 'topic/open')).toBe(true);
  expect(denied.allows('iot:Publish', 'topic/secret')).toBe(false);
  expect(denied.allows('iot:Subscribe', 'topic/open')).toBe(false);
});

test('IsAttached is a condition', () => {
  const attached = allow('*', { Condition: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } } });
  expect(policy('m', attached).allows('iot:Publish', 'topic/a')).toBe(true);
  expect(policy(undefined, attached).allows('iot:Publish', 'topic/a')).toBe(false);
});

test('Basic Ingest does not count its first three levels', () => {
  const eight = 'a/b/c/d/e/f/g/h';
  expect(publishViolation(`$aws/rules/r/${eight}`, 1)).toBeUndefined();
  expect(publishViolation(`$aws/rules/r/${eight}/i`, 1)).toMatch(/8 slashes/);
  expect(publishViolation(`$aws/rules/${'r'.repeat(100)}/${'x'.repeat(256)}`, 1)).toBeUndefined();
  expect(publishViolation(`$aws/rules/r/${'x'.repeat(257)}`, 1)).toMatch(/257 bytes/);
});

test('topic filters', () => {
  expect(topicMatcher('a/+/c')('a/b/c')).toBe(true);
  expect(topicMatcher('a/+/c')('a/b/c/d')).toBe(false);
  expect(topicMatcher('a/#')('a')).toBe(true);
  expect(topicMatcher('#')('$aws/x')).toBe(false);
});

test('a rate holds one second of tokens and refills', () => {
  const rate = new Rate(2, 0);
  expect([rate.take(1, 0), rate.take(1, 0), rate.take(1, 0), rate.take(1, 500)]).toEqual([true, true, false, true]);
});
