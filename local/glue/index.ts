import { join } from 'node:path';
import { textAt } from '../kernel/properties.ts';
import {
  AwsFailure,
  type AwsRequest,
  type AwsService,
  type Cloud,
  type PendingResource,
  type Provider,
} from '../kernel/types.ts';
import { type Schema, SchemaRegistry, type Version } from './registry.ts';

declare module '../kernel/types.ts' {
  interface Shared {
    /** Schema version ids by schema name, newest last. */
    schemaVersions?: () => Readonly<Record<string, readonly string[]>>;
  }
}

interface SchemaId {
  SchemaArn?: string;
  SchemaName?: string;
  RegistryName?: string;
}

interface Input {
  RegistryId?: { RegistryName?: string; RegistryArn?: string };
  SchemaId?: SchemaId;
  SchemaVersionId?: string;
  SchemaVersionNumber?: { LatestVersion?: boolean; VersionNumber?: number };
  SchemaDefinition?: string;
}

const registryArn = (cloud: Cloud, registry: string): string => cloud.arn('glue', `registry/${registry}`);
const schemaArn = (cloud: Cloud, { registry, name }: Pick<Schema, 'registry' | 'name'>): string =>
  cloud.arn('glue', `schema/${registry}/${name}`);

/** Glue's schema registry: registries, schemas and their versions, as templates declare them and serializers ask for them. */
export function glue(): { providers: Provider[]; service(cloud: Cloud): AwsService } {
  const registries = new Set<string>();
  let kept: SchemaRegistry | undefined;
  const schemas = (cloud: Cloud): SchemaRegistry => {
    kept ??= new SchemaRegistry(join(cloud.stateDir, 'glue', 'schemas.json'));
    return kept;
  };
  const named = (cloud: Cloud, id: SchemaId = {}): Schema => {
    const [registry = '', name = ''] = id.SchemaArn
      ? (id.SchemaArn.split(':schema/')[1] ?? '').split('/')
      : [id.RegistryName, id.SchemaName];
    const found = schemas(cloud).schema(registry, name);
    if (!found) throw new AwsFailure('EntityNotFoundException', `Schema is not found. ${registry}/${name}`);
    return found;
  };
  const create = {
    'AWS::Glue::Registry': async ({ properties }: PendingResource, cloud: Cloud) => {
      const name = textAt(properties, 'Name') ?? '';
      if (!/^[A-Za-z0-9_$#.-]{1,255}$/.test(name)) throw new Error(`${name} is no name of a registry`);
      registries.add(name);
      return { physicalId: registryArn(cloud, name), attributes: { Arn: registryArn(cloud, name) } };
    },
    'AWS::Glue::Schema': async ({ properties }: PendingResource, cloud: Cloud) => {
      if (textAt(properties, 'DataFormat') !== 'AVRO') throw new Error('only Avro schemas are registered here');
      const arn = textAt(properties, 'Registry', 'Arn') ?? '';
      const registry = textAt(properties, 'Registry', 'Name') ?? arn.split('/').at(-1) ?? '';
      if (!registries.has(registry)) throw new Error(`there is no registry ${registry}`);
      const schema = schemas(cloud).createSchema({
        registry,
        name: textAt(properties, 'Name') ?? '',
        compatibility: textAt(properties, 'Compatibility') ?? '',
        definition: textAt(properties, 'SchemaDefinition') ?? '',
      });
      const own = schemaArn(cloud, schema);
      return { physicalId: own, attributes: { Arn: own, InitialSchemaVersionId: schema.versions[0]?.id } };
    },
    'AWS::Glue::SchemaVersion': async ({ properties }: PendingResource, cloud: Cloud) => {
      const given = properties.Schema as SchemaId | undefined;
      const version = schemas(cloud).register(named(cloud, given), textAt(properties, 'SchemaDefinition') ?? '');
      return { physicalId: version.id, attributes: { VersionId: version.id } };
    },
  };
  const provider: Provider = {
    types: {
      'AWS::Glue::Registry': {
        honours: ['Name'],
        passesOver: { Description: 'words for people', Tags: 'no meaning here' },
      },
      'AWS::Glue::Schema': {
        honours: ['Name', 'Registry', 'DataFormat', 'Compatibility', 'SchemaDefinition'],
        passesOver: { Description: 'words for people', Tags: 'no meaning here' },
      },
      'AWS::Glue::SchemaVersion': { honours: ['Schema', 'SchemaDefinition'] },
    },
    async create(resource, cloud) {
      cloud.shared.schemaVersions ??= () => schemas(cloud).ids();
      return create[resource.type as keyof typeof create](resource, cloud);
    },
  };
  return { providers: [provider], service: (cloud) => service(cloud, () => schemas(cloud), named) };
}

function service(
  cloud: Cloud,
  schemas: () => SchemaRegistry,
  named: (cloud: Cloud, id?: SchemaId) => Schema,
): AwsService {
  const inputOf = (request: AwsRequest): Input => JSON.parse(request.body.toString() || '{}') as Input;
  const versionOf = (input: Input): { schema: Schema; version: Version } => {
    if (input.SchemaVersionId) {
      const found = schemas().version(input.SchemaVersionId);
      if (found) return found;
      throw new AwsFailure('EntityNotFoundException', `Schema version is not found. ${input.SchemaVersionId}`);
    }
    const schema = named(cloud, input.SchemaId);
    const wanted = input.SchemaVersionNumber?.VersionNumber;
    const version = schema.versions.find(({ number }) => number === (wanted ?? schema.versions.length));
    if (version) return { schema, version };
    throw new AwsFailure('EntityNotFoundException', `Schema version is not found. ${schema.name} ${wanted}`);
  };
  const shown = (schema: Schema, version: Version) => ({
    SchemaVersionId: version.id,
    SchemaArn: schemaArn(cloud, schema),
    VersionNumber: version.number,
    DataFormat: 'AVRO',
    Status: 'AVAILABLE',
  });
  const operations: Readonly<Record<string, (input: Input) => unknown>> = {
    GetSchema: ({ SchemaId }) => {
      const schema = named(cloud, SchemaId);
      const latest = schema.versions.length;
      return {
        RegistryName: schema.registry,
        RegistryArn: registryArn(cloud, schema.registry),
        SchemaName: schema.name,
        SchemaArn: schemaArn(cloud, schema),
        DataFormat: 'AVRO',
        Compatibility: schema.compatibility,
        LatestSchemaVersion: latest,
        NextSchemaVersion: latest + 1,
        SchemaStatus: 'AVAILABLE',
      };
    },
    GetSchemaVersion: (input) => {
      const { schema, version } = versionOf(input);
      return { ...shown(schema, version), SchemaDefinition: version.definition };
    },
    ListSchemaVersions: ({ SchemaId }) => {
      const schema = named(cloud, SchemaId);
      return { Schemas: schema.versions.map((version) => shown(schema, version)) };
    },
    RegisterSchemaVersion: ({ SchemaId, SchemaDefinition = '' }) => {
      const version = schemas().register(named(cloud, SchemaId), SchemaDefinition);
      return { SchemaVersionId: version.id, VersionNumber: version.number, Status: 'AVAILABLE' };
    },
  };
  return {
    signingNames: ['glue'],
    access(request) {
      const { SchemaId } = inputOf(request);
      const action = `glue:${request.target}`;
      // A version's id alone names no resource that a policy could.
      if (!SchemaId) return [{ action, resource: '*' }];
      const { RegistryName = '', SchemaName = '', SchemaArn } = SchemaId;
      return [{ action, resource: SchemaArn ?? schemaArn(cloud, { registry: RegistryName, name: SchemaName }) }];
    },
    async answer(request) {
      const operation = operations[request.target ?? ''];
      if (!operation) throw new AwsFailure('UnknownOperationException', `glue:${request.target} is not emulated.`);
      return { status: 200, body: JSON.stringify(operation(inputOf(request))) };
    },
  };
}
