import { Buffer } from 'node:buffer';

/**
 * Avro's binary encoding as far as messages of ours need it: longs (ints, enums and lengths alike) and counted blocks.
 * Source: Apache Avro 1.12 specification, "Binary Encoding".
 */
export class AvroReader {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A zig-zag variable-length long, exact to 53 bits. @throws RangeError past the end, or beyond 53 bits. */
  long(): number {
    const first = this.bytes[this.at];
    if (first !== undefined && first < 0x80) {
      this.at++;
      return (first & 1) === 0 ? first >> 1 : -((first + 1) >> 1);
    }
    let low = 0;
    let scale = 1;
    for (let i = 0; ; i++) {
      if (this.at >= this.bytes.length || i === 8) throw new RangeError('no Avro long here');
      const octet = this.bytes[this.at++] as number;
      low += (octet & 0x7f) * scale;
      if (octet < 0x80) break;
      scale *= 0x80;
    }
    if (low > Number.MAX_SAFE_INTEGER) throw new RangeError('no Avro long here');
    return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
  }

  /** Length of the string or bytes that begin here. @throws RangeError if they do not end within the record. */
  length(): number {
    const length = this.long();
    if (length < 0 || this.at + length > this.bytes.length) throw new RangeError('longer than the record');
    return length;
  }

  /** Items of the next block of an array; 0: it ends. */
  blockCount(): number {
    const count = this.long();
    if (count >= 0) return count;
    // A negative count is followed by the block's bytes, for readers that skip it.
    this.long();
    return -count;
  }
}

/** Writes what `AvroReader` reads. */
export class AvroWriter {
  readonly #parts: Uint8Array[] = [];

  /** An int, a long, the index of an enum's symbol or a block's count. */
  long(value: number): void {
    const octets: number[] = [];
    let rest = value < 0 ? -value * 2 - 1 : value * 2;
    while (rest >= 0x80) {
      octets.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    octets.push(rest);
    this.#parts.push(Uint8Array.from(octets));
  }

  /** Bytes or UTF-8 of a string, with their length. */
  octets(octets: Uint8Array): void {
    this.long(octets.length);
    this.#parts.push(octets);
  }

  written(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
