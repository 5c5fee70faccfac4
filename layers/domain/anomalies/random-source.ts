/** Seeded numbers in [0, 1): xorshift32 (Marsaglia 2003, Journal of Statistical Software 8(14)); its whole state is one integer. */
export interface RandomSource {
  next(): number;
  /** An integer in [0, below). */
  below(below: number): number;
  state(): number;
}

export function randomSource(seed: number): RandomSource {
  let state = seed >>> 0 || 0x9e3779b9;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return (state - 1) / 4_294_967_295;
  };
  return { next, below: (below) => Math.floor(next() * below), state: () => state };
}

/** A seed for one of many sources, so that neighbours do not resemble each other. */
export const seedOf = (...parts: readonly number[]): number => {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    hash = Math.imul(hash ^ part, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
};
