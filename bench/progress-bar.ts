const WIDTH = 30;
const EVERY_MS = 100;

/** A bar on standard error, redrawn in place on a terminal, a line per tenth elsewhere. */
export function progressBar(total: number, unit: string): { advance(by: number): void; end(): void } {
  let done = 0;
  let drawnAt = 0;
  let tenth = 0;
  const draw = () => {
    const share = total === 0 ? 1 : done / total;
    const bar = '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '·');
    const text = `${bar} ${Math.floor(share * 100)} %  ${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${unit}`;
    if (process.stderr.isTTY) process.stderr.write(`\r${text}`);
    else if (Math.floor(share * 10) > tenth) {
      tenth = Math.floor(share * 10);
      process.stderr.write(`${text}\n`);
    }
  };
  return {
    advance(by) {
      done += by;
      const now = performance.now();
      if (now - drawnAt < EVERY_MS) return;
      drawnAt = now;
      draw();
    },
    end() {
      draw();
      if (process.stderr.isTTY) process.stderr.write('\n');
    },
  };
}
