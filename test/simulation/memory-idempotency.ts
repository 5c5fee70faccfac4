import type { IdempotencyStore } from '../../layers/adapters/dynamodb/idempotency.ts';

/** A caller that vanished holds its key so long, ms. */
const IN_FLIGHT_MS = 60_000;

/** Answers by key, as the table keeps them. */
export function memoryIdempotency<Answer>(): IdempotencyStore<Answer> {
  const entries = new Map<string, { bodyHash: string; token: string; heldUntil: number; answer?: Answer }>();
  return {
    async claim({ key, bodyHash, token, now }) {
      const entry = entries.get(key);
      const vanished = entry && entry.answer === undefined && entry.heldUntil < now && entry.bodyHash === bodyHash;
      if (!entry || vanished) {
        entries.set(key, { bodyHash, token, heldUntil: now + IN_FLIGHT_MS });
        return { state: 'claimed', token };
      }
      if (entry.bodyHash !== bodyHash) return { state: 'other-body' };
      return entry.answer === undefined ? { state: 'in-flight' } : { state: 'answered', answer: entry.answer };
    },
    async complete({ key, token, answer }) {
      const entry = entries.get(key);
      if (entry?.token !== token) throw new Error('the key is held by another call');
      entries.set(key, { ...entry, answer });
    },
    async release({ key, token }) {
      const entry = entries.get(key);
      if (entry?.token === token && entry.answer === undefined) entries.delete(key);
    },
  };
}
