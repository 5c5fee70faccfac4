import type { VeeRuleSettings } from '../../../contracts/vee/settings.ts';
import type { Finding } from '../finding.ts';

/** How far a meter's clock seemed ahead of ours on a local day: (end of interval − receipt), s. */
export interface ClockOffset {
  localDay: number;
  /** The largest of the day: that of the fastest message. */
  bestSeconds: number;
  medianSeconds: number;
}

/**
 * Rule 13: the meter's clock is off. Transport only ever delays, so a message from the future proves a clock ahead. A clock
 * behind looks like slow transport; it is told from it when the day's messages came steadily, and the fastest of them
 * lags the fastest of the days before.
 * @param day `offsets`: the day's own and those of the days before, in any order
 */
export function timeDrift(
  day: { localDay: number; from: number; to: number; offsets: readonly ClockOffset[] },
  limits: VeeRuleSettings['timeDrift'],
): Finding[] {
  const own = day.offsets.find(({ localDay }) => localDay === day.localDay);
  if (!own) return [];
  const finding = (observed: number): Finding[] => [
    { rule: 'TIME_DRIFT', from: day.from, to: day.to, observed, limit: limits.seconds },
  ];
  if (own.bestSeconds > limits.seconds) return finding(own.bestSeconds);
  // A day on which the clock was ahead is no measure of the transport.
  const before = day.offsets.filter(
    ({ localDay, bestSeconds }) => localDay < day.localDay && bestSeconds <= limits.seconds,
  );
  const steady = own.bestSeconds - own.medianSeconds <= limits.seconds;
  if (before.length < limits.minDays || !steady) return [];
  const lag = own.bestSeconds - Math.max(...before.map(({ bestSeconds }) => bestSeconds));
  return lag < -limits.seconds ? finding(lag) : [];
}
