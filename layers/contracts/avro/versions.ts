import type { MessageKind } from '../messages/messages.ts';
import { RELEASED_SCHEMAS } from './released.ts';
import type { AvroRecord } from './schema.ts';

/** A released schema that messages may be written by. */
export interface SchemaVersion {
  kind: MessageKind;
  /** From 1. */
  version: number;
  schema: AvroRecord;
}

/** Schema versions by the id that the registry gave them. */
export type SchemaVersions = ReadonlyMap<string, SchemaVersion>;

const releasesOf = (kind: string): readonly AvroRecord[] =>
  Object.hasOwn(RELEASED_SCHEMAS, kind) ? RELEASED_SCHEMAS[kind as keyof typeof RELEASED_SCHEMAS] : [];

/** Every released schema version, each with the name it has in `SCHEMA_VERSIONS`. */
export const RELEASED_VERSIONS: readonly (SchemaVersion & { name: string })[] = Object.keys(RELEASED_SCHEMAS).flatMap(
  (kind) =>
    releasesOf(kind).map((schema, index) => ({
      kind: kind as MessageKind,
      version: index + 1,
      schema,
      name: `${kind}:${index + 1}`,
    })),
);

/**
 * Reads the variable `SCHEMA_VERSIONS` (`<kind>:<version>=<id>`, comma-separated), by which the template says what ids the
 * registry gave. @throws Error naming an entry that is no released version.
 */
export function schemaVersions(variable: string): SchemaVersions {
  return new Map(
    variable
      .split(',')
      .filter(Boolean)
      .map((entry) => {
        const [name, id = ''] = entry.split('=');
        const found = RELEASED_VERSIONS.find((released) => released.name === name);
        if (!found || id === '') throw new Error(`SCHEMA_VERSIONS: ${entry} is no released schema version`);
        return [id.toLowerCase(), found];
      }),
  );
}
