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
 * addressing; ids are ASCII.
 */
export class MeterIndex {
  #slots = new Int32Array(1024).fill(-1);
  readonly #ids: Uint8Array[] = [];
  readonly #meters: RegisteredMeter[] = [];

  get size(): number {
    return this.#ids.length;
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
    this.#slots[slot] = this.#ids.length;
    this.#ids.push(id);
    this.#meters.push(meter);
    if (this.#ids.length * 2 > this.#slots.length) this.#grow();
  }

  /** The meter whose id is bytes[start, end); undefined: not known here. */
  at(bytes: Uint8Array, start: number, end: number): RegisteredMeter | undefined {
    const known = this.#slots[this.#find(bytes, start, end)] as number;
    return known < 0 ? undefined : this.#meters[known];
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
      if (known < 0 || sameBytes(this.#ids[known] as Uint8Array, bytes, start, end)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (const [number, id] of this.#ids.entries()) this.#slots[this.#find(id, 0, id.length)] = number;
  }
}

function sameBytes(id: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (id.length !== end - start) return false;
  for (let i = 0; i < id.length; i++) if (id[i] !== bytes[start + i]) return false;
  return true;
}
