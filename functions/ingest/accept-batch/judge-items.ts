import type * as z from 'zod';
import type { batchResult } from '../../../layers/contracts/api/batch.ts';
import { CHANNELS, ENERGY_DECIMALS } from '../../../layers/contracts/messages/channels.ts';
import { IntervalBlockMessage, IntervalReadingMessage } from '../../../layers/contracts/messages/interval-readings.ts';
import { MAX_AHEAD_MS } from '../../../layers/contracts/messages/limits.ts';
import { checkWire } from '../../../layers/contracts/messages/violations.ts';

export type ItemResult = z.infer<typeof batchResult>['items'][number];

type Reasons = NonNullable<ItemResult['reasons']>;

const decimals = (value: number): number => {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(exponent));
};

/** What can be said of an item without the registry, which the consumer of the stream asks. */
function violationsOf(item: Record<string, unknown>, now: number): Reasons {
  const isBlock = Object.hasOwn(item, 'intervals');
  const wire = checkWire(isBlock ? IntervalBlockMessage : IntervalReadingMessage, item);
  if (!wire.ok) return wire.reasons.map(({ path, code, message }) => ({ path, message: `${code}: ${message}` }));
  const reading = wire.data;
  const violations: Reasons = [];
  const { unit } = CHANNELS[reading.channel];
  if (reading.unit !== unit) violations.push({ path: 'unit', message: `WRONG_UNIT: ${reading.channel} is in ${unit}` });
  const lengthMs = reading.intervalMinutes * 60_000;
  const intervals = 'intervals' in reading ? reading.intervals : [reading];
  intervals.forEach(({ start, value }, index) => {
    const at = (field: string) => (isBlock ? `intervals[${index}].${field}` : field);
    const startMs = Date.parse(start);
    if (startMs % lengthMs !== 0) {
      violations.push({
        path: at('start'),
        message: `MISALIGNED: not on a multiple of ${reading.intervalMinutes} minutes`,
      });
    }
    if (startMs + lengthMs > now + MAX_AHEAD_MS) {
      violations.push({ path: at('start'), message: 'FUTURE_TIME: ends after its receipt' });
    }
    if (decimals(value) > ENERGY_DECIMALS) {
      violations.push({ path: at('value'), message: `EXCESS_PRECISION: more than ${ENERGY_DECIMALS} decimals`, value });
    }
  });
  return violations;
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

/** Accepted or rejected with every reason, item by item; an equal item is accepted and named, and put once. */
export function judgeItems(items: readonly Record<string, unknown>[], now: number): ItemResult[] {
  const firsts = new Map<string, number>();
  const reasonsEach = Math.ceil(MAX_REASONS / items.length);
  return items.map((item, index): ItemResult => {
    const reasons = violationsOf(item, now);
    if (reasons.length > 0) return { index, status: 'rejected', reasons: bounded(reasons, reasonsEach) };
    const text = canonical(item);
    const first = firsts.get(text);
    if (first !== undefined) return { index, status: 'accepted', duplicateOf: first };
    firsts.set(text, index);
    return { index, status: 'accepted' };
  });
}
