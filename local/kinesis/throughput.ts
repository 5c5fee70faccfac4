/** Counts what passed within the current second; refuses what would pass the limit. */
export class SecondWindow {
  readonly #limit: number;
  #second = 0;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  admits(amount: number, now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#used = 0;
    }
    return this.#used + amount <= this.#limit;
  }

  take(amount: number): void {
    this.#used += amount;
  }
}
