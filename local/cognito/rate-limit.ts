/** Failed sign-ins of one user before each further one must wait; the wait doubles up to 15 minutes, as Cognito's does. */
const FREE_FAILURES = 5;
const LONGEST_WAIT_MS = 15 * 60_000;

/**
 * Slows down guessing: after five failures a user is locked for 1 s, then 2 s, 4 s … 15 min.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html (lockout behaviour)
 */
export class SignInLimit {
  readonly #failures = new Map<string, { count: number; lockedUntil: number }>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  locked(username: string): boolean {
    return (this.#failures.get(username.toLowerCase())?.lockedUntil ?? 0) > this.#clock();
  }

  failed(username: string): void {
    if (this.#failures.size > 10_000) this.#failures.clear();
    const name = username.toLowerCase();
    const count = (this.#failures.get(name)?.count ?? 0) + 1;
    const wait = count < FREE_FAILURES ? 0 : Math.min(LONGEST_WAIT_MS, 1000 * 2 ** (count - FREE_FAILURES));
    this.#failures.set(name, { count, lockedUntil: this.#clock() + wait });
  }

  succeeded(username: string): void {
    this.#failures.delete(username.toLowerCase());
  }
}
