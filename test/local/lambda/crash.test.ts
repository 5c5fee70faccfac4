import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs the consumer process, and kills it without warning after `ms` of acknowledged puts. @returns what was acknowledged. */
async function consumer(folder: string, first: number | 'drain', ms?: number): Promise<string[]> {
  const file = join(import.meta.dirname, 'consumer-process.ts');
  const child = spawn(process.execPath, [file, folder, join(folder, 'notes'), String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  const ended = new Promise((resolve) => child.on('close', resolve));
  const begun = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      resolve();
    });
  });
  if (ms !== undefined) {
    await begun;
    await new Promise((resolve) => setTimeout(resolve, ms));
    child.kill('SIGKILL');
  }
  await ended;
  return out.split('\n').slice(0, -1);
}

test('every acknowledged record is consumed, each key in order, though the process is killed at random moments', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'grid-consumer-'));
  const acknowledged: string[] = [];
  for (const [round, ms] of [150, 400, 20, 700].entries()) {
    acknowledged.push(...(await consumer(folder, round * 1_000_000, ms)));
  }
  await consumer(folder, 'drain');
  const noted = readFileSync(join(folder, 'notes'), 'utf8').split('\n').slice(0, -1);
  const firstSeen = [...new Set(noted)];
  const consumed = new Set(firstSeen);
  expect(acknowledged.length).toBeGreaterThan(500);
  expect(acknowledged.filter((text) => !consumed.has(text))).toEqual([]);
  const last = new Map<string, number>();
  for (const text of firstSeen) {
    const [lane, number] = text.split(':') as [string, string];
    expect(Number(number)).toBeGreaterThan(last.get(lane) ?? -1);
    last.set(lane, Number(number));
  }
  rmSync(folder, { recursive: true, force: true });
});
