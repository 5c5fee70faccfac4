/** Past readings that patterns are looked for in. */
const CAPACITY = 8192;

/**
 * Distance of the latest `width` readings to the most similar run of readings before them: what has happened before is not new. The two runs
 * never overlap. A streaming, one-sided matrix profile without normalisation (Yeh et al. 2016, ICDM), over a bounded past.
 */
export class PatternNovelty {
  readonly #width: number;
  /** Twice the capacity, so that the latest CAPACITY readings are always one piece. */
  readonly #values = new Float64Array(2 * CAPACITY);
  #end = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** @returns root mean square difference to the nearest earlier run, in the reading's unit; 0 until there is one. */
  novelty(value: number): number {
    const values = this.#values;
    const width = this.#width;
    if (this.#end === values.length) {
      values.copyWithin(0, CAPACITY);
      this.#end = CAPACITY;
    }
    values[this.#end++] = value;
    const latest = this.#end - width;
    let nearest = Number.POSITIVE_INFINITY;
    for (let run = Math.max(0, this.#end - CAPACITY); run <= latest - width; run++) {
      let squares = 0;
      for (let n = width - 1; n >= 0 && squares < nearest; n--) {
        const difference = (values[latest + n] as number) - (values[run + n] as number);
        squares += difference * difference;
      }
      if (squares < nearest) nearest = squares;
    }
    return nearest === Number.POSITIVE_INFINITY ? 0 : Math.sqrt(nearest / width);
  }
}
