import { FAILED_BATCH } from '../../../layers/contracts/messages/quarantine.ts';
import {
  type Asked,
  type Operated,
  type OperateQuarantinePorts,
  operateQuarantine,
  type Refusal,
} from '../../../layers/domain/quarantine/operate-quarantine.ts';
import type { QuarantineEntry } from '../../../layers/domain/quarantine/quarantine-index.ts';
import type { UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import type { Caller } from '../../../layers/runtime/caller.ts';
import { decodeCursor, encodeCursor } from '../../../layers/runtime/cursor.ts';

const POSITION = /^\d{15}#[0-9a-f]{64}$/;

type Routes = 'listQuarantine' | 'getQuarantined' | 'correctQuarantined' | 'discardQuarantined' | 'replayQuarantined';

/** Use cases of the quarantine. */
export function quarantineRoutes(ports: OperateQuarantinePorts): UseCases<Routes> {
  const operate = operateQuarantine(ports);
  const answered = async (id: string, operated: Operated) =>
    operated.ok ? itemOf(ports, operated.entry) : REFUSALS[operated.refusal](id);
  return {
    async listQuarantine({ query: { limit, cursor, from, to, ...filter } }) {
      const before = decodeCursor(cursor, POSITION);
      if (before instanceof ApiProblem) return before;
      const { entries, next } = await ports.index.list({
        ...filter,
        from: instantOf(from),
        to: instantOf(to),
        limit,
        before,
      });
      return { items: entries.map(answerOf), next: next === undefined ? null : encodeCursor(next) };
    },
    async getQuarantined({ params: { quarantineId } }) {
      const entry = await ports.index.find(quarantineId);
      return entry ? itemOf(ports, entry) : REFUSALS.unknown(quarantineId);
    },
    async correctQuarantined({ params: { quarantineId }, body: { payload, topic, reason }, ...request }) {
      const message = { payload: Buffer.from(payload, 'base64'), topic };
      return answered(quarantineId, await operate.correct(quarantineId, message, asked(request, reason)));
    },
    async discardQuarantined({ params: { quarantineId }, query: { reason }, ...request }) {
      return answered(quarantineId, await operate.discard(quarantineId, asked(request, reason)));
    },
    async replayQuarantined({ params: { quarantineId }, body: { reason }, ...request }) {
      return answered(quarantineId, await operate.replay(quarantineId, asked(request, reason)));
    },
  };
}

const asked = ({ caller, now }: { caller: Caller; now: number }, reason: string): Asked => ({
  actor: { subject: caller.subject, clientId: caller.clientId },
  at: now,
  reason,
});

const REFUSALS: Readonly<Record<Refusal, (id: string) => ApiProblem>> = {
  unknown: (id) => apiProblem('not-found', `There is nothing ${id} in quarantine`),
  conflict: (id) => apiProblem('conflict', `${id} was changed at the same time: look at it again`),
  discarded: (id) => apiProblem('conflict', `${id} was discarded: correct it first, which opens it again`),
  'failed-batch': () => apiProblem('conflict', 'A failed batch is good as it is: replay it'),
  'no-stream': () => apiProblem('conflict', 'Its topic leads to no stream: correct it with a topic that does'),
  'stream-full': () => apiProblem('unavailable', 'The stream takes no more now; try again later'),
};

const instantOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));
const iso = (timeMs: number): string => new Date(timeMs).toISOString();

const answerOf = (entry: QuarantineEntry) => ({
  id: entry.id,
  kind: entry.kind,
  topic: entry.topic,
  clientId: entry.clientId,
  receivedAt: iso(entry.receivedAt),
  since: iso(entry.since),
  status: entry.status,
  reasonCodes: [...entry.reasonCodes],
  corrected: entry.correctionId !== undefined,
  replayedAs: entry.status === 'replayed' ? (entry.correctionId ?? entry.id) : null,
  version: entry.version,
});

const itemOf = async ({ objects }: Pick<OperateQuarantinePorts, 'objects'>, entry: QuarantineEntry) => {
  const [message, correction] =
    entry.kind === FAILED_BATCH
      ? [undefined, undefined]
      : await Promise.all([objects.message(entry), objects.correction(entry)]);
  const history = entry.history.map(({ at, action, actor, reason }) => ({ at: iso(at), action, ...actor, reason }));
  return {
    ...answerOf(entry),
    traceId: entry.traceId,
    reasons: message?.reasons ?? entry.reasonCodes.map((code) => ({ code, path: '', message: code })),
    payload: message?.payload ?? '',
    correction: correction
      ? { topic: correction.topic, payload: Buffer.from(correction.payload).toString('base64') }
      : null,
    history,
  };
};
