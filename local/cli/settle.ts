import type { OperatorCall } from './operator-api.ts';

interface Run {
  run: number;
  kind: string;
  complete: boolean;
  cutoff: string;
  counts: Record<'usagePoints' | 'billable' | 'changed' | 'intervals' | 'estimated' | 'open' | 'findings', number>;
}
