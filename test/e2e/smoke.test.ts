import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Stack } from '../harness/stack.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

describe('npm run smoke', () => {
  const stateDir = '.cache/e2e-smoke';
  const stack = new Stack({ portBase: 9300, stateDir });
  beforeAll(() => stack.start({ fresh: true }), 150_000);
  afterAll(() => stack.stop());

  test('passes against the local stack', async () => {
    const { stdout } = await run(
      process.execPath,
      ['local/cli/smoke.ts', '--endpoints', `${stateDir}/endpoints.json`],
      { cwd: ROOT },
    );
    expect(stdout.length).toBeGreaterThan(0);
  }, 60_000);

  test('fails, and says where, when the API is not there', async () => {
    const endpoints = join(ROOT, stateDir, 'broken.json');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(endpoints, JSON.stringify({ ...stack.endpoints(), api: 'http://127.0.0.1:9/v1' }));
    await expect(
      run(process.execPath, ['local/cli/smoke.ts', '--endpoints', endpoints], { cwd: ROOT }),
    ).rejects.toMatchObject({ code: 1 });
  }, 60_000);
});
