import avro from 'avsc';
import { avroSchemas } from '../../../layers/contracts/avro/from-contract.ts';
import { withCurrent } from '../../../layers/contracts/avro/release.ts';
import { RELEASED_SCHEMAS } from '../../../layers/contracts/avro/released.ts';
import { type AvroField, type AvroRecord, incompatibilities } from '../../../layers/contracts/avro/schema.ts';

const current = avroSchemas();
const events = current['meter-events'];
const withFields = (fields: readonly AvroField[]): AvroRecord => ({ ...events, fields });
const without = (name: string) => withFields(events.fields.filter((field) => field.name !== name));
const typed = (name: string, type: AvroField['type']) =>
  withFields(events.fields.map((field) => (field.name === name ? { ...field, type } : field)));

/** What another library says of reading one schema's records by the other, both ways. */
const agreed = (next: AvroRecord, before: AvroRecord): boolean => {
  const [reader, writer] = [next, before].map((schema) => avro.Type.forSchema(schema as avro.Schema));
  try {
    reader?.createResolver(writer as avro.Type);
    writer?.createResolver(reader as avro.Type);
    return true;
  } catch {
    return false;
  }
};

test('what is released is what the contracts say now', () => {
  const { releases, breaks } = withCurrent(RELEASED_SCHEMAS, current);
  expect(breaks).toEqual([]);
  expect(releases).toEqual(RELEASED_SCHEMAS);
});

test.each(Object.entries(RELEASED_SCHEMAS))(
  '%s: every version is an Avro schema, and lives with every other',
  (_, all) => {
    expect(all.length).toBeGreaterThan(0);
    for (const one of all) {
      avro.Type.forSchema(one as unknown as avro.Schema);
      for (const other of all) expect(incompatibilities(one, other)).toEqual([]);
    }
  },
);

describe('changes', () => {
  const optional: AvroField = { name: 'severity', type: ['null', 'long'], default: null };
  test.each([
    ['none', events, true],
    ['an optional field more', withFields([...events.fields, optional]), true],
    ['an optional field less', without('detail'), true],
    ['a required field more', withFields([...events.fields, { name: 'severity', type: 'long' }]), false],
    ['a required field less', without('time'), false],
    ['another type', typed('time', 'long'), false],
    ['a wider type, which old readers cannot take', typed('event', ['null', 'string']), false],
    ['another name', { ...events, name: 'Event' }, false],
  ])('%s', (_, next, compatible) => {
    expect(incompatibilities(next, events).length === 0).toBe(compatible);
    expect(agreed(next, events)).toBe(compatible);
    const { releases, breaks } = withCurrent(RELEASED_SCHEMAS, { ...current, 'meter-events': next });
    expect(breaks.length === 0).toBe(compatible);
    if (next !== events) expect(releases['meter-events']).toHaveLength(RELEASED_SCHEMAS['meter-events'].length + 1);
  });

  test('a kind that is gone', () => {
    const { 'meter-events': _, ...rest } = current;
    expect(withCurrent(RELEASED_SCHEMAS, rest).breaks).toEqual([
      'meter-events: a released kind has no schema any more',
    ]);
  });

  test('a symbol more, which old readers do not know', () => {
    const columns = current['interval-columns'];
    const fields = columns.fields.map((field) =>
      field.name === 'unit'
        ? { ...field, type: { type: 'enum' as const, name: 'EnergyUnit', symbols: ['kWh', 'kvarh', 'm3'] } }
        : field,
    );
    expect(incompatibilities({ ...columns, fields }, columns)).toEqual([
      'old readers: unit: the reader does not know m3',
    ]);
  });
});
