import { isoSeconds, startOfIndex } from './calendar.ts';
import { BLANK, type MeterColumn } from './data/source.ts';
import type { ReplayPlan } from './plan.ts';

export interface GridApi {
  /** Base to which `/meters` is appended. */
  url: string;
  token(group: string): Promise<string>;
}

const PAUSE_MS = 500;
const PAGE = 1000;

/**
 * Asks the API until it returns every published reading of the plan with its exact value.
 * @returns readings found; fewer than expected only when `settled` says that nothing more will come
 */
export async function awaitStored(
  api: GridApi,
  meters: readonly MeterColumn[],
  { plan, settled, cancelled }: { plan: ReplayPlan; settled(found: number): Promise<boolean>; cancelled(): boolean },
): Promise<number> {
  const found = new Map<string, number>();
  let waiting = meters.filter((meter) => expected(meter, plan) > 0);
  while (!cancelled()) {
    const missing: MeterColumn[] = [];
    for (const meter of waiting) {
      const stored = await storedOf(api, meter, plan);
      found.set(meter.meterId, stored);
      if (stored < expected(meter, plan)) missing.push(meter);
    }
    const sum = [...found.values()].reduce((all, one) => all + one, 0);
    if (missing.length === 0 || (await settled(sum))) return sum;
    waiting = missing;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return [...found.values()].reduce((all, one) => all + one, 0);
}

function expected({ valuesWh }: MeterColumn, { from, end }: ReplayPlan): number {
  return valuesWh.subarray(from, end).reduce((sum, value) => sum + (value === BLANK ? 0 : 1), 0);
}

async function storedOf(api: GridApi, { meterId, valuesWh }: MeterColumn, plan: ReplayPlan): Promise<number> {
  const at = (index: number) => isoSeconds(startOfIndex(index) + plan.shiftMs);
  const wanted = new Map<number, number>();
  for (let index = plan.from; index < plan.end; index++) {
    const value = valuesWh[index] as number;
    if (value !== BLANK) wanted.set(startOfIndex(index) + plan.shiftMs, value / 1000);
  }
  let stored = 0;
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ from: at(plan.from), to: at(plan.end), limit: String(PAGE) });
    if (cursor) query.set('cursor', cursor);
    const answer = await fetch(`${api.url}/meters/${meterId}/readings?${query}`, {
      headers: { authorization: `Bearer ${await api.token('analyst')}` },
    });
    if (!answer.ok) return stored;
    const page = (await answer.json()) as { intervals: { start: string; value: number }[]; next: string | null };
    for (const { start, value } of page.intervals) if (wanted.get(Date.parse(start)) === value) stored++;
    cursor = page.next;
  } while (cursor);
  return stored;
}

/** Imports the topology as any administrator does. @throws Error with the problem document */
export async function importTopology(api: GridApi, document: unknown): Promise<void> {
  const answer = await fetch(`${api.url}/topology`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${await api.token('admin')}`, 'content-type': 'application/json' },
    body: JSON.stringify(document),
  });
  if (!answer.ok) throw new Error(`PUT /topology: ${answer.status} ${await answer.text()}`);
}
