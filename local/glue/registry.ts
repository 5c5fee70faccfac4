import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import avro from 'avsc';
import { AwsFailure } from '../kernel/types.ts';

export interface Version {
  id: string;
  number: number;
  definition: string;
}

export interface Schema {
  registry: string;
  name: string;
  compatibility: string;
  versions: Version[];
}

/** https://docs.aws.amazon.com/glue/latest/dg/schema-registry.html#schema-registry-quotas: payload of a schema, bytes. */
export const MAX_SCHEMA_BYTES = 170_000;

/** Which earlier versions a new one is compared with, and in which directions. DISABLED lets no second version in. */
const RULES: Readonly<Record<string, { all: boolean; backward: boolean; forward: boolean }>> = {
  NONE: { all: false, backward: false, forward: false },
  BACKWARD: { all: false, backward: true, forward: false },
  BACKWARD_ALL: { all: true, backward: true, forward: false },
  FORWARD: { all: false, backward: false, forward: true },
  FORWARD_ALL: { all: true, backward: false, forward: true },
  FULL: { all: false, backward: true, forward: true },
  FULL_ALL: { all: true, backward: true, forward: true },
};

/** Schemas of all registries, in one file that is written whole: a version that was given an id keeps it. */
export class SchemaRegistry {
  readonly #file: string;
  readonly #schemas: Schema[];

  constructor(file: string) {
    this.#file = file;
    this.#schemas = schemasIn(file);
  }

  schema(registry: string, name: string): Schema | undefined {
    return this.#schemas.find((schema) => schema.registry === registry && schema.name === name);
  }

  /** Version ids by schema, oldest first. */
  ids(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(this.#schemas.map(({ name, versions }) => [name, versions.map(({ id }) => id)]));
  }

  version(id: string): { schema: Schema; version: Version } | undefined {
    for (const schema of this.#schemas) {
      const version = schema.versions.find((each) => each.id === id);
      if (version) return { schema, version };
    }
    return undefined;
  }

  /** A schema with its first version; the same again is the one there is. @throws AwsFailure on another one of the name. */
  createSchema(wanted: { registry: string; name: string; compatibility: string; definition: string }): Schema {
    const { registry, name, compatibility, definition } = wanted;
    if (compatibility !== 'DISABLED' && !RULES[compatibility]) {
      throw new AwsFailure('InvalidInputException', `There is no compatibility ${compatibility}.`);
    }
    parsed(definition);
    const known = this.schema(registry, name);
    if (known) {
      if (sameSchema(known.versions[0]?.definition ?? '', definition)) {
        known.compatibility = compatibility;
        this.#save();
        return known;
      }
      throw new AwsFailure(
        'AlreadyExistsException',
        `Schema ${name} exists with another first version: add a version, or begin anew with --fresh.`,
      );
    }
    const schema = { registry, name, compatibility, versions: [{ id: randomUUID(), number: 1, definition }] };
    this.#schemas.push(schema);
    this.#save();
    return schema;
  }

  /** Another version; one that there is already is answered as it is. @throws AwsFailure if it breaks the compatibility. */
  register(schema: Schema, definition: string): Version {
    parsed(definition);
    const known = schema.versions.find((version) => sameSchema(version.definition, definition));
    if (known) return known;
    const reasons = breaks(schema, definition);
    if (reasons.length > 0) {
      throw new AwsFailure(
        'InvalidInputException',
        `Schema ${schema.name}, ${schema.compatibility}: ${reasons.join('; ')}`,
      );
    }
    const version = { id: randomUUID(), number: schema.versions.length + 1, definition };
    schema.versions.push(version);
    this.#save();
    return version;
  }

  #save(): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.tmp`, `${JSON.stringify(this.#schemas)}\n`);
    renameSync(`${this.#file}.tmp`, this.#file);
  }
}

function schemasIn(file: string): Schema[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Schema[];
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw failure;
  }
}

/** The type of a definition. @throws AwsFailure if it is too large or no Avro schema. */
export function parsed(definition: string): avro.Type {
  if (Buffer.byteLength(definition) > MAX_SCHEMA_BYTES) {
    throw new AwsFailure('InvalidInputException', `A schema has at most ${MAX_SCHEMA_BYTES} bytes.`);
  }
  try {
    return avro.Type.forSchema(JSON.parse(definition) as avro.Schema);
  } catch (failure) {
    throw new AwsFailure('InvalidInputException', `Schema definition is invalid: ${(failure as Error).message}`);
  }
}

const sameSchema = (one: string, other: string): boolean =>
  JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other));

/** Why a definition may not follow the schema's versions; empty: it may. */
function breaks(schema: Schema, definition: string): string[] {
  const rule = RULES[schema.compatibility];
  if (!rule) return ['no further versions are let in'];
  const next = parsed(definition);
  const earlier = rule.all ? schema.versions : schema.versions.slice(-1);
  return earlier.flatMap((version) => {
    const before = parsed(version.definition);
    return [
      ...(rule.backward ? unreadable(next, before, `cannot read version ${version.number}`) : []),
      ...(rule.forward ? unreadable(before, next, `cannot be read by version ${version.number}`) : []),
    ];
  });
}

function unreadable(reader: avro.Type, writer: avro.Type, what: string): string[] {
  try {
    reader.createResolver(writer);
    return [];
  } catch (failure) {
    return [`${what} (${(failure as Error).message})`];
  }
}
