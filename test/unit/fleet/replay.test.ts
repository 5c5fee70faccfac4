import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INTERVAL_MS, readSource, SOURCE_START_MS } from '../../../local/fleet/data/source.ts';
import type { Device } from '../../../local/fleet/device.ts';
import { meterSource } from '../../../local/fleet/messages.ts';
import { boundedPlan, type ReplayPlan } from '../../../local/fleet/plan.ts';
import { Replay } from '../../../local/fleet/replay.ts';

const [meter] = readSource().filter((one) => one.meterId === 'm011');
if (!meter) throw new Error('no meter m011');
const source = meterSource(meter, 'local');

/** Acknowledges until `failAfter` messages, then behaves like a connection that was ended. */
const recorder = (failAfter = Number.POSITIVE_INFINITY) => {
  const starts: string[] = [];
  let messages = 0;
  const publish = async (_topic: string, payload: Buffer) => {
    if (messages++ >= failAfter) throw new Error('ended');
    const { intervals, start } = JSON.parse(payload.toString()) as { intervals?: { start: string }[]; start?: string };
    starts.push(...(intervals?.map((one) => one.start) ?? [start as string]));
  };
  return { starts, device: { deviceId: 'm011', online: true, publish, end: () => {} } as unknown as Device };
};
const file = () => join(mkdtempSync(join(tmpdir(), 'replay-')), 'cursor.json');
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

test('a run that is cut off and resumed publishes every reading once, in order', async () => {
  const plan = boundedPlan('2013-04-01', 14);
  const options = { plan, speed: 'max' as const, cursorFile: file(), clock: Date.now };
  const first = recorder(5);
  const cut = new Replay(options, [{ source, device: first.device }]);
  cut.start();
  await settle();
  cut.stop();
  const second = recorder();
  const resumed = new Replay(options, [{ source, device: second.device }]);
  resumed.start();
  await resumed.complete;
  const all = [...first.starts, ...second.starts];
  expect(first.starts.length).toBeGreaterThan(0);
  expect(all).toHaveLength(source.count(plan.from, plan.end));
  expect(new Set(all).size).toBe(all.length);
  expect(all).toEqual([...all].sort());
  expect(resumed.progress()).toMatchObject({ published: all.length, backlog: 0 });
});

test('a reading is published only after its mapped interval has ended; time passed comes as backlog', async () => {
  const from = 20_000;
  const plan: ReplayPlan = { kind: 'live', from, end: from + 96, shiftMs: 7 * 86_400_000, cuts: [] };
  let now = SOURCE_START_MS + plan.shiftMs + (from + 3) * INTERVAL_MS - 1;
  const cursorFile = file();
  const early = recorder();
  const replay = new Replay({ plan, speed: 'live', cursorFile, clock: () => now }, [{ source, device: early.device }]);
  replay.start();
  await settle();
  replay.stop();
  expect(early.starts).toHaveLength(source.count(from, from + 2));
  now += 10 * INTERVAL_MS;
  const late = recorder();
  const again = new Replay({ plan, speed: 'live', cursorFile, clock: () => now }, [{ source, device: late.device }]);
  again.start();
  await settle();
  again.stop();
  expect(late.starts).toHaveLength(source.count(from + 2, from + 12));
});
