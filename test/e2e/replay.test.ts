import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { householdData } from '../harness/household-data.ts';
import { Stack } from '../harness/stack.ts';
import { consumption } from './oracle.ts';

const ZONE = 'Australia/Sydney';
const data = householdData();

/** Fourteen local days each; the first holds a day of 23 hours (2012-10-07), the second one of 25 (2013-04-07). Offsets are Sydney's. */
const REPLAYS = [
  {
    from: '2012-09-30',
    days: 14,
    start: Date.parse('2012-09-30T00:00:00+10:00'),
    end: Date.parse('2012-10-14T00:00:00+11:00'),
  },
  {
    from: '2013-04-01',
    days: 14,
    start: Date.parse('2013-04-01T00:00:00+11:00'),
    end: Date.parse('2013-04-15T00:00:00+10:00'),
  },
];

interface Transformer {
  transformerId: string;
  feederId: string;
}

interface Replay {
  published: number;
  stored: number;
  quarantined: number;
  seconds: number;
}

describe.each(REPLAYS)('a replay of $days days from $from', ({ from, days, start, end }) => {
  const stateDir = `.cache/e2e-replay-${from}`;
  const stack = new Stack({ portBase: 9500, stateDir });
  let token = '';
  const get = async <Body>(path: string): Promise<Body> => {
    const response = await fetch(`${stack.endpoints().api}${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  };
  const range = `from=${new Date(start).toISOString()}&to=${new Date(end).toISOString()}`;
  const inRange = (id: string) =>
    data.starts.flatMap((instant, i) => {
      const wh = data.wh.get(id)?.[i];
      return instant >= start && instant < end && wh !== undefined ? [{ start: instant, wh }] : [];
    });

  beforeAll(async () => {
    await stack.start({ fresh: true, arguments: ['--speed', 'max', '--from', from, '--days', String(days)] });
    const file = join(import.meta.dirname, '../..', stateDir, 'replay.json');
    for (let waited = 0; !existsSync(file); waited += 250) {
      if (waited > 150_000) throw new Error('the replay did not complete');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    token = await stack.token('analyst');
    const replay = JSON.parse(readFileSync(file, 'utf8')) as Replay;
    const expected = data.meterIds.reduce((sum, id) => sum + inRange(id).length, 0);
    expect(expected).toBeGreaterThan(20_000);
    expect(replay).toMatchObject({ stored: expected, quarantined: 0 });
  }, 240_000);

  afterAll(() => stack.stop());

  test('every reading of the source comes back exactly, and gaps as gaps', async () => {
    for (const id of data.meterIds) {
      const expected = inRange(id);
      const intervals: { start: string; value: number }[] = [];
      const gaps: { start: string; end: string }[] = [];
      let cursor = '';
      do {
        const page = await get<{ intervals: typeof intervals; gaps: typeof gaps; next: string | null }>(
          `/meters/${id}/readings?${range}&limit=1000${cursor}`,
        );
        intervals.push(...page.intervals);
        gaps.push(...page.gaps);
        cursor = page.next === null ? '' : `&cursor=${encodeURIComponent(page.next)}`;
      } while (cursor !== '');
      expect(intervals.map((each) => [Date.parse(each.start), each.value])).toEqual(
        expected.map((each) => [each.start, each.wh / 1000]),
      );
      const series = data.wh.get(id) ?? [];
      const served = series.flatMap((wh, i) => (wh === undefined ? [] : [i]));
      const missing = data.starts.filter(
        (instant, i) =>
          instant >= start &&
          instant < end &&
          series[i] === undefined &&
          i > (served[0] ?? 0) &&
          i < (served.at(-1) ?? 0),
      );
      const inGaps = missing.filter((instant) =>
        gaps.some((gap) => Date.parse(gap.start) <= instant && instant < Date.parse(gap.end)),
      );
      expect(inGaps).toEqual(missing);
      const gapMs = gaps.reduce((sum, gap) => sum + Date.parse(gap.end) - Date.parse(gap.start), 0);
      expect(gapMs).toBe(missing.length * 1_800_000);
    }
  }, 120_000);

  const entities = async (): Promise<{ path: string; meterIds: readonly string[] }[]> => {
    const { transformers } = await get<{ transformers: Transformer[] }>('/network');
    const meters: { meterId: string; transformerId: string }[] = [];
    for (let cursor = ''; ; ) {
      const page = await get<{ items: typeof meters; next: string | null }>(`/meters?limit=1000${cursor}`);
      meters.push(...page.items);
      if (page.next === null) break;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
    }
    expect(meters).toHaveLength(data.meterIds.length);
    const at = (ids: ReadonlySet<string>) =>
      meters.filter((meter) => ids.has(meter.transformerId)).map((meter) => meter.meterId);
    const feeders = [...new Set(transformers.map((each) => each.feederId))];
    return [
      { path: '/system', meterIds: data.meterIds },
      ...feeders.map((id) => ({
        path: `/feeders/${id}`,
        meterIds: at(new Set(transformers.filter((each) => each.feederId === id).map((each) => each.transformerId))),
      })),
      ...transformers.map(({ transformerId }) => ({
        path: `/transformers/${transformerId}`,
        meterIds: at(new Set([transformerId])),
      })),
      ...data.meterIds.map((id) => ({ path: `/meters/${id}`, meterIds: [id] })),
    ];
  };

  test.each(['hour', 'day', 'month'] as const)(
    'consumption by %s equals the source, per meter, transformer, feeder and system',
    async (granularity) => {
      const all = await entities();
      expect(all.length).toBeGreaterThan(60);
      for (const { path, meterIds } of all) {
        const { periods } = await get<{
          periods: { start: string; end: string; value: number | null; intervalsPresent: number }[];
        }>(`${path}/consumption?granularity=${granularity}&tz=${ZONE}&${range}`);
        const expected = consumption(data, { meterIds, from: start, to: end, granularity, zone: ZONE });
        expect(periods.map((each) => [Date.parse(each.start), Date.parse(each.end), each.intervalsPresent])).toEqual(
          expected.map((each) => [each.start, each.end, each.present]),
        );
        periods.forEach((period, i) => {
          const wh = expected[i]?.wh ?? null;
          if (wh === null) expect(period.value).toBeNull();
          else expect(Math.abs((period.value ?? Number.NaN) - wh / 1000)).toBeLessThanOrEqual(1e-6);
        });
      }
    },
    120_000,
  );
});
