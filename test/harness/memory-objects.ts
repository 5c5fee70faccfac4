import type { ObjectStore } from '../../layers/adapters/s3/objects.ts';

/** Objects of a bucket in memory, and what it keeps. */
export function memoryObjects(): ObjectStore & { kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    bucket: 'models',
    async put(key, body) {
      kept.set(key, typeof body === 'string' ? new TextEncoder().encode(body) : body);
    },
    async read(key) {
      const found = kept.get(key);
      if (!found) throw new Error(`there is no ${key}`);
      return found;
    },
    uri: (key) => `s3://models/${key}`,
  };
}
