import type { Answer } from '../app/api.ts';
import { ageName } from '../app/times.ts';
import { Status, type StatusName } from './status.tsx';

export type OutageRow = Answer<'listOutages'>['items'][number];

const shown: Readonly<Record<OutageRow['status'], { name: StatusName; word: string }>> = {
  suspected: { name: 'warn', word: 'suspected' },
  confirmed: { name: 'critical', word: 'out' },
  restored: { name: 'normal', word: 'restored' },
  dismissed: { name: 'missing', word: 'dismissed' },
};

export const OutageStatus = ({ status }: { status: OutageRow['status'] }) => <Status {...shown[status]} />;

export const isOpen = ({ to }: { to: string | null }): boolean => to === null;

/** What is out, in words. */
export const outageName = ({ level, entityId }: Pick<OutageRow, 'level' | 'entityId'>): string =>
  `${level === 'usagePoint' ? 'Usage point' : level === 'feeder' ? 'Feeder' : 'Transformer'} ${entityId}`;

export const durationName = ({ from, to }: { from: string; to: string | null }, now: number): string =>
  ageName((to === null ? now : Date.parse(to)) - Date.parse(from));
