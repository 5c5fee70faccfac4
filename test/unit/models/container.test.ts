import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifySeal } from '../../../models/container/sealed-model.ts';
import { MAX_BODY_BYTES, modelServer } from '../../../models/container/serve.ts';
import { seededRandom } from '../../harness/seeded-random.ts';
import { meanContainer } from './mean-model.ts';

const ENTRY = join(import.meta.dirname, 'mean-main.ts');
const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

/** SageMaker's folders as it hands them to a container. */
function mlRoot(
  input: { values?: string; hyperparameters?: Record<string, string>; validation?: readonly object[] } = {},
): string {
  const root = mkdtempSync(join(tmpdir(), 'ml-root-'));
  roots.push(root);
  const write = (path: string, text: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('input/config/hyperparameters.json', JSON.stringify(input.hyperparameters ?? {}));
  write(
    'input/config/inputdataconfig.json',
    JSON.stringify({ train: {}, ...(input.validation ? { validation: {} } : {}) }),
  );
  write('input/data/train/values.csv', input.values ?? '1\n2\n6\n');
  if (input.validation)
    write('input/data/validation/a.jsonl', input.validation.map((example) => JSON.stringify(example)).join('\n'));
  mkdirSync(join(root, 'model'));
  return root;
}

function start(
  root: string,
  verb: string,
): { child: ChildProcess; ended: Promise<{ code: number | null; out: string }> } {
  const child = spawn(process.execPath, [ENTRY, verb], {
    env: { ...process.env, ML_ROOT: root, SAGEMAKER_BIND_TO_PORT: '0' },
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return { child, ended: new Promise((resolve) => child.on('exit', (code) => resolve({ code, out }))) };
}

describe('train', () => {
  test('leaves a sealed model, its figures on standard output and its evaluation in the output data', async () => {
    const root = mlRoot({
      validation: [
        { request: { count: 1 }, actual: 4, id: 'a', block: 'day 1' },
        { request: { count: 2 }, actual: 1, id: 'b', block: 'day 2' },
      ],
    });
    const { code, out } = await start(root, 'train').ended;
    expect([code, out]).toEqual([0, '[metric] mean=3;\n[metric] error=1.5;\n']);
    expect(readdirSync(join(root, 'model')).sort()).toEqual(['fault.txt', 'manifest.json', 'mean.json', 'scale.json']);
    expect(verifySeal({ name: 'mean', folder: join(root, 'model') })).toMatch(/^[0-9a-f]{16}$/);
    expect(JSON.parse(readFileSync(join(root, 'output/data/evaluation.json'), 'utf8'))).toEqual({
      metrics: { error: 1.5 },
      examples: [
        { id: 'a', block: 'day 1', losses: { error: 1 } },
        { id: 'b', block: 'day 2', losses: { error: 2 } },
      ],
    });
  });

  test('the same input gives the same bytes', async () => {
    const [one, other] = [mlRoot(), mlRoot()];
    await Promise.all([start(one, 'train').ended, start(other, 'train').ended]);
    const versionOf = (root: string) => verifySeal({ name: 'mean', folder: join(root, 'model') });
    expect(versionOf(one)).toBe(versionOf(other));
  });

  test('a failure is told in the failure file, with a code, and no model', async () => {
    const root = mlRoot({ values: '1\ntwo\n' });
    const { code } = await start(root, 'train').ended;
    expect([code, readFileSync(join(root, 'output/failure'), 'utf8')]).toEqual([
      1,
      'values.csv holds what is no number',
    ]);
    expect(readdirSync(join(root, 'model'))).toEqual([]);
  });

  test('SIGTERM stops it, and there is no model', async () => {
    const root = mlRoot({ hyperparameters: { pauseMs: '60000' } });
    const { child, ended } = start(root, 'train');
    child.stdout?.once('data', () => child.kill('SIGTERM'));
    expect((await ended).code).toBe(143);
    expect([readdirSync(join(root, 'model')), existsSync(join(root, 'output/failure'))]).toEqual([[], false]);
  });

  test('killed at any moment it leaves a whole model or none', async () => {
    const KILLS = 8;
    const random = seededRandom(20_260);
    const hyperparameters = { pauseMs: '20', parts: '300' };
    /** What is left `delayMs` after training began; the time it took, if nobody ends it. */
    const killed = async (delayMs: number) => {
      const root = mlRoot({ hyperparameters });
      const { child, ended } = start(root, 'train');
      let began = 0;
      child.stdout?.once('data', () => {
        began = performance.now();
        if (Number.isFinite(delayMs)) setTimeout(() => child.kill('SIGKILL'), delayMs);
      });
      await ended;
      const folder = join(root, 'model');
      const left = readdirSync(folder);
      if (!left.includes('manifest.json')) {
        expect(() => verifySeal({ name: 'mean', folder })).toThrow('holds no whole model');
        return { ms: performance.now() - began, outcome: left.length === 0 ? 'none' : 'unsealed' };
      }
      return { ms: performance.now() - began, outcome: verifySeal({ name: 'mean', folder }) ? 'whole' : 'half' };
    };
    const undisturbed = await killed(Number.POSITIVE_INFINITY);
    expect(undisturbed.outcome).toBe('whole');
    // At random within each of equal parts of the time; side by side, which takes each of them longer.
    const delays = Array.from({ length: KILLS }, (_, kill) => ((kill + random()) / KILLS) * 2 * undisturbed.ms);
    const outcomes = (await Promise.all(delays.map(killed))).map(({ outcome }) => outcome);
    expect(outcomes).toContain('none');
    expect(outcomes).not.toContain('half');
  }, 120_000);
});

test('a seal sees every change, a missing file and a stranger', async () => {
  const root = mlRoot();
  await start(root, 'train').ended;
  const folder = join(root, 'model');
  const check = () => verifySeal({ name: 'mean', folder });
  expect(() => verifySeal({ name: 'other', folder })).toThrow('holds a model of mean, not of other');
  writeFileSync(join(folder, 'extra'), '');
  expect(check).toThrow('differs from its manifest.json: extra');
  rmSync(join(folder, 'extra'));
  writeFileSync(join(folder, 'mean.json'), '{"mean":4}');
  expect(check).toThrow('mean.json');
  rmSync(join(folder, 'mean.json'));
  expect(check).toThrow('mean.json');
  rmSync(join(folder, 'manifest.json'));
  expect(check).toThrow('holds no whole model');
  const { code, out } = await start(root, 'serve').ended;
  expect([code, out]).toEqual([1, expect.stringContaining('holds no whole model')]);
});

describe('serve', () => {
  const printed: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'mean-'));
  roots.push(folder);
  writeFileSync(join(folder, 'mean.json'), '{"mean":3}');
  writeFileSync(join(folder, 'scale.json'), '2');
  writeFileSync(join(folder, 'fault.txt'), 'none');
  let server: ReturnType<typeof modelServer>;
  let address = '';
  beforeAll(async () => {
    server = modelServer({
      model: await meanContainer.load(folder),
      version: 'v1',
      print: (line) => printed.push(line),
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  const post = async (body: string, type = 'application/json') => {
    const answer = await fetch(`${address}/invocations`, { method: 'POST', headers: { 'content-type': type }, body });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };

  test('answers the ping and what batch transform asks', async () => {
    expect((await fetch(`${address}/ping`)).status).toBe(200);
    expect(await (await fetch(`${address}/execution-parameters`)).json()).toMatchObject({ MaxPayloadInMB: 6 });
    expect((await fetch(`${address}/elsewhere`)).status).toBe(404);
  });

  test('one document, and lines in their order', async () => {
    expect(await post('{"count":2}')).toEqual({ status: 200, type: 'application/json', text: '{"values":[6,6]}' });
    expect(await post('{"count":1}\n{"count":2}\n', 'application/jsonlines; charset=utf-8')).toEqual({
      status: 200,
      type: 'application/jsonlines',
      text: '{"values":[6]}\n{"values":[6,6]}\n',
    });
  });

  test('a bad request is told what is wrong, a fault of the model is not told out', async () => {
    expect(await post('{"count":0,"more":1}')).toMatchObject({
      status: 400,
      text: expect.stringContaining('"path":"count"'),
    });
    expect((await post('{')).status).toBe(400);
    expect(await post('{"count":1}\n{"count":-1}', 'application/x-ndjson')).toMatchObject({
      status: 400,
      text: expect.stringContaining('line 2: '),
    });
    expect((await post('a,b', 'text/csv')).status).toBe(415);
    expect((await post(' '.repeat(MAX_BODY_BYTES + 1))).status).toBe(413);
    expect(await post('{"count":13}')).toMatchObject({
      status: 500,
      text: '{"error":"the model failed","problems":[]}',
    });
    expect(printed.join('\n')).toContain('a fault of the model');
  });
});
