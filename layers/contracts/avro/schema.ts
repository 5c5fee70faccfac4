/** An Avro schema as far as messages of ours need one. Source: Apache Avro 1.12 specification, "Schema Declaration". */
export type AvroSchema = AvroPrimitive | AvroRecord | AvroEnum | AvroArray | AvroLong | readonly AvroSchema[];

export type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'double' | 'string' | 'bytes';

export interface AvroLong {
  readonly type: 'long';
  readonly logicalType: string;
}

export interface AvroArray {
  readonly type: 'array';
  readonly items: AvroSchema;
}

export interface AvroEnum {
  readonly type: 'enum';
  readonly name: string;
  readonly symbols: readonly string[];
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroSchema;
  readonly doc?: string;
  readonly default?: unknown;
}

export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly fields: readonly AvroField[];
}

const isUnion = (schema: AvroSchema): schema is readonly AvroSchema[] => Array.isArray(schema);

const typeOf = (schema: Exclude<AvroSchema, readonly AvroSchema[]>): string =>
  typeof schema === 'string' ? schema : schema.type;

/** What a reader may take a writer's number for. Source: the specification, "Schema Resolution". */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['int', 'long', 'double'],
  long: ['long', 'double'],
  string: ['string', 'bytes'],
  bytes: ['bytes', 'string'],
};

/** Why a reader of one schema cannot read what a writer of another wrote, by the place in the reader's; empty: it can. */
export function unreadable(reader: AvroSchema, writer: AvroSchema, path = ''): string[] {
  const at = path === '' ? 'the message' : path;
  if (isUnion(writer)) return writer.flatMap((branch) => unreadable(reader, branch, path));
  if (isUnion(reader)) {
    return reader.some((branch) => unreadable(branch, writer, path).length === 0)
      ? []
      : [`${at}: no branch reads ${typeOf(writer)}`];
  }
  const [read, written] = [typeOf(reader), typeOf(writer)];
  if (!(PROMOTIONS[written] ?? [written]).includes(read)) return [`${at}: ${written} cannot be read as ${read}`];
  if (typeof reader === 'string' || typeof writer === 'string') return [];
  if (reader.type === 'array' && writer.type === 'array') return unreadable(reader.items, writer.items, `${path}[]`);
  if (reader.type === 'enum' && writer.type === 'enum') {
    const unknown = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol));
    return unknown.map((symbol) => `${at}: the reader does not know ${symbol}`);
  }
  if (reader.type !== 'record' || writer.type !== 'record') return [];
  if (reader.name !== writer.name) return [`${at}: ${writer.name} is not ${reader.name}`];
  return reader.fields.flatMap((field) => {
    const inner = path === '' ? field.name : `${path}.${field.name}`;
    const same = writer.fields.find(({ name }) => name === field.name);
    if (same) return unreadable(field.type, same.type, inner);
    return 'default' in field ? [] : [`${inner}: is not written, and has no default`];
  });
}

/** FULL compatibility: old readers read new messages, and new readers old ones. */
export const incompatibilities = (next: AvroSchema, before: AvroSchema): string[] => [
  ...unreadable(before, next).map((reason) => `old readers: ${reason}`),
  ...unreadable(next, before).map((reason) => `old messages: ${reason}`),
];
