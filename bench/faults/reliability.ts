import { FAULT_CLASSES, FAULTY_SHARE, type FaultClass } from '../../layers/contracts/models/anomaly.ts';

/** Probabilities are compared with what is true within these. */
const EDGES = [0, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9] as const;

export interface Reliability {
  /** Mean squared error (Brier 1950), and that of who says FAULTY_SHARE every day. */
  brier: number;
  brierOfShare: number;
  medianClean: number;
  bins: { from: number; days: number; said: number; were: number }[];
}

/**
 * What probabilities of a fault are worth where FAULTY_SHARE of the days are faulty, every fault as often: days are weighed so.
 * @throws RangeError without clean days or without days of a fault.
 */
export function reliabilityOf(
  clean: readonly number[],
  faulty: Readonly<Record<FaultClass, readonly number[]>>,
): Reliability {
  const days = [
    ...clean.map((said) => ({ said, is: 0, weight: (1 - FAULTY_SHARE) / clean.length })),
    ...FAULT_CLASSES.flatMap((fault) => {
      const weight = FAULTY_SHARE / FAULT_CLASSES.length / faulty[fault].length;
      if (!Number.isFinite(weight)) throw new RangeError(`no day of ${fault}`);
      return faulty[fault].map((said) => ({ said, is: 1, weight }));
    }),
  ];
  if (clean.length === 0) throw new RangeError('no clean day');
  const sum = (of: typeof days, figure: (day: (typeof days)[number]) => number) =>
    of.reduce((total, day) => total + day.weight * figure(day), 0);
  const sorted = [...clean].sort((a, b) => a - b);
  return {
    brier: sum(days, ({ said, is }) => (said - is) ** 2),
    brierOfShare: sum(days, ({ is }) => (FAULTY_SHARE - is) ** 2),
    medianClean: sorted[sorted.length >> 1] as number,
    bins: EDGES.flatMap((from, n) => {
      const own = days.filter(({ said }) => said >= from && said < (EDGES[n + 1] ?? Number.POSITIVE_INFINITY));
      const weight = sum(own, () => 1);
      if (own.length === 0) return [];
      return [
        {
          from,
          days: own.length,
          said: sum(own, ({ said }) => said) / weight,
          were: sum(own, ({ is }) => is) / weight,
        },
      ];
    }),
  };
}
