import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import avro from 'avsc';
import fc from 'fast-check';
import { RELEASED_VERSIONS, schemaVersions } from '../../../layers/contracts/avro/versions.ts';
import { MAX_DECOMPRESSED_BYTES } from '../../../layers/contracts/messages/limits.ts';
import type { MessageKind } from '../../../layers/contracts/messages/messages.ts';
import { openPayload, withRegistryHeader } from '../../../layers/domain/messages/payload.ts';
import { readPayload } from '../../../layers/domain/messages/read-payload.ts';

const idOf = (index: number): string => `0a1b2c3d-0000-4000-8000-00000000000${index}`;
const schemas = schemaVersions(RELEASED_VERSIONS.map(({ name }, index) => `${name}=${idOf(index)}`).join(','));

const released = (kind: MessageKind) => {
  const index = RELEASED_VERSIONS.findIndex((each) => each.kind === kind);
  const version = RELEASED_VERSIONS[index];
  if (!version) throw new Error(`no schema of ${kind}`);
  return { id: idOf(index), type: avro.Type.forSchema(version.schema as avro.Schema) };
};

/** Reads bytes as a consumer of the topic does: a value, or the codes of what is wrong. */
const read = (kind: MessageKind, bytes: Uint8Array) => {
  const payload = readPayload(openPayload(bytes, schemas), kind);
  return payload.ok ? payload.value : payload.reasons.map(({ code }) => code);
};

const event = { meterId: 'm1', time: '2025-07-01T00:00:00Z', event: 'LAST_GASP' };
const json = Buffer.from(JSON.stringify(event));
const { id, type } = released('meter-events');
const record = type.toBuffer({ ...event, detail: null });
const framed = withRegistryHeader(record, id);
const zlibFramed = Buffer.concat([Uint8Array.of(3, 5), framed.subarray(2, 18), deflateSync(record)]);
const withByte = (bytes: Uint8Array, at: number, octet: number): Uint8Array =>
  Uint8Array.from(bytes, (old, index) => (index === at ? octet : old));

describe('one message in every wrapping', () => {
  test.each([
    ['JSON', json],
    ['JSON in gzip', gzipSync(json)],
    ['JSON in zstd', zstdCompressSync(json)],
    ['Avro', framed],
    ['Avro, zlib by its header', zlibFramed],
    ['Avro in gzip', gzipSync(framed)],
    ['Avro in zstd', zstdCompressSync(framed)],
  ])('%s', (_, bytes) => expect(read('meter-events', bytes)).toEqual(event));
});

/**
 * The registry's header, byte by byte, as its own serializers write it (aws-glue-schema-registry, Apache-2.0: AWSSchemaRegistryConstants):
 * header version 3, compression 0 (none) or 5 (zlib), the schema version's UUID, most significant byte first; then the Avro record: a string
 * is its length in zig-zag (2 is 4, 20 is 0x28, 9 is 0x12) and its bytes, a union its branch (null: 0) and its value.
 */
test('golden bytes of the wire format', () => {
  const golden = Buffer.concat([
    Buffer.from('0300', 'hex'),
    Buffer.from(id.replaceAll('-', ''), 'hex'),
    Buffer.from('04', 'hex'),
    Buffer.from('m1'),
    Buffer.from('28', 'hex'),
    Buffer.from('2025-07-01T00:00:00Z'),
    Buffer.from('12', 'hex'),
    Buffer.from('LAST_GASP'),
    Buffer.from('00', 'hex'),
  ]);
  expect(golden.length).toBe(18 + 3 + 21 + 10 + 1);
  expect(Buffer.from(framed).toString('hex')).toBe(golden.toString('hex'));
  expect(read('meter-events', golden)).toEqual(event);
  const zlib = Buffer.concat([Buffer.from('0305', 'hex'), golden.subarray(2, 18), deflateSync(golden.subarray(18))]);
  expect(read('meter-events', zlib)).toEqual(event);
});

describe('hostile bytes', () => {
  const bomb = Buffer.alloc(MAX_DECOMPRESSED_BYTES + 1, 0x20);
  const zlibBomb = Buffer.concat([Uint8Array.of(3, 5), framed.subarray(2, 18), deflateSync(bomb)]);
  const claims = (count: number[]) => withRegistryHeader(Buffer.from(count), released('interval-readings').id);
  test.each([
    ['gzip bomb', gzipSync(bomb), 'TOO_LARGE'],
    ['zstd bomb', zstdCompressSync(bomb), 'TOO_LARGE'],
    ['zlib bomb behind the header', zlibBomb, 'TOO_LARGE'],
    ['gzip cut off', gzipSync(json).subarray(0, -6), 'INVALID_COMPRESSION'],
    ['gzip of nothing but its magic', Uint8Array.of(0x1f, 0x8b), 'INVALID_COMPRESSION'],
    ['gzip with a wrong sum', withByte(gzipSync(json), gzipSync(json).length - 5, 0x55), 'INVALID_COMPRESSION'],
    ['zstd cut off', zstdCompressSync(json).subarray(0, -3), 'INVALID_COMPRESSION'],
    ['gzip in gzip', gzipSync(gzipSync(json)), 'INVALID_COMPRESSION'],
    ['zstd in gzip', gzipSync(zstdCompressSync(json)), 'INVALID_COMPRESSION'],
    ['a compression the registry does not know', withByte(framed, 1, 7), 'INVALID_COMPRESSION'],
    ['a header cut off', framed.subarray(0, 17), 'INVALID_AVRO'],
    ['a header without a record', framed.subarray(0, 18), 'INVALID_AVRO'],
    ['a schema of nobody', withByte(framed, 9, 0xee), 'UNKNOWN_SCHEMA'],
    ['a schema of another kind', withRegistryHeader(record, released('register-reads').id), 'WRONG_SCHEMA'],
    ['a record cut off', framed.subarray(0, -2), 'INVALID_AVRO'],
    ['bytes after the record', Buffer.concat([framed, Buffer.from('x')]), 'INVALID_AVRO'],
    ['no such branch of a union', withByte(framed, framed.length - 1, 0x7e), 'INVALID_AVRO'],
    ['text that is no UTF-8', withByte(framed, 19, 0xff), 'INVALID_UTF8'],
    ['a string longer than the record', claims([0x80, 0x80, 0x80, 0x80, 0x10]), 'INVALID_AVRO'],
    ['a length below zero', claims([0x01]), 'INVALID_AVRO'],
    ['a length without end', claims(Array(12).fill(0xff)), 'INVALID_AVRO'],
  ])('%s', (_, bytes, code) => expect(read(kindOf(bytes), bytes)).toEqual([code]));

  /** The topic that suits the schema in a header, so that only the fault itself is found. */
  function kindOf(bytes: Uint8Array): MessageKind {
    return Buffer.from(bytes.subarray(2, 18)).equals(Buffer.from(claims([]).subarray(2, 18)))
      ? 'interval-readings'
      : 'meter-events';
  }

  test('an array that claims more items than there are bytes', () => {
    const head = { meterId: 'm1', channel: 'activeEnergyImport', obis: null, unit: 'kWh', intervalMinutes: 30 };
    const { type: block, id: blockId } = released('interval-readings');
    const bytes = block.toBuffer({ ...head, intervals: [] });
    const claimed = Buffer.concat([bytes.subarray(0, -1), Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f)]);
    expect(read('interval-readings', withRegistryHeader(claimed, blockId))).toEqual(['INVALID_AVRO']);
  });

  test('a number that is none', () => {
    const { type: reads, id: readsId } = released('register-reads');
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const message = { meterId: 'm1', channel: 'activeEnergyImport', unit: 'kWh', time: event.time, value };
      expect(read('register-reads', withRegistryHeader(reads.toBuffer(message), readsId))).toEqual(['NOT_FINITE']);
    }
  });

  test('any bytes at all: an answer, and nothing of any prototype', () => {
    const header = (kind: MessageKind) => withRegistryHeader(new Uint8Array(0), released(kind).id);
    const kinds = RELEASED_VERSIONS.map(({ kind }) => kind).filter((kind) => kind !== 'interval-columns');
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 200 }), fc.boolean(), (kind, tail, packed) => {
        const bytes = Buffer.concat([header(kind), tail]);
        const value = read(kind, packed ? gzipSync(bytes) : bytes);
        expect(value).toBeDefined();
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
    );
  });
});

test('what another library writes is read as its JSON form', () => {
  const text = fc.string({ maxLength: 20 });
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  const read1 = fc.record({
    meterId: text,
    channel: optional(text),
    obis: optional(text),
    unit: text,
    time: text,
    value: finite,
    revision: optional(fc.integer()),
    register: optional(
      fc.record({ digits: optional(fc.integer()), multiplier: optional(finite), serial: optional(text) }),
    ),
    reason: optional(text),
  });
  const { type: reads, id: readsId } = released('register-reads');
  fc.assert(
    fc.property(read1, (message) => {
      const plain = JSON.parse(JSON.stringify(message)) as unknown;
      const bytes = withRegistryHeader(reads.toBuffer(nulled(message)), readsId);
      expect(JSON.parse(JSON.stringify(read('register-reads', bytes)))).toEqual(plain);
    }),
  );
});

/** Avro's form of what is absent. */
const nulled = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, nulled(inner)]));
};

test('a variable that names no released version is refused', () => {
  expect(() => schemaVersions('meter-events:9=x')).toThrow('no released schema version');
  expect(schemaVersions('').size).toBe(0);
});
