/**
 * Uniform numbers in [0, 1) from a seed, the same on every machine.
 * Source: the 32-bit counter generator "mulberry32" (public domain); it passes what sampling of rows and columns asks of it.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `take` of the numbers 0 to `count - 1`, without repetition, in ascending order. */
export function sampleAscending(random: () => number, count: number, take: number): Int32Array {
  const sample = new Int32Array(Math.min(take, count));
  let taken = 0;
  for (let index = 0; index < count && taken < sample.length; index++) {
    if (random() * (count - index) < sample.length - taken) sample[taken++] = index;
  }
  return sample;
}
