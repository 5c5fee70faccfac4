import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

describe('npm run grid, where no stack runs', () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'grid-cli-'));
  afterAll(() => rmSync(stateDir, { recursive: true }));
  const grid = (...words: string[]) => {
    const env = { ...process.env, GRID_STATE_DIR: stateDir };
    const { status, stdout, stderr } = spawnSync(process.execPath, ['local/cli/grid.ts', ...words], { cwd: ROOT, env });
    return { status, said: stdout.toString() + stderr.toString() };
  };

  test('--help names every command', () => {
    const { status, said } = grid('--help');
    expect(status).toBe(0);
    for (const command of ['device provision', 'concentrator provision', 'topology import', 'model train'])
      expect(said).toContain(command);
  });

  test('wrong words are answered with what there is', () => {
    for (const words of [['device'], ['device', 'paint', 'm001'], ['ship', 'provision', 'm001']]) {
      const { status, said } = grid(...words);
      expect([words, status]).toEqual([words, 2]);
      expect(said).toContain('npm run grid --');
      // What is wrong stands last, where a screen that scrolled still shows it.
      expect(said.trimEnd().split('\n').at(-1)).toMatch(/^(A command has|There is no) /);
    }
  });

  test.each([
    ['device', 'provision', 'm001'],
    ['model', 'champion', 'forecast'],
    ['train', 'forecast'],
  ])('%s %s %s says that the stack has to be started', (...words) => {
    const { status, said } = grid(...words.filter(Boolean));
    expect(status).toBe(1);
    expect(said).toContain('npm start');
  });
});
