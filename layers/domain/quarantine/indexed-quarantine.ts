import type { QuarantineKind } from '../../contracts/messages/quarantine.ts';
import type { QuarantineStore } from '../messages/quarantine.ts';
import type { QuarantineIndex } from './quarantine-index.ts';

/** Quarantine whose messages are found by time and status. The body first: what the index names is there. */
export function indexedQuarantine(ports: {
  objects: QuarantineStore;
  index: Pick<QuarantineIndex, 'arrive'>;
}): QuarantineStore {
  return {
    async put(messages) {
      await ports.objects.put(messages);
      await ports.index.arrive(
        messages.map(({ reasons, payload: _, kind, ...message }) => ({
          ...message,
          kind: kind as QuarantineKind,
          reasonCodes: [...new Set(reasons.map(({ code }) => code))],
        })),
      );
    },
  };
}
