import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShardLog } from '../../../local/kinesis/shard-log.ts';
import { Stream } from '../../../local/kinesis/stream.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'grid-stream-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const settings = {
  name: 's',
  arn: 'arn',
  mode: 'PROVISIONED',
  shardCount: 2,
  retentionHours: 24,
  maxRecordBytes: 1024 * 1024,
} as const;

/** Runs the writer for `ms`, kills it without warning. @returns what it had acknowledged. */
async function killedWriter(first: number, ms: number): Promise<string[]> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'writer-process.ts'), folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  const ended = new Promise((resolve) => writer.on('close', resolve));
  await new Promise<void>((resolve) => {
    writer.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      resolve();
    });
  });
  await new Promise((resolve) => setTimeout(resolve, ms));
  writer.kill('SIGKILL');
  await ended;
  return out.split('\n').slice(0, -1);
}

async function stored(): Promise<string[]> {
  const stream = await Stream.open({ settings, folder, clock: Date.now });
  const texts: string[] = [];
  for (const shard of stream.shards) {
    for (let at = 0; ; ) {
      const { records, next } = await shard.read(at, 1000, 1024 * 1024);
      if (records.length === 0) break;
      for (const { data, sequenceNumber, position } of records) {
        texts.push(data.toString().split(' ')[0] as string);
        expect(shard.position(sequenceNumber)).toBe(position);
      }
      at = next;
    }
  }
  await stream.close();
  return texts;
}

test('every acknowledged record is there once and in order after a SIGKILL at any moment', async () => {
  const acknowledged: string[] = [];
  for (const [round, ms] of [35, 110, 260, 5, 170].entries()) {
    acknowledged.push(...(await killedWriter(round * 1_000_000, ms)));
    const found = await stored();
    expect(new Set(found).size).toBe(found.length);
    const places = new Map(found.map((text, place) => [text, place]));
    expect(acknowledged.filter((text) => !places.has(text))).toEqual([]);
    const last = new Map<string, number>();
    for (const text of found) {
      const [lane, number] = text.split(':') as [string, string];
      expect(Number(number)).toBeGreaterThan(last.get(lane) ?? -1);
      last.set(lane, Number(number));
    }
  }
  expect(acknowledged.length).toBeGreaterThan(1000);
});

test('a torn tail is cut off, what lies before it stays, and appending goes on', async () => {
  const open = async () => ShardLog.open({ folder, clock: Date.now });
  const first = await open();
  await first.log.append(['a', 'b'].map((text) => ({ partitionKey: 'k', data: Buffer.from(text) })));
  await first.log.close();
  const [file] = readdirSync(folder);
  const path = join(folder, file as string);
  const whole = readFileSync(path);
  for (const torn of [whole.subarray(0, 5), whole.subarray(0, whole.length / 2 - 1), Buffer.alloc(100)]) {
    writeFileSync(path, whole);
    appendFileSync(path, torn);
    const { log, droppedBytes } = await open();
    expect(droppedBytes).toBe(torn.length);
    expect(log.tip).toBe(2);
    expect(await log.append([{ partitionKey: 'k', data: Buffer.from('c') }])).toBe(2);
    expect((await log.read(0, 10, 1000)).map(({ data }) => data.toString())).toEqual(['a', 'b', 'c']);
    await log.close();
  }
});

test('records beyond the retention are passed over at once and deleted by segment', async () => {
  let now = Date.now();
  const stream = await Stream.open({ settings: { ...settings, shardCount: 1 }, folder, clock: () => now });
  const [shard] = stream.shards;
  const big = { partitionKey: 'k', data: Buffer.alloc(1024 * 1024) };
  await stream.append(Array.from({ length: 33 }, () => big));
  now += 25 * 3_600_000;
  await stream.append([{ partitionKey: 'k', data: Buffer.from('new') }]);
  const { records } = (await shard?.read(0, 10, 1000)) ?? { records: [] };
  expect(records.map(({ data }) => data.toString())).toEqual(['new']);
  await shard?.trim();
  expect(shard?.oldest).toBe(0);
  // A segment goes once its successor's first record is too old as well.
  now += 25 * 3_600_000;
  await shard?.trim();
  expect(shard?.oldest).toBe(33);
  await stream.close();
});
