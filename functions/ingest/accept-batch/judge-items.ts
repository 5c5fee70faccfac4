import type * as z from 'zod';
import type { batchResult } from '../../../layers/contracts/api/batch.ts';
import { CHANNEL_NAMES, CHANNELS } from '../../../layers/contracts/messages/channels.ts';
import type { JsonValue } from '../../../layers/domain/messages/strict-json.ts';
import { validateIntervalColumns } from '../../../layers/domain/readings/interval-columns-validation.ts';
import { validateIntervalReadings } from '../../../layers/domain/readings/interval-validation.ts';
import { ReadingColumns } from '../../../layers/domain/readings/reading-columns.ts';
import { type EncodedItem, encodeItem } from './encode-item.ts';

export type ItemResult = z.infer<typeof batchResult>['items'][number];

/** An item's answer, and what is to be put for it: nothing if it is rejected, or equal to an earlier one. */
export interface JudgedItem {
  result: ItemResult;
  put?: EncodedItem;
}

type Reasons = NonNullable<ItemResult['reasons']>;
type Item = { [key: string]: JsonValue };

/** Whether an item is an interval-columns message. */
export const isColumns = (item: Readonly<Record<string, unknown>>): boolean => Object.hasOwn(item, 'meters');

interface Judged {
  /** Epoch ms. */
  now: number;
  /** Rule 17 as operators set it, ms. */
  maxAheadMs: number | undefined;
  inexact: ReadonlySet<string>;
}

/** What can be said of an item without the registry, which the consumer of the stream asks: here every meter fits. */
function violationsOf(item: Item, judged: Judged): Reasons {
  const minutes = typeof item.intervalMinutes === 'number' ? item.intervalMinutes : 0;
  const intervalMinutes: number[] = [];
  for (const name of CHANNEL_NAMES) intervalMinutes[CHANNELS[name].code] = minutes;
  const judgement = {
    receivedAt: judged.now,
    maxAheadMs: judged.maxAheadMs,
    ownerId: undefined,
    inexact: judged.inexact,
    meter: () => ({ meterNo: 0, intervalMinutes }),
  };
  const validate = isColumns(item) ? validateIntervalColumns : validateIntervalReadings;
  const reasons = validate(item, judgement, new ReadingColumns());
  return reasons.map(({ code, path, message }) => ({ path, message: `${code}: ${message}` }));
}

/** Text that is the same for equal items, whatever the order of their keys. */
const canonical = (node: unknown): string => {
  if (Array.isArray(node)) return `[${node.map(canonical).join(',')}]`;
  if (typeof node !== 'object' || node === null) return JSON.stringify(node);
  const entries = Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`).join(',')}}`;
};

/**
 * Reasons of an answer, so that it stays far below what Lambda returns (6 MB) and, compressed, below what an item of the
 * idempotency table holds (400 KB). [proposed]
 */
const MAX_REASONS = 10_000;

const bounded = (reasons: Reasons, most: number): Reasons =>
  reasons.length <= most
    ? reasons
    : [...reasons.slice(0, most), { path: '', message: `and ${reasons.length - most} more` }];

/** Paths of inexact numbers by item, each below its item. */
function inexactByItem(inexact: ReadonlySet<string>): ReadonlyMap<number, ReadonlySet<string>> {
  const found = new Map<number, Set<string>>();
  for (const path of inexact) {
    const [, index, inner = ''] = /^readings\[(\d+)\]\.?(.*)$/s.exec(path) ?? [];
    if (index === undefined) continue;
    const paths = found.get(Number(index)) ?? new Set();
    found.set(Number(index), paths.add(inner));
  }
  return found;
}

/** Accepted or rejected with every reason, item by item; an equal item is accepted and named, and put once. */
export function judgeItems(
  items: readonly Readonly<Record<string, unknown>>[],
  { now, maxAheadMs, inexact }: Judged,
): JudgedItem[] {
  const firsts = new Map<string, number>();
  const reasonsEach = Math.ceil(MAX_REASONS / items.length);
  const inexactIn = inexactByItem(inexact);
  return items.map((item, index): JudgedItem => {
    const reasons = violationsOf(item as Item, { now, maxAheadMs, inexact: inexactIn.get(index) ?? new Set() });
    const put = reasons.length > 0 ? undefined : encodeItem(item);
    if (reasons.length === 0 && !put) {
      reasons.push({ path: '', message: 'TOO_LARGE: more than one record of the stream holds; send it in parts' });
    }
    if (!put) return { result: { index, status: 'rejected', reasons: bounded(reasons, reasonsEach) } };
    const text = canonical(item);
    const first = firsts.get(text);
    if (first !== undefined) return { result: { index, status: 'accepted', duplicateOf: first } };
    firsts.set(text, index);
    return { result: { index, status: 'accepted' }, put };
  });
}
