import type { VeeRuleName, VeeSeverity } from '../../contracts/vee/rules.ts';

export type ExceptionStatus = 'open' | 'estimated' | 'resolved';

/** A broken rule as settlement runs left it. */
export interface VeeException {
  meterNo: number;
  meterId: string;
  channel: number;
  localDay: number;
  rule: VeeRuleName;
  /** Epoch ms, half-open. */
  from: number;
  to: number;
  observed: number | null;
  limit: number | null;
  cim: string;
  severity: VeeSeverity;
  status: ExceptionStatus;
  firstRun: number;
  lastRun: number;
}

export interface ExceptionReader {
  /** Those that begin in [from, to), the latest first; `skip` of them left out. */
  exceptions(query: {
    from: number;
    to: number;
    rule?: VeeRuleName | undefined;
    severity?: VeeSeverity | undefined;
    status?: ExceptionStatus | undefined;
    meterId?: string | undefined;
    skip: number;
    limit: number;
  }): Promise<VeeException[]>;
}
