import type { MessageKind } from '../messages/messages.ts';
import { type AvroRecord, incompatibilities } from './schema.ts';

/** Versions of each kind's schema, oldest first. A released version is never changed: messages of it are in the archive. */
export type Releases = Readonly<Partial<Record<MessageKind, readonly AvroRecord[]>>>;

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * The releases with what has changed since as a new version of its kind.
 * @returns breaks: why a change cannot be released; every released version must be able to read it and be read.
 */
export function withCurrent(
  released: Releases,
  current: Readonly<Record<string, AvroRecord>>,
): { releases: Releases; breaks: string[] } {
  const breaks: string[] = [];
  const releases = Object.entries(current).map(([kind, schema]) => {
    const versions = released[kind as MessageKind] ?? [];
    if (sameText(versions.at(-1), schema)) return [kind, versions] as const;
    versions.forEach((version, index) => {
      for (const reason of incompatibilities(schema, version))
        breaks.push(`${kind} against version ${index + 1}: ${reason}`);
    });
    return [kind, [...versions, schema]] as const;
  });
  for (const kind of Object.keys(released)) {
    if (!Object.hasOwn(current, kind)) breaks.push(`${kind}: a released kind has no schema any more`);
  }
  return { releases: Object.fromEntries(releases), breaks };
}
