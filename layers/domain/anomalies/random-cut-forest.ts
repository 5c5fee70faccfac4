import { randomSource, seedOf } from './random-source.ts';

/** Size of a forest; the same settings and seed give the same forest. */
export interface CutForestSettings {
  dimensions: number;
  trees: number;
  /** Points a forest holds: the state is bounded by it. */
  capacity: number;
  seed: number;
}

const NONE = -1;

/**
 * Robust random cut forest (Guha, Mishra, Roy & Schrijvers 2016, ICML): trees of random axis-parallel cuts over a sample of points, kept
 * exactly as if grown from the sample anew while points come and go. All trees hold the same points, each in a slot of its own.
 */
export class RandomCutForest {
  readonly settings: CutForestSettings;
  readonly #trees: CutTree[];

  constructor(settings: CutForestSettings) {
    this.settings = settings;
    this.#trees = Array.from({ length: settings.trees }, (_, n) => new CutTree(settings, seedOf(settings.seed, n)));
  }

  /** Puts a point into an empty slot. @param slot 0…capacity − 1 */
  insert(slot: number, point: Float32Array): void {
    for (const tree of this.#trees) tree.insert(slot, point);
  }

  forget(slot: number): void {
    for (const tree of this.#trees) tree.forget(slot);
  }

  /** Collusive displacement of a held point, mean over the trees: how much the others' model shrinks when it and its like are left out. */
  displacement(slot: number): number {
    let sum = 0;
    for (const tree of this.#trees) sum += tree.displacement(slot);
    return sum / this.#trees.length;
  }

  /** Bytes that `write` needs at most. */
  static size({ trees, capacity, dimensions }: CutForestSettings): number {
    return 1 + capacity * (1 + 4 * dimensions) + trees * (4 + capacity + 2 * capacity * 5);
  }

  /** @returns the offset behind what was written. */
  write(view: DataView, offset: number, points: Float32Array, held: Uint8Array): number {
    const { capacity, dimensions } = this.settings;
    let at = offset;
    for (let slot = 0; slot < capacity; slot++) {
      view.setUint8(at++, held[slot] as number);
      if (held[slot] === 0) continue;
      for (let d = 0; d < dimensions; d++, at += 4) view.setFloat32(at, points[slot * dimensions + d] as number);
    }
    for (const tree of this.#trees) at = tree.write(view, at);
    return at;
  }

  /** Reads what `write` wrote, points and slots too. @returns the offset behind it. */
  read(view: DataView, offset: number, points: Float32Array, held: Uint8Array): number {
    const { capacity, dimensions } = this.settings;
    let at = offset;
    for (let slot = 0; slot < capacity; slot++) {
      held[slot] = view.getUint8(at++);
      if (held[slot] === 0) continue;
      for (let d = 0; d < dimensions; d++, at += 4) points[slot * dimensions + d] = view.getFloat32(at);
    }
    for (const tree of this.#trees) at = tree.read(view, at, points, held);
    return at;
  }
}

/** One tree in typed arrays; a leaf's box is its point, and equal points share a leaf. */
class CutTree {
  readonly #dimensions: number;
  #random: ReturnType<typeof randomSource>;
  readonly #left: Int16Array;
  readonly #right: Int16Array;
  readonly #parent: Int16Array;
  readonly #count: Int16Array;
  readonly #dimension: Uint8Array;
  readonly #cut: Float32Array;
  readonly #low: Float32Array;
  readonly #high: Float32Array;
  readonly #leafOf: Int16Array;
  readonly #free: Int16Array;
  #freeCount: number;
  #root = NONE;

  constructor({ dimensions, capacity }: CutForestSettings, seed: number) {
    const nodes = 2 * capacity - 1;
    this.#dimensions = dimensions;
    this.#random = randomSource(seed);
    this.#left = new Int16Array(nodes).fill(NONE);
    this.#right = new Int16Array(nodes).fill(NONE);
    this.#parent = new Int16Array(nodes).fill(NONE);
    this.#count = new Int16Array(nodes);
    this.#dimension = new Uint8Array(nodes);
    this.#cut = new Float32Array(nodes);
    this.#low = new Float32Array(nodes * dimensions);
    this.#high = new Float32Array(nodes * dimensions);
    this.#leafOf = new Int16Array(capacity).fill(NONE);
    this.#free = Int16Array.from({ length: nodes }, (_, n) => nodes - 1 - n);
    this.#freeCount = nodes;
  }

  insert(slot: number, point: Float32Array): void {
    if (this.#root === NONE) {
      this.#root = this.#newLeaf(slot, point);
      return;
    }
    for (let node = this.#root; ; ) {
      const cut = this.#cutOff(node, point);
      if (cut !== undefined) {
        this.#insertAbove(node, { slot, point, ...cut });
        return;
      }
      if (this.#left[node] === NONE) {
        this.#leafOf[slot] = node;
        for (let up = node; up !== NONE; up = this.#parent[up] as number)
          this.#count[up] = (this.#count[up] as number) + 1;
        return;
      }
      const below = (point[this.#dimension[node] as number] as number) <= (this.#cut[node] as number);
      node = (below ? this.#left[node] : this.#right[node]) as number;
    }
  }

  /** A random cut of the node's box extended by the point, if it separates the two. */
  #cutOff(node: number, point: Float32Array): { dimension: number; cut: number } | undefined {
    const base = node * this.#dimensions;
    let total = 0;
    // Compared by hand: Math.max and Math.min cost a look-up each, and this is the inner loop
    for (let d = 0; d < this.#dimensions; d++) {
      const value = point[d] as number;
      const low = this.#low[base + d] as number;
      const high = this.#high[base + d] as number;
      total += (value > high ? value : high) - (value < low ? value : low);
    }
    if (total === 0) return undefined;
    let at = this.#random.next() * total;
    for (let d = 0; d < this.#dimensions; d++) {
      const value = point[d] as number;
      const low = this.#low[base + d] as number;
      const high = this.#high[base + d] as number;
      const least = value < low ? value : low;
      const span = (value > high ? value : high) - least;
      if (at >= span) {
        at -= span;
        continue;
      }
      const cut = Math.fround(least + at);
      const separates = value <= cut ? cut < low : cut >= high && value > cut;
      return separates ? { dimension: d, cut } : undefined;
    }
    return undefined;
  }

  #insertAbove(node: number, at: { slot: number; point: Float32Array; dimension: number; cut: number }): void {
    const parent = this.#parent[node] as number;
    const leaf = this.#newLeaf(at.slot, at.point);
    const branch = this.#take();
    const below = (at.point[at.dimension] as number) <= at.cut;
    this.#left[branch] = below ? leaf : node;
    this.#right[branch] = below ? node : leaf;
    this.#dimension[branch] = at.dimension;
    this.#cut[branch] = at.cut;
    this.#parent[branch] = parent;
    this.#parent[leaf] = branch;
    this.#parent[node] = branch;
    this.#replaceChild(parent, node, branch);
    for (let up = branch; up !== NONE; up = this.#parent[up] as number) this.#enclose(up);
  }

  forget(slot: number): void {
    const leaf = this.#leafOf[slot] as number;
    this.#leafOf[slot] = NONE;
    if ((this.#count[leaf] as number) > 1) {
      for (let up = leaf; up !== NONE; up = this.#parent[up] as number)
        this.#count[up] = (this.#count[up] as number) - 1;
      return;
    }
    const branch = this.#parent[leaf] as number;
    this.#give(leaf);
    if (branch === NONE) {
      this.#root = NONE;
      return;
    }
    const sibling = (this.#left[branch] === leaf ? this.#right[branch] : this.#left[branch]) as number;
    const parent = this.#parent[branch] as number;
    this.#parent[sibling] = parent;
    this.#replaceChild(parent, branch, sibling);
    this.#give(branch);
    for (let up = parent; up !== NONE; up = this.#parent[up] as number) this.#enclose(up);
  }

  displacement(slot: number): number {
    let node = this.#leafOf[slot] as number;
    let most = 0;
    for (let parent = this.#parent[node] as number; parent !== NONE; parent = this.#parent[node] as number) {
      const others = (this.#count[parent] as number) - (this.#count[node] as number);
      most = Math.max(most, others / (this.#count[node] as number));
      node = parent;
    }
    return most;
  }

  #newLeaf(slot: number, point: Float32Array): number {
    const leaf = this.#take();
    this.#left[leaf] = NONE;
    this.#right[leaf] = NONE;
    this.#parent[leaf] = NONE;
    this.#count[leaf] = 1;
    this.#low.set(point, leaf * this.#dimensions);
    this.#high.set(point, leaf * this.#dimensions);
    this.#leafOf[slot] = leaf;
    return leaf;
  }

  /** Count and box of a branch from its children. */
  #enclose(branch: number): void {
    const left = this.#left[branch] as number;
    const right = this.#right[branch] as number;
    this.#count[branch] = (this.#count[left] as number) + (this.#count[right] as number);
    const dimensions = this.#dimensions;
    for (let d = 0; d < dimensions; d++) {
      const own = branch * dimensions + d;
      const lowLeft = this.#low[left * dimensions + d] as number;
      const lowRight = this.#low[right * dimensions + d] as number;
      const highLeft = this.#high[left * dimensions + d] as number;
      const highRight = this.#high[right * dimensions + d] as number;
      this.#low[own] = lowLeft < lowRight ? lowLeft : lowRight;
      this.#high[own] = highLeft > highRight ? highLeft : highRight;
    }
  }

  #replaceChild(parent: number, child: number, by: number): void {
    if (parent === NONE) this.#root = by;
    else if (this.#left[parent] === child) this.#left[parent] = by;
    else this.#right[parent] = by;
  }

  #take(): number {
    return this.#free[--this.#freeCount] as number;
  }

  #give(node: number): void {
    this.#free[this.#freeCount++] = node;
  }

  /** Seed state, then nodes in pre-order: a branch as 1 + dimension and its cut, a leaf as 0; then the leaf of each slot by its order. */
  write(view: DataView, offset: number): number {
    view.setUint32(offset, this.#random.state());
    let at = offset + 4;
    const leaves = new Map<number, number>();
    const visit = (node: number): void => {
      if (this.#left[node] === NONE) {
        leaves.set(node, leaves.size);
        view.setUint8(at++, 0);
        return;
      }
      view.setUint8(at, 1 + (this.#dimension[node] as number));
      view.setFloat32(at + 1, this.#cut[node] as number);
      at += 5;
      visit(this.#left[node] as number);
      visit(this.#right[node] as number);
    };
    if (this.#root !== NONE) visit(this.#root);
    for (const leaf of this.#leafOf) if (leaf !== NONE) view.setUint8(at++, leaves.get(leaf) as number);
    return at;
  }

  read(view: DataView, offset: number, points: Float32Array, held: Uint8Array): number {
    this.#random = randomSource(view.getUint32(offset));
    let at = offset + 4;
    const leaves: number[] = [];
    const branches: number[] = [];
    const visit = (parent: number): number => {
      const kind = view.getUint8(at++);
      const node = this.#take();
      this.#parent[node] = parent;
      if (kind === 0) {
        this.#left[node] = NONE;
        this.#right[node] = NONE;
        this.#count[node] = 0;
        leaves.push(node);
        return node;
      }
      this.#dimension[node] = kind - 1;
      this.#cut[node] = view.getFloat32(at);
      at += 4;
      branches.push(node);
      this.#left[node] = visit(node);
      this.#right[node] = visit(node);
      return node;
    };
    if (held.includes(1)) this.#root = visit(NONE);
    const dimensions = this.#dimensions;
    for (let slot = 0; slot < held.length; slot++) {
      if (held[slot] === 0) continue;
      const leaf = leaves[view.getUint8(at++)] as number;
      this.#leafOf[slot] = leaf;
      this.#count[leaf] = (this.#count[leaf] as number) + 1;
      const point = points.subarray(slot * dimensions, (slot + 1) * dimensions);
      this.#low.set(point, leaf * dimensions);
      this.#high.set(point, leaf * dimensions);
    }
    for (const branch of branches.reverse()) this.#enclose(branch);
    return at;
  }
}
