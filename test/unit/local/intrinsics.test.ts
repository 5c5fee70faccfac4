// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub's own placeholders
import { mentioned, resolveValue, type Scope } from '../../../local/assembly/intrinsics.ts';

const scope: Scope = {
  ref: (id) => ({ 'AWS::Region': 'ap-southeast-2', Bucket: 'b-1', List: ['x', 'y'] })[id] ?? fail(id),
  attribute: (id, name) => `${id}!${name}`,
  condition: (name) => name === 'Yes',
  mapping: (...path) => path.join('/'),
  importValue: (name) => `imported ${name}`,
  zones: ['z1', 'z2'],
  parameter: (name) => `value of ${name}`,
};
function fail(id: string): never {
  throw new Error(`${id} does not exist`);
}

const CASES: readonly [name: string, value: unknown, expected: unknown][] = [
  ['Ref', { Ref: 'Bucket' }, 'b-1'],
  ['GetAtt of a list', { 'Fn::GetAtt': ['Db', 'Endpoint.Address'] }, 'Db!Endpoint.Address'],
  ['GetAtt of text', { 'Fn::GetAtt': 'Db.Endpoint.Address' }, 'Db!Endpoint.Address'],
  ['Sub', { 'Fn::Sub': '${AWS::Region}/${Db.Arn}/${!kept}' }, 'ap-southeast-2/Db!Arn/${kept}'],
  ['Sub with own names', { 'Fn::Sub': ['${own}-${Bucket}', { own: { Ref: 'Bucket' } }] }, 'b-1-b-1'],
  ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Bucket' }, 3]] }, 'a-b-1-3'],
  ['Select of Split', { 'Fn::Select': ['1', { 'Fn::Split': [',', 'a,b,c'] }] }, 'b'],
  ['If', { 'Fn::If': ['Yes', 'a', { Ref: 'missing' }] }, 'a'],
  ['If NoValue', { kept: 1, left: { 'Fn::If': ['No', 1, { Ref: 'AWS::NoValue' }] } }, { kept: 1 }],
  ['NoValue in a list', [1, { Ref: 'AWS::NoValue' }, 2], [1, 2]],
  ['FindInMap', { 'Fn::FindInMap': ['m', { Ref: 'AWS::Region' }, 'k'] }, 'm/ap-southeast-2/k'],
  ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
  ['GetAZs', { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }, 'z1'],
  ['ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': 'x-${Bucket}' } }, 'imported x-b-1'],
  ['Cidr', { 'Fn::Cidr': ['10.0.0.0/16', 3, 8] }, ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']],
  ['Equals', { 'Fn::Equals': [{ Ref: 'Bucket' }, 'b-1'] }, true],
  [
    'And, Or, Not',
    { 'Fn::And': [{ 'Fn::Or': [{ Condition: 'No' }, { Condition: 'Yes' }] }, { 'Fn::Not': [{ Condition: 'No' }] }] },
    true,
  ],
  ['ssm reference', 'x{{resolve:ssm:/a/b:3}}y', 'xvalue of /a/by'],
];

test.each(CASES)('%s', (_, value, expected) => {
  expect(resolveValue(value, scope)).toEqual(expected);
});

test.each([
  ['Fn::Transform', { 'Fn::Transform': { Name: 'AWS::Include' } }],
  ['a missing resource', { Ref: 'Nothing' }],
  ['an index outside', { 'Fn::Select': [2, ['a', 'b']] }],
  ['a secret', '{{resolve:secretsmanager:x}}'],
  ['an object in text', { 'Fn::Join': ['', [{ a: 1 }]] }],
])('%s is refused', (_, value) => {
  expect(() => resolveValue(value, scope)).toThrow();
});

test('every way of mentioning a resource makes a dependency', () => {
  const value = [
    { Ref: 'A' },
    { 'Fn::GetAtt': ['B', 'Arn'] },
    { 'Fn::GetAtt': 'C.Arn' },
    { 'Fn::Sub': '${D}${E.Arn}${!no}' },
    { 'Fn::Sub': ['${x}', { x: { Ref: 'F' } }] },
    { deep: { 'Fn::Join': ['', [{ Ref: 'G' }]] } },
  ];
  expect([...mentioned(value)].filter((id) => id !== 'x').sort()).toEqual(['A', 'B', 'C', 'D', 'E', 'F', 'G']);
});
