import { type CutForestSettings, RandomCutForest } from './random-cut-forest.ts';
import { randomSource } from './random-source.ts';

const BLOCK_MS = 6 * 3_600_000;
/** Blocks of a point: one day. */
const BLOCKS = 4;
const FOREST: Omit<CutForestSettings, 'seed'> = { dimensions: BLOCKS, trees: 7, capacity: 30 };
/** One point in so many stays, in the place of a random one: 30 slots remember a month. */
const STAYS = 4;
/** A deviation counts at most as so many: one huge reading must not hide the shape. */
const CLIP = 8;

/**
 * How unlike the days before the last four blocks of six hours are: collusive displacement of their mean deviations in a robust random cut forest.
 * Deviations, not values, so that every block of the day is alike.
 */
export class DayShape {
  static readonly SIZE = 4 + 8 * 4 + 4 * BLOCKS + RandomCutForest.size({ ...FOREST, seed: 0 });

  readonly #forest: RandomCutForest;
  readonly #points = new Float32Array(FOREST.capacity * BLOCKS);
  readonly #held = new Uint8Array(FOREST.capacity);
  readonly #recent = new Float32Array(BLOCKS);
  #random: ReturnType<typeof randomSource>;
  #block = Number.NaN;
  #blocks = 0;
  #sum = 0;
  #count = 0;
  #last = 0;

  constructor(seed: number) {
    this.#forest = new RandomCutForest({ ...FOREST, seed });
    this.#random = randomSource(seed ^ 0x5bd1e995);
  }

  /** @param deviation in spreads from the usual. @returns the displacement of the latest whole day; 0 until one is known. */
  next(at: number, deviation: number): number {
    const block = Math.floor(at / BLOCK_MS);
    if (block !== this.#block) {
      if (this.#count > 0) this.#close(block === this.#block + 1);
      this.#block = block;
      this.#sum = 0;
      this.#count = 0;
    }
    this.#sum += Math.max(-CLIP, Math.min(CLIP, deviation));
    this.#count++;
    return this.#last;
  }

  /** Ends a block. After a gap the day begins anew: blocks of different days are no shape. */
  #close(unbroken: boolean): void {
    this.#recent.copyWithin(0, 1);
    this.#recent[BLOCKS - 1] = this.#sum / this.#count;
    this.#blocks++;
    this.#last = this.#blocks >= BLOCKS ? this.#judge() : 0;
    if (!unbroken) this.#blocks = 0;
  }

  #judge(): number {
    let slot = this.#held.indexOf(0);
    const full = slot < 0;
    if (full) {
      slot = this.#random.below(FOREST.capacity);
      if (this.#random.below(STAYS) > 0) return this.#judgeInPassing(slot);
      this.#forest.forget(slot);
    }
    this.#hold(slot, this.#recent);
    return this.#forest.displacement(slot);
  }

  /** Puts the day in the place of a held one and then takes it back. */
  #judgeInPassing(slot: number): number {
    const held = this.#points.slice(slot * BLOCKS, (slot + 1) * BLOCKS);
    this.#forest.forget(slot);
    this.#hold(slot, this.#recent);
    const displacement = this.#forest.displacement(slot);
    this.#forest.forget(slot);
    this.#hold(slot, held);
    return displacement;
  }

  #hold(slot: number, point: Float32Array): void {
    this.#points.set(point, slot * BLOCKS);
    this.#held[slot] = 1;
    this.#forest.insert(slot, this.#points.subarray(slot * BLOCKS, (slot + 1) * BLOCKS));
  }

  write(view: DataView, offset: number): number {
    view.setUint32(offset, this.#random.state());
    let at = offset + 4;
    for (const number of [this.#block, this.#sum, this.#last, this.#blocks * 65_536 + this.#count]) {
      view.setFloat64(at, number);
      at += 8;
    }
    for (const mean of this.#recent) {
      view.setFloat32(at, mean);
      at += 4;
    }
    return this.#forest.write(view, at, this.#points, this.#held);
  }

  read(view: DataView, offset: number): number {
    this.#random = randomSource(view.getUint32(offset));
    this.#block = view.getFloat64(offset + 4);
    this.#sum = view.getFloat64(offset + 12);
    this.#last = view.getFloat64(offset + 20);
    const counts = view.getFloat64(offset + 28);
    this.#blocks = Math.floor(counts / 65_536);
    this.#count = counts % 65_536;
    let at = offset + 36;
    for (let n = 0; n < BLOCKS; n++, at += 4) this.#recent[n] = view.getFloat32(at);
    return this.#forest.read(view, at, this.#points, this.#held);
  }
}
