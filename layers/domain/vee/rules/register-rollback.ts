import type { RegisterSegment } from '../../registers/register-energy.ts';
import type { Finding } from '../finding.ts';

/** Rule 14: a register fell, and neither an exchange nor a rollover says why. */
export function registerRollback(segments: readonly RegisterSegment[]): Finding[] {
  return segments
    .filter(({ why }) => why === 'rollback')
    .map(({ from, to, advanceWh }) => ({ rule: 'REGISTER_ROLLBACK', from, to, observed: advanceWh, limit: 0 }));
}
