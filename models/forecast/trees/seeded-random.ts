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

/**
 * Draws `take` of the numbers 0 to `count - 1`, without repetition.
 * @returns what is drawn and what is left, each in ascending order, in buffers that the next draw overwrites.
 */
export function drawer(
  random: () => number,
  count: number,
  take: number,
): () => { sample: Int32Array; others: Int32Array } {
  const wanted = Math.min(take, count);
  // Each number is written to both, as none could be foretold; the place that keeps it moves on.
  const drawn = new Int32Array(count + 1);
  const left = new Int32Array(count + 1);
  const parts = { sample: drawn.subarray(0, wanted), others: left.subarray(0, count - wanted) };
  return () => {
    let taken = 0;
    let index = 0;
    for (; taken < wanted && index - taken < count - wanted; index++) {
      drawn[taken] = index;
      left[index - taken] = index;
      taken += Number(random() * (count - index) < wanted - taken);
    }
    for (; taken < wanted; index++) drawn[taken++] = index;
    for (; index < count; index++) left[index - taken] = index;
    return parts;
  };
}
