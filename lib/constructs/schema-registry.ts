import { Fn } from 'aws-cdk-lib';
import { CfnRegistry, CfnSchema, CfnSchemaVersion } from 'aws-cdk-lib/aws-glue';
import { Construct } from 'constructs';
import { RELEASED_VERSIONS } from '../../layers/contracts/avro/versions.ts';

export interface SchemaRegistryProps {
  readonly stage: string;
}

/**
 * The released Avro schemas of messages in a Glue registry. The first version of a kind is its schema's, each later one a
 * resource of its own, registered in order: the registry itself refuses what old readers or writers could not live with.
 */
export class SchemaRegistry extends Construct {
  /** `<kind>:<version>=<id>`, comma-separated, with the ids that the registry gives when it is deployed. */
  readonly versions: string;

  constructor(scope: Construct, id: string, { stage }: SchemaRegistryProps) {
    super(scope, id);
    const registry = new CfnRegistry(this, 'Registry', {
      name: `smart-grid-${stage}`,
      description: 'Avro schemas of what devices, concentrators and head-ends publish',
    });
    const schemas = new Map<string, { schema: CfnSchema; latest: CfnSchema | CfnSchemaVersion }>();
    const entries = RELEASED_VERSIONS.map(({ kind, version, schema: definition, name }) => {
      const schemaDefinition = JSON.stringify(definition);
      const before = schemas.get(kind);
      if (!before) {
        const schema = new CfnSchema(this, kind, {
          name: kind,
          registry: { arn: registry.attrArn },
          dataFormat: 'AVRO',
          compatibility: 'FULL_ALL',
          schemaDefinition,
        });
        schemas.set(kind, { schema, latest: schema });
        return `${name}=${schema.attrInitialSchemaVersionId}`;
      }
      const next = new CfnSchemaVersion(this, `${kind}-${version}`, {
        schema: { schemaArn: before.schema.attrArn },
        schemaDefinition,
      });
      next.addDependency(before.latest);
      before.latest = next;
      return `${name}=${next.ref}`;
    });
    this.versions = Fn.join(',', entries);
  }
}
