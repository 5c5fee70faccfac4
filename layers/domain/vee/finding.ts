import type { VeeRuleName } from '../../contracts/vee/rules.ts';
import { type IntervalSeries, type Span, startAt } from './series.ts';

/** A rule that is broken over a time. What it says follows from the data alone, so that judging again finds the same. */
export interface Finding {
  rule: VeeRuleName;
  /** Epoch ms, half-open. */
  from: number;
  to: number;
  /** What was seen, in the rule's own unit; null: nothing to measure. */
  observed: number | null;
  /** What it was held against. */
  limit: number | null;
  /** The standard's code where it has a nearer one than the rule's. */
  cim?: string;
  /** The exception stands since an earlier day; it still counts for this one. */
  continues?: boolean;
}

/** When a span of a series begins and ends. */
export const timesOf = (series: IntervalSeries, span: Span): { from: number; to: number } => ({
  from: startAt(series, span.first),
  to: startAt(series, span.end),
});
