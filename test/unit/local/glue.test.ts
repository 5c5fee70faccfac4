import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_SCHEMA_BYTES, SchemaRegistry } from '../../../local/glue/registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'smart-grid-glue-'));
const file = join(folder, 'glue', 'schemas.json');
afterAll(() => rmSync(folder, { recursive: true }));

const definition = (...fields: object[]) =>
  JSON.stringify({ type: 'record', name: 'Event', fields: [{ name: 'meterId', type: 'string' }, ...fields] });
const optional = { name: 'detail', type: ['null', 'string'], default: null };
const wanted = (compatibility: string, first = definition()) => ({
  registry: 'smart-grid-local',
  name: `events-${compatibility}`,
  compatibility,
  definition: first,
});

/** https://docs.aws.amazon.com/glue/latest/dg/schema-registry.html, "Schema versioning and compatibility". */
describe('schema registry', () => {
  test('an id outlives the process; the same definition again is the same version', () => {
    const schema = new SchemaRegistry(file).createSchema(wanted('FULL_ALL'));
    const second = new SchemaRegistry(file).register(schema, definition(optional));
    expect(second.number).toBe(2);
    const again = new SchemaRegistry(file);
    expect(again.createSchema(wanted('FULL_ALL')).versions[0]?.id).toBe(schema.versions[0]?.id);
    const kept = again.createSchema(wanted('BACKWARD'));
    expect(again.register(kept, definition()).id).toBe(kept.versions[0]?.id);
  });

  test('another first version under a name is refused, as CloudFormation would be', () => {
    expect(() => new SchemaRegistry(file).createSchema(wanted('FULL_ALL', definition(optional)))).toThrow('exists');
  });

  test.each([
    ['FULL_ALL', { name: 'time', type: 'string' }, false],
    ['FULL', { name: 'time', type: 'string' }, false],
    ['BACKWARD', { name: 'time', type: 'string' }, false],
    ['FORWARD', { name: 'time', type: 'string' }, true],
    ['FORWARD_ALL', { name: 'time', type: 'string' }, true],
    ['NONE', { name: 'time', type: 'string' }, true],
    ['DISABLED', optional, false],
    ['FULL_ALL', optional, true],
  ])('%s with a further %j: %s', (compatibility, field, allowed) => {
    const registry = new SchemaRegistry(join(folder, `${compatibility}-${field.name}.json`));
    const schema = registry.createSchema(wanted(compatibility));
    const register = () => registry.register(schema, definition(field));
    if (allowed) expect(register().number).toBe(2);
    else expect(register).toThrow(compatibility);
  });

  test('what is no schema, too large, or of no known compatibility is refused', () => {
    const registry = new SchemaRegistry(join(folder, 'refused.json'));
    expect(() => registry.createSchema(wanted('FULL', '{"type":"record"}'))).toThrow('invalid');
    expect(() => registry.createSchema(wanted('FULL', 'x'.repeat(MAX_SCHEMA_BYTES + 1)))).toThrow('at most');
    expect(() => registry.createSchema(wanted('SOMEHOW'))).toThrow('no compatibility');
  });
});
