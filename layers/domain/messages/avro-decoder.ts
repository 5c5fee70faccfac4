import type { AvroRecord, AvroSchema } from '../../contracts/avro/schema.ts';
import type { Reason, ReasonCode } from '../../contracts/codes/reasons.ts';
import { AvroReader } from './avro-bytes.ts';
import type { JsonValue } from './strict-json.ts';

/** A record decodes to at most so many values: its bytes bound it already, as each value has at least one. */
const MAX_VALUES = 1_000_000;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Ends the decoding with what is wrong. */
class Fault {
  readonly code: ReasonCode;
  readonly path: string;
  readonly message: string;
  constructor(code: ReasonCode, path: string, message: string) {
    this.code = code;
    this.path = path;
    this.message = message;
  }
}

/**
 * One Avro record as the value that its JSON form would give, to be judged by the same contract. A null stands for an absent
 * field. The names of fields are the schema's: bytes cannot name any. Never throws.
 */
export function decodeAvro(
  schema: AvroRecord,
  bytes: Uint8Array,
): { ok: true; value: JsonValue } | { ok: false; reasons: Reason[] } {
  const decoder = new Decoder(bytes);
  try {
    const value = decoder.value(schema, '');
    if (decoder.at === bytes.length) return { ok: true, value };
    return { ok: false, reasons: [{ code: 'INVALID_AVRO', path: '', message: 'bytes follow the record' }] };
  } catch (fault) {
    if (fault instanceof Fault) {
      return { ok: false, reasons: [{ code: fault.code, path: fault.path, message: fault.message }] };
    }
    if (!(fault instanceof RangeError)) throw fault;
    return {
      ok: false,
      reasons: [{ code: 'INVALID_AVRO', path: '', message: 'the bytes are not a record of the schema' }],
    };
  }
}

class Decoder extends AvroReader {
  #values = 0;

  value(schema: AvroSchema, path: string): JsonValue {
    if (++this.#values > MAX_VALUES) throw new Fault('TOO_LARGE', path, `over ${MAX_VALUES} values`);
    if (typeof schema === 'string') return this.#primitive(schema, path);
    if (!('type' in schema)) {
      const branch = schema[this.long()];
      if (branch === undefined) throw new Fault('INVALID_AVRO', path, 'no such branch of the union');
      return this.value(branch, path);
    }
    switch (schema.type) {
      case 'long':
        return this.long();
      case 'enum': {
        const symbol = schema.symbols[this.long()];
        if (symbol === undefined) throw new Fault('INVALID_AVRO', path, 'no such symbol of the enum');
        return symbol;
      }
      case 'array':
        return this.#array(schema.items, path);
      case 'record':
        return this.#record(schema, path);
    }
  }

  #primitive(type: string, path: string): JsonValue {
    switch (type) {
      case 'null':
        return null;
      case 'int':
      case 'long':
        return this.long();
      case 'double':
        return this.#double(path);
      case 'string':
        return this.#text(path);
      default:
        throw new Error(`no message of ours has the Avro type ${type}`);
    }
  }

  #record(schema: AvroRecord, path: string): JsonValue {
    const record: { [key: string]: JsonValue } = {};
    for (const { name, type } of schema.fields) {
      const value = this.value(type, path === '' ? name : `${path}.${name}`);
      if (value !== null) record[name] = value;
    }
    return record;
  }

  #array(items: AvroSchema, path: string): JsonValue {
    const array: JsonValue[] = [];
    for (let count = this.blockCount(); count > 0; count = this.blockCount()) {
      // Every item has a byte: more cannot be there, whatever the count says.
      if (count > this.bytes.length - this.at) throw new Fault('INVALID_AVRO', path, 'fewer items than counted');
      for (let i = 0; i < count; i++) array.push(this.value(items, `${path}[${array.length}]`));
    }
    return array;
  }

  #double(path: string): number {
    if (this.at + 8 > this.bytes.length) throw new RangeError('past the end');
    const number = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at, 8).getFloat64(0, true);
    this.at += 8;
    if (!Number.isFinite(number)) throw new Fault('NOT_FINITE', path, `${number} is no measurement`);
    return number;
  }

  #text(path: string): string {
    const length = this.length();
    const octets = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    try {
      return utf8.decode(octets);
    } catch {
      throw new Fault('INVALID_UTF8', path, 'the bytes are not UTF-8');
    }
  }
}
