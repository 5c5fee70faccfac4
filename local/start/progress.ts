/** Says how the boot goes: one line per part when it is done, and on a terminal a moving line in between. */
export class Progress {
  readonly parts: { name: string; what: string; ms: number }[] = [];
  readonly #json: boolean;
  readonly #terminal: boolean;
  #frame = 0;
  #moving: NodeJS.Timeout | undefined;
  #text = '';

  constructor(json: boolean) {
    this.#json = json;
    this.#terminal = !json && process.stdout.isTTY === true;
  }

  /** Runs one part of the boot; `result.what` says in a few words what it came to. */
  async part<T>(name: string, work: () => Promise<{ what: string; result: T }>): Promise<T> {
    const started = performance.now();
    this.#show(name);
    try {
      const { what, result } = await work();
      this.#done(name, what, performance.now() - started);
      return result;
    } finally {
      this.#clear();
    }
  }

  /** Where a long part is. */
  at(name: string, done: number, all: number, current: string): void {
    const filled = all === 0 ? 0 : Math.round((done / all) * 20);
    this.#text = `${name} ${'█'.repeat(filled)}${'░'.repeat(20 - filled)} ${done}/${all} ${current.slice(0, 50)}`;
  }

  #show(name: string): void {
    this.#text = name;
    if (!this.#terminal) return;
    this.#moving = setInterval(() => {
      const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
      this.#frame = (this.#frame + 1) % frames.length;
      process.stdout.write(`\r\u001b[K  ${frames[this.#frame]} ${this.#text}`);
    }, 80);
  }

  #clear(): void {
    clearInterval(this.#moving);
    if (this.#terminal) process.stdout.write('\r\u001b[K');
  }

  #done(name: string, what: string, ms: number): void {
    this.#clear();
    this.parts.push({ name, what, ms });
    if (this.#json) process.stdout.write(`${JSON.stringify({ part: name, what, ms: Math.round(ms) })}\n`);
    else process.stdout.write(`  ✓ ${name.padEnd(14)} ${what.padEnd(58)} ${String(Math.round(ms)).padStart(6)} ms\n`);
  }
}
