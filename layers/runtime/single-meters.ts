import { fromGroup } from '../contracts/api/access.ts';
import type { Caller } from './caller.ts';

/** Who may read single meters, and so needs no protection of theirs in what they add up to. */
const READERS = new Set(fromGroup('analyst'));

export const readsSingleMeters = ({ groups }: Pick<Caller, 'groups'>): boolean =>
  groups.some((group) => READERS.has(group));
