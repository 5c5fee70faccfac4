import { type ChannelName, QUALITIES, QUALITY_BY_CODE } from '../../contracts/messages/channels.ts';
import type { Actor, AuditLog } from '../audit/audit-log.ts';
import type { EditAction, EditedInterval, EditStore, IntervalKey, ReadingEdit } from './edit-store.ts';

/** The interval as people name it. */
export interface NamedInterval extends IntervalKey {
  meterId: string;
  channelName: ChannelName;
}

export interface EditReadingPorts {
  edits: EditStore;
  audit: Pick<AuditLog, 'append'>;
  /** Whether a second person has to approve what one proposes. */
  secondPerson: boolean;
}

/** What somebody wants, decided on the state that a tag names. */
export interface EditRequest {
  ifMatch: string;
  reason: string;
  actor: Actor;
  /** Epoch ms. */
  at: number;
}

/** `changed`: the interval is not as the tag says. `same-person`: nobody approves an own proposal. */
export type EditRefusal = 'changed' | 'no-proposal' | 'same-person';

export type Edited = { ok: true; interval: EditedInterval } | { ok: false; refusal: EditRefusal; tag: string };

/** Names the state of an interval: its value, where that is from, and how many edits there are. */
export function stateTag({ versions, edits }: EditedInterval): string {
  const [winner] = versions;
  const value = winner ? `${QUALITY_BY_CODE[winner.quality]}-${winner.revision}-${winner.energyWh}` : 'missing';
  return `${value}-${edits.at(-1)?.sequence ?? 0}`;
}

/** The proposal that waits for a decision. */
export const openProposal = ({ edits }: EditedInterval): ReadingEdit | undefined => {
  const last = edits.at(-1);
  return last?.action === 'propose' ? last : undefined;
};

/**
 * Edits of readings: what was measured stays, the edited value counts. Each edit is one more row beside the reading that it
 * applies, in one transaction, so that aggregates follow as they do for any arriving reading; the audit log then gets every edit
 * of the interval, which makes good one whose record was lost. The same request again answers what the first one came to.
 */
export function editReading(ports: EditReadingPorts) {
  const add = async (
    interval: NamedInterval,
    found: EditedInterval,
    request: EditRequest & { action: EditAction; energyWh: number },
  ): Promise<Edited> => {
    const { ifMatch, at, actor, reason, action, energyWh } = request;
    const edit: ReadingEdit = {
      sequence: (found.edits.at(-1)?.sequence ?? 0) + 1,
      action,
      energyWh,
      previousWh: found.versions[0]?.energyWh,
      basedOn: ifMatch,
      reason,
      actor,
      at,
    };
    const added = await ports.edits.add(interval, edit);
    const after = await ports.edits.find(interval);
    return added ? audited(interval, after) : { ok: false, refusal: 'changed', tag: stateTag(after) };
  };

  const audited = async (interval: NamedInterval, found: EditedInterval): Promise<Edited> => {
    const { meterId, channelName, start } = interval;
    await ports.audit.append(
      found.edits.map(({ sequence, at, actor, action, reason, energyWh, previousWh }) => ({
        entity: `reading#${meterId}/${channelName}/${new Date(start).toISOString()}`,
        sequence,
        at,
        actor,
        action: `reading.${action}`,
        reason,
        details: { energyWh, ...(previousWh === undefined ? {} : { previousWh }) },
      })),
    );
    return { ok: true, interval: found };
  };

  return {
    find: (interval: IntervalKey): Promise<EditedInterval> => ports.edits.find(interval),
    /** Sets the interval's energy, or proposes it where a second person has to approve. */
    async edit(interval: NamedInterval, energyWh: number, request: EditRequest): Promise<Edited> {
      const found = await ports.edits.find(interval);
      const action = ports.secondPerson ? 'propose' : 'apply';
      if (isRepeat(found, { ...request, action, energyWh })) return audited(interval, found);
      const tag = stateTag(found);
      if (tag !== request.ifMatch) return { ok: false, refusal: 'changed', tag };
      return add(interval, found, { ...request, action, energyWh });
    },
    /** Approves or rejects the open proposal. */
    async decide(interval: NamedInterval, decision: 'approve' | 'reject', request: EditRequest): Promise<Edited> {
      const found = await ports.edits.find(interval);
      const last = found.edits.at(-1);
      if (last && isRepeat(found, { ...request, action: decision, energyWh: last.energyWh })) {
        return audited(interval, found);
      }
      const tag = stateTag(found);
      const proposal = openProposal(found);
      if (!proposal) return { ok: false, refusal: 'no-proposal', tag };
      if (tag !== request.ifMatch) return { ok: false, refusal: 'changed', tag };
      if (decision === 'approve' && proposal.actor.subject === request.actor.subject) {
        return { ok: false, refusal: 'same-person', tag };
      }
      return add(interval, found, { ...request, action: decision, energyWh: proposal.energyWh });
    },
  };
}

/** Whether the last edit is what is asked for again, because its answer was lost. */
function isRepeat({ edits }: EditedInterval, request: EditRequest & { action: EditAction; energyWh: number }): boolean {
  const last = edits.at(-1);
  return (
    last !== undefined &&
    last.basedOn === request.ifMatch &&
    last.action === request.action &&
    last.energyWh === request.energyWh &&
    last.reason === request.reason &&
    last.actor.subject === request.actor.subject
  );
}

/** Whether an edit puts a reading into the store. */
export const applies = ({ action }: Pick<ReadingEdit, 'action'>): boolean => action === 'apply' || action === 'approve';

/** Layer of what people set. */
export const EDITED_QUALITY = QUALITIES.edited;
