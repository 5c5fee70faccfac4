import { DaySummaries, type DaySummary } from './day-summary.ts';
import { type EntityDay, LEVELS, type Level, type WindowAggregation, type WindowWork } from './window-store.ts';

/** Entity-days summed in one transaction: some thousand meters' blocks of a day, about 20 MB. [proposed] */
const ENTITY_DAYS_PER_TRANSACTION = 128;

export interface AggregationReport {
  /** Entity-days summed, and of those the ones that came out different. */
  summed: number;
  changed: number;
  /** Due entity-days may be left. */
  more: boolean;
}

/**
 * Brings the days of transformers, feeders, regions and the system up to date, bottom-up: what changed readings or topology
 * touched is summed anew from the winners, never incremented; what comes out equal ends there. Any number may run at once: an
 * entity's day is claimed by one of them. Running it again changes nothing.
 */
export async function aggregateWindows(
  windows: WindowAggregation,
  {
    budgetMs = Number.POSITIVE_INFINITY,
    clock = () => performance.now(),
  }: { budgetMs?: number; clock?: () => number } = {},
): Promise<AggregationReport> {
  const startedAt = clock();
  const report: AggregationReport = { summed: 0, changed: 0, more: false };
  while ((await windows.transaction((step) => step.noteDue())) > 0) {
    if (clock() - startedAt > budgetMs) return { ...report, more: true };
  }
  for (;;) {
    const { summed, changed } = await windows.transaction(sumSome);
    if (summed === 0) return report;
    report.summed += summed;
    report.changed += changed;
    if (clock() - startedAt > budgetMs) return { ...report, more: true };
  }
}

/**
 * Level by level upwards, as long as it is little: what the levels above owe is then done in one go. Never downwards: who
 * notes days of one level after those of a higher one may wait for another that waits for it.
 */
async function sumSome(step: WindowWork): Promise<{ summed: number; changed: number }> {
  const sum = { summed: 0, changed: 0 };
  let level: Level = LEVELS.transformer;
  while (sum.summed < ENTITY_DAYS_PER_TRANSACTION) {
    const claimed = await step.claim(ENTITY_DAYS_PER_TRANSACTION - sum.summed, level);
    const [first] = claimed;
    if (!first) break;
    level = first.level;
    sum.summed += claimed.length;
    sum.changed += await sumClaimed(step, claimed);
  }
  return sum;
}

/** @returns how many came out different */
async function sumClaimed(step: WindowWork, claimed: readonly EntityDay[]): Promise<number> {
  const days: (EntityDay & { summaries: readonly DaySummary[] })[] = [];
  for (const [day, ofDay] of Map.groupBy(claimed, (each) => each.day)) {
    const level = (ofDay[0] as EntityDay).level;
    const summaries = await summariesOf(step, { level, ids: ofDay.map(({ id }) => id), day });
    for (const entityDay of ofDay) days.push({ ...entityDay, summaries: summaries.get(entityDay.id)?.list() ?? [] });
  }
  const changed = await step.put(days);
  await step.noteParentsDue(changed);
  return changed.length;
}

async function summariesOf(
  step: WindowWork,
  { level, ids, day }: { level: Level; ids: readonly string[]; day: number },
): Promise<ReadonlyMap<string, DaySummaries>> {
  if (level === LEVELS.transformer) return step.sumsOf(ids, day);
  const found = new Map<string, DaySummaries>();
  for (const { id, summary } of await step.partsOf(level, ids, day)) {
    const summaries = found.get(id) ?? new DaySummaries();
    found.set(id, summaries);
    summaries.addSummary(summary);
  }
  return found;
}
