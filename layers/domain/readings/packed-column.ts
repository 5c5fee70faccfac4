/**
 * Integers as a base and offsets of one width (frame of reference): `base` f64, `width` u8 (0: all are the base; 1, 2, 4 bytes
 * unsigned; 8: f64), offsets little-endian. Base is the least, width the smallest that holds the spread: equal columns give
 * equal bytes.
 */
const HEADER_BYTES = 9;

/** Writes packed columns one after the other into a buffer that grows. */
export class ColumnWriter {
  #bytes: Uint8Array;
  #view: DataView;
  position = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  byte(octet: number): void {
    this.#reserve(1);
    this.#bytes[this.position++] = octet;
  }

  uint32(count: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.position, count, true);
    this.position += 4;
  }

  float64(number: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.position, number, true);
    this.position += 8;
  }

  bytes(octets: Uint8Array): void {
    this.#reserve(octets.length);
    this.#bytes.set(octets, this.position);
    this.position += octets.length;
  }

  /** Packs `count` numbers from the front of `column`: integers of at most 53 bits. One array type keeps the loops fast. */
  column(column: Float64Array, count: number): void {
    let least = count > 0 ? (column[0] as number) : 0;
    let most = least;
    for (let i = 1; i < count; i++) {
      const number = column[i] as number;
      if (number < least) least = number;
      else if (number > most) most = number;
    }
    const spread = most - least;
    const width = spread === 0 ? 0 : spread < 0x100 ? 1 : spread < 0x10000 ? 2 : spread < 0x1_0000_0000 ? 4 : 8;
    this.#reserve(HEADER_BYTES + width * count);
    const view = this.#view;
    view.setFloat64(this.position, least, true);
    view.setUint8(this.position + 8, width);
    let at = this.position + HEADER_BYTES;
    this.position = at + width * count;
    if (width === 1) {
      for (let i = 0; i < count; i++) this.#bytes[at++] = (column[i] as number) - least;
    } else if (width === 2) {
      for (let i = 0; i < count; i++, at += 2) view.setUint16(at, (column[i] as number) - least, true);
    } else if (width === 4) {
      for (let i = 0; i < count; i++, at += 4) view.setUint32(at, (column[i] as number) - least, true);
    } else if (width === 8) {
      for (let i = 0; i < count; i++, at += 8) view.setFloat64(at, (column[i] as number) - least, true);
    }
  }

  /** Numbers [from, to) of a column, unsigned and little-endian in `width` bytes (0: none is written). */
  unsigned(column: Int32Array, { from, to, width }: { from: number; to: number; width: number }): void {
    this.#reserve(width * (to - from));
    const bytes = this.#bytes;
    let at = this.position;
    if (width === 1) {
      for (let i = from; i < to; i++) bytes[at++] = column[i] as number;
    } else if (width === 2) {
      for (let i = from; i < to; i++) {
        const number = column[i] as number;
        bytes[at++] = number;
        bytes[at++] = number >> 8;
      }
    } else if (width === 4) {
      for (let i = from; i < to; i++, at += 4) this.#view.setInt32(at, column[i] as number, true);
    }
    this.position = at;
  }

  /** The bytes so far from `start`; valid until the next write. */
  written(start = 0): Uint8Array {
    return this.#bytes.subarray(start, this.position);
  }

  #reserve(more: number): void {
    if (this.position + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.position + more, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.position));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Reads what a `ColumnWriter` wrote. */
export class ColumnReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#view.getUint8(this.position++);
  }

  uint32(): number {
    this.position += 4;
    return this.#view.getUint32(this.position - 4, true);
  }

  float64(): number {
    this.position += 8;
    return this.#view.getFloat64(this.position - 8, true);
  }

  bytes(count: number): Uint8Array {
    this.position += count;
    return this.#bytes.subarray(this.position - count, this.position);
  }

  /** Unpacks `count` numbers to the front of `into`. @throws RangeError if the bytes end too early. */
  column(into: Float64Array, count: number): void {
    const view = this.#view;
    const least = view.getFloat64(this.position, true);
    const width = view.getUint8(this.position + 8);
    let at = this.position + HEADER_BYTES;
    this.position = at + width * count;
    if (width === 0) {
      for (let i = 0; i < count; i++) into[i] = least;
    } else if (width === 1) {
      for (let i = 0; i < count; i++) into[i] = least + view.getUint8(at++);
    } else if (width === 2) {
      for (let i = 0; i < count; i++, at += 2) into[i] = least + view.getUint16(at, true);
    } else if (width === 4) {
      for (let i = 0; i < count; i++, at += 4) into[i] = least + view.getUint32(at, true);
    } else {
      for (let i = 0; i < count; i++, at += 8) into[i] = least + view.getFloat64(at, true);
    }
  }

  /** Reads what `unsigned` wrote to [from, to) of `into`. @throws RangeError if the bytes end too early. */
  unsigned(into: Int32Array, { from, to, width }: { from: number; to: number; width: number }): void {
    const bytes = this.#bytes;
    let at = this.position;
    this.position = at + width * (to - from);
    if (this.position > bytes.length) throw new RangeError('the bytes end too early');
    if (width === 1) {
      for (let i = from; i < to; i++) into[i] = bytes[at++] as number;
    } else if (width === 2) {
      for (let i = from; i < to; i++, at += 2) into[i] = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    } else if (width === 4) {
      for (let i = from; i < to; i++, at += 4) into[i] = this.#view.getInt32(at, true);
    }
  }
}
