import { ID_PATTERN } from '../../contracts/messages/limits.ts';

/** What the registry says of a meter, as far as readings need it. */
export interface RegisteredMeter {
  meterNo: number;
  /** Interval length by channel code, minutes; 0 or absent: the meter has no such channel. */
  intervalMinutes: readonly number[];
  /** The concentrator that may speak for it. */
  concentratorId?: string;
}

/** A channel's register as the topology dates it. */
export interface DatedRegister {
  channel: number;
  /** Epoch ms; until the meter's next one of the channel. */
  from: number;
  multiplier: number;
  /** Digits before the decimal point; null: the topology does not say. */
  digits: number | null;
  /** Last digit of the display, Wh (varh); null: the topology does not say. */
  resolutionWh: number | null;
}

/** Where registered meters come from. */
export interface MeterRegistry {
  /** Those of the ids that exist, as they stand now. */
  find(meterIds: readonly string[]): Promise<ReadonlyMap<string, RegisteredMeter>>;
  /** Registers by meter number, each meter's oldest first. */
  registers(meterNos: readonly number[]): Promise<ReadonlyMap<number, readonly DatedRegister[]>>;
}

/**
 * The register in use at an instant. The last read of an old meter is its register's, though the new one's begins then.
 * Undefined: none was dated so early.
 */
export function registerAt(
  registers: readonly DatedRegister[],
  { channel, at, isFinal = false }: { channel: number; at: number; isFinal?: boolean },
): DatedRegister | undefined {
  return registers.findLast((each) => each.channel === channel && (isFinal ? each.from < at : each.from <= at));
}

/**
 * Meters known in this execution environment, found by the bytes of their id: no string is made on the way. Open
 * addressing; ids are ASCII, one after the other in one array. Who sends many meters sends them in one order mostly: the one
 * that came next the last time is looked at first.
 */
export class MeterIndex {
  #slots = new Int32Array(1024).fill(-1);
  #ids = new Uint8Array(16_384);
  /** Where each id begins; the last entry is where the next one will. */
  #starts = new Int32Array(1024);
  /** By meter: the one that was asked for after it. */
  #next = new Int32Array(1024);
  readonly #meters: RegisteredMeter[] = [];
  #last = 0;

  get size(): number {
    return this.#meters.length;
  }

  /** Adds a meter, or replaces what was known of it. */
  put(meterId: string, meter: RegisteredMeter): void {
    const id = Uint8Array.from(meterId, (character) => character.charCodeAt(0));
    const slot = this.#find(id, 0, id.length);
    const known = this.#slots[slot] as number;
    if (known >= 0) {
      this.#meters[known] = meter;
      return;
    }
    const number = this.#meters.push(meter) - 1;
    this.#slots[slot] = number;
    if (number + 2 > this.#starts.length) {
      this.#starts = larger(this.#starts, new Int32Array(this.#starts.length * 2));
      this.#next = larger(this.#next, new Int32Array(this.#next.length * 2));
    }
    const start = this.#starts[number] as number;
    if (start + id.length > this.#ids.length) {
      this.#ids = larger(this.#ids, new Uint8Array(Math.max(this.#ids.length * 2, start + id.length)));
    }
    this.#ids.set(id, start);
    this.#starts[number + 1] = start + id.length;
    if (this.#meters.length * 2 > this.#slots.length) this.#grow();
  }

  /** The meter whose id is bytes[start, end); undefined: not known here. */
  at(bytes: Uint8Array, start: number, end: number): RegisteredMeter | undefined {
    let known = this.#next[this.#last] as number;
    if (!this.#is(known, bytes, start, end)) {
      known = this.#slots[this.#find(bytes, start, end)] as number;
      if (known < 0) return undefined;
      this.#next[this.#last] = known;
    }
    this.#last = known;
    return this.#meters[known];
  }

  get(meterId: string): RegisteredMeter | undefined {
    if (!ID_PATTERN.test(meterId)) return undefined;
    const id = Uint8Array.from(meterId, (character) => character.charCodeAt(0));
    return this.at(id, 0, id.length);
  }

  #find(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    // FNV-1a.
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const known = this.#slots[slot] as number;
      if (known < 0 || this.#is(known, bytes, start, end)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #is(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const ids = this.#ids;
    const from = this.#starts[number] as number;
    // An id has a letter at least: of a number that is not in use nothing is equal.
    if (number >= this.#meters.length || (this.#starts[number + 1] as number) - from !== end - start) return false;
    // From the end: neighbours differ there.
    for (let i = end - start - 1; i >= 0; i--) if (ids[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (let number = 0; number < this.#meters.length; number++) {
      const [start, end] = [this.#starts[number] as number, this.#starts[number + 1] as number];
      this.#slots[this.#find(this.#ids, start, end)] = number;
    }
  }
}

function larger<Column extends Int32Array | Uint8Array>(column: Column, room: Column): Column {
  room.set(column);
  return room;
}
