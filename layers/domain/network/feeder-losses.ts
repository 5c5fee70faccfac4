import type { Period } from '../calendar/local-periods.ts';
import type { Together, WindowTotals } from '../windows/window-totals.ts';

/** What a feeder's energy balance has to say of one interval. */
export interface BalanceSpan extends Period {
  /** Energy through the head of the feeder, away from the substation positive, Wh; null: not measured. */
  headWh: number | null;
  consumed: SpanTotals;
  /** What customers fed in. */
  exported: SpanTotals;
}

type SpanTotals = Pick<
  WindowTotals,
  'energyWh' | 'intervalsExpected' | 'intervalsPresent' | 'metersPresent' | 'mostOfOneWh'
>;

/** Where a loss comes from: the head's meter less those of the customers, or what is declared of the feeder. */
export type LossBasis = 'measured' | 'declared';

/** Energy balance of a feeder: entered + exported = consumed + lost. Wh; null without a basis. */
export interface FeederBalance extends Period {
  basis: LossBasis | null;
  enteredWh: number | null;
  exportedWh: number | null;
  consumedWh: number | null;
  lostWh: number | null;
  /** Intervals of the period, and those in which everything that the balance needs was measured or estimated. */
  spansExpected: number;
  spansCounted: number;
  /** What customers consumed in it, for the rule of privacy. */
  consumption: Together;
}

/**
 * Balances of a feeder by period, over intervals that every meter has (and the head, where one counts) and over no others: what a
 * missing reading leaves out would else be called a loss.
 * @param spans adjacent intervals that have ended @param declaredLossPercent of the energy that enters
 */
export function feederBalances(
  periods: readonly Period[],
  spans: readonly BalanceSpan[],
  declaredLossPercent: number | null,
): FeederBalance[] {
  return periods.map(({ start, end }) => {
    const own = spans.filter((span) => span.start >= start && span.end <= end);
    const complete = own.filter(
      ({ consumed, exported }) => consumed.intervalsExpected > 0 && isComplete(consumed) && isComplete(exported),
    );
    const measured = complete.filter(({ headWh }) => headWh !== null);
    const basis =
      measured.length > 0 ? 'measured' : declaredLossPercent !== null && complete.length > 0 ? 'declared' : null;
    const counted = basis === 'measured' ? measured : basis === 'declared' ? complete : [];
    const sum = (of: (span: BalanceSpan) => number) => counted.reduce((total, span) => total + of(span), 0);
    const consumedWh = sum(({ consumed }) => consumed.energyWh);
    const exportedWh = sum(({ exported }) => exported.energyWh);
    const share = (declaredLossPercent ?? 0) / 100;
    // Declared of what enters from both sides, which is what is consumed and lost.
    const lostWh =
      basis === 'measured'
        ? sum(({ headWh }) => headWh as number) + exportedWh - consumedWh
        : Math.round((consumedWh * share) / (1 - share));
    const consumption = {
      energyWh: consumedWh,
      metersPresent: Math.max(0, ...counted.map(({ consumed }) => consumed.metersPresent)),
      mostOfOneWh: sum(({ consumed }) => consumed.mostOfOneWh),
    };
    const spansOf = { spansExpected: own.length, spansCounted: counted.length, consumption };
    const nothing = { enteredWh: null, exportedWh: null, consumedWh: null, lostWh: null };
    return {
      start,
      end,
      basis,
      ...(basis === null ? nothing : { enteredWh: consumedWh + lostWh - exportedWh, exportedWh, consumedWh, lostWh }),
      ...spansOf,
    };
  });
}

const isComplete = ({ intervalsExpected, intervalsPresent }: SpanTotals): boolean =>
  intervalsPresent >= intervalsExpected;
