import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { LocalCloud } from '../kernel/cloud.ts';
import { signedScope, verifiedSession } from '../kernel/signature.ts';
import type { Cloud, PendingResource, Principal, Provider } from '../kernel/types.ts';
import { authority } from '../pki/authority.ts';
import type { Backend } from './backend.ts';
import { startEmbedded } from './embedded.ts';
import { listen } from './front.ts';
import { findNative, startNative } from './native.ts';
import { asSuperuser } from './superuser.ts';

declare module '../kernel/types.ts' {
  interface Shared {
    postgres?: {
      /** What serves SQL, in words. */
      description: string;
      port: number;
      /** SQL as the superuser in the cluster's database, for the console; first column of each row. */
      query(sql: string): Promise<string[]>;
    };
  }
}

/** The front's port is this far from the base. */
const PORT_OFFSET = 32;

const startBackend = async (cloud: Cloud, chosen: string | undefined): Promise<Backend> => {
  const folder = join(cloud.stateDir, 'postgres');
  const installation = chosen === 'embedded' ? undefined : await findNative();
  if (installation !== undefined) {
    const native = await startNative(installation, join(folder, `native-${installation.version.split('.')[0]}`));
    if ('backend' in native) return native.backend;
    cloud.log({ source: 'postgres', time: cloud.clock(), text: `native PostgreSQL passed over: ${native.why}` });
  }
  return startEmbedded(join(folder, 'embedded'));
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** What RDS has prepared when a cluster is available: its roles, the master user and the database. */
const prepareCluster = async (
  backend: Backend,
  options: { master: string; database: string; iamMaster: boolean },
): Promise<string> => {
  const role = (name: string, attributes: string) =>
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${literal(name)}) THEN CREATE ROLE ${quoted(name)} ${attributes}; END IF; END $$;`;
  await asSuperuser(
    backend,
    'postgres',
    [
      role('rds_iam', 'NOLOGIN'),
      role('rds_superuser', 'NOLOGIN'),
      role(options.master, 'LOGIN CREATEROLE CREATEDB'),
      `GRANT rds_superuser TO ${quoted(options.master)};`,
      options.iamMaster ? `GRANT rds_iam TO ${quoted(options.master)} WITH ADMIN OPTION;` : '',
    ].join('\n'),
  );
  const embedded = backend.description.includes('PGlite');
  const database = embedded ? 'postgres' : options.database;
  if (!embedded) {
    const exists = await asSuperuser(
      backend,
      'postgres',
      `SELECT 1 FROM pg_database WHERE datname = ${literal(database)}`,
    );
    if (exists.length === 0)
      await asSuperuser(backend, 'postgres', `CREATE DATABASE ${quoted(database)} OWNER ${quoted(options.master)}`);
  }
  // rds_superuser may create these extensions; on plain PostgreSQL only the superuser may.
  await asSuperuser(
    backend,
    database,
    `CREATE EXTENSION IF NOT EXISTS postgis; ALTER SCHEMA public OWNER TO ${quoted(options.master)};
     GRANT ALL ON DATABASE ${quoted(database)} TO ${quoted(options.master)};`,
  );
  return database;
};

/** Why the function may not open a connection, by the cluster's security groups; undefined when it may. */
const unreachable = (cloud: Cloud, principal: Principal, clusterGroups: readonly string[]): string | undefined => {
  if (principal.kind !== 'role' || principal.securityGroupIds === undefined) return 'the caller is not in the VPC';
  const callers = new Set(principal.securityGroupIds);
  const inline = cloud
    .resourcesOf('AWS::EC2::SecurityGroup')
    .filter((group) => clusterGroups.includes(String(group.attributes.GroupId ?? group.physicalId)))
    .flatMap((group) => (group.properties.SecurityGroupIngress as Record<string, unknown>[] | undefined) ?? []);
  const separate = cloud
    .resourcesOf('AWS::EC2::SecurityGroupIngress')
    .map((rule) => rule.properties)
    .filter((rule) => clusterGroups.includes(String(rule.GroupId)));
  const admitted = [...inline, ...separate].some((rule) => callers.has(String(rule.SourceSecurityGroupId)));
  return admitted ? undefined : 'no security group rule admits the caller to the cluster';
};

/** The signature of an IAM token, checked as a request to the `rds-db` service. Source: Amazon RDS user guide, "IAM database authentication". */
const callerOf = (cloud: LocalCloud, token: string): Principal => {
  const url = new URL(`https://${token}`);
  const signed = signedScope(url, {});
  if (signed === undefined || signed.service !== 'rds-db') throw new Error('the password is not an IAM token');
  const headers = { host: url.host, 'x-amz-content-sha256': createHash('sha256').update('').digest('hex') };
  const request = { method: 'GET', url, rawPath: '/', headers, body: Buffer.alloc(0) };
  return verifiedSession(request, signed, cloud.sessions, cloud.clock()).principal;
};

/**
 * Aurora PostgreSQL: a native PostgreSQL with PostGIS where this machine has one, else PGlite, behind one TLS front
 * that admits a caller by its IAM token, `rds-db:connect` and security groups.
 */
export const postgres = (): { providers: Provider[] } => {
  let backend: Promise<Backend> | undefined;
  let server: Server | undefined;
  const iamUsers = new Set<string>();

  const cluster = async (resource: PendingResource, cloud: Cloud) => {
    const { properties } = resource;
    const port = cloud.portBase + PORT_OFFSET;
    const resourceId = `cluster-${createHash('sha256').update(resource.logicalId).digest('hex').slice(0, 26).toUpperCase()}`;
    const iamMaster = properties.MasterUserAuthenticationType === 'iam-db-auth';
    backend ??= startBackend(cloud, process.env.GRID_POSTGRES);
    const sql = await backend;
    const master = String(properties.MasterUsername ?? 'postgres');
    const database = await prepareCluster(sql, {
      master,
      database: String(properties.DatabaseName ?? 'postgres'),
      iamMaster,
    });
    const ca = await authority(cloud.stateDir);
    const { certificate, key } = await ca.issueServer(['localhost', '127.0.0.1', '::1']);
    const runtimeDir = join(cloud.stateDir, 'var-runtime');
    mkdirSync(runtimeDir, { recursive: true });
    copyFileSync(ca.certificateFile, join(runtimeDir, 'ca-cert.pem'));
    const isIamUser = async (user: string) => {
      if (iamUsers.has(user)) return;
      const rows = await asSuperuser(
        sql,
        database,
        `SELECT 1 FROM pg_auth_members WHERE roleid = 'rds_iam'::regrole AND member = to_regrole(${literal(quoted(user))})`,
      );
      if (rows.length === 0) throw new Error(`database user ${user} does not have the rds_iam role`);
      iamUsers.add(user);
    };
    server ??= await listen({
      port,
      certificate,
      key,
      backend: sql,
      database,
      refused: (user, why) =>
        cloud.log({ source: 'postgres', time: cloud.clock(), text: `connection of ${user} refused: ${why}` }),
      check: async (user, token) => {
        try {
          if (properties.EnableIAMDatabaseAuthentication !== true)
            return 'the cluster does not allow IAM authentication';
          const principal = callerOf(cloud as LocalCloud, token);
          const blocked = unreachable(cloud, principal, (properties.VpcSecurityGroupIds as string[] | undefined) ?? []);
          if (blocked !== undefined) return blocked;
          cloud.authorise({
            principal,
            action: 'rds-db:connect',
            resource: cloud.arn('rds-db', `dbuser:${resourceId}/${user}`),
          });
          await isIamUser(user);
          return undefined;
        } catch (failure) {
          return failure instanceof Error ? failure.message : String(failure);
        }
      },
    });
    cloud.shared.postgres = { description: sql.description, port, query: (text) => asSuperuser(sql, database, text) };
    const id = `${cloud.stage}-${resource.logicalId}`.toLowerCase();
    return {
      physicalId: id,
      attributes: {
        'Endpoint.Address': 'localhost',
        'Endpoint.Port': String(port),
        'ReadEndpoint.Address': 'localhost',
        DBClusterResourceId: resourceId,
        DBClusterArn: cloud.arn('rds', `cluster:${id}`),
      },
    };
  };

  return {
    providers: [
      {
        types: {
          'AWS::RDS::DBCluster': {
            honours: [
              'Engine',
              'MasterUsername',
              'MasterUserAuthenticationType',
              'DatabaseName',
              'EnableIAMDatabaseAuthentication',
              'VpcSecurityGroupIds',
            ],
            passesOver: {
              EngineVersion: 'whatever PostgreSQL is on this machine',
              ServerlessV2ScalingConfiguration: 'one machine',
              StorageEncrypted: 'encryption at rest is the disk’s own',
              KmsKeyId: 'encryption at rest is the disk’s own',
              StorageType: 'one disk',
              BackupRetentionPeriod: 'no backups here',
              PreferredBackupWindow: 'no backups here',
              PreferredMaintenanceWindow: 'no maintenance here',
              DeletionProtection: 'nothing deletes a cluster here',
              CopyTagsToSnapshot: 'no snapshots here',
              DBSubnetGroupName: 'reach is decided by security groups',
              DBClusterParameterGroupName: 'TLS is always forced',
              EnableCloudwatchLogsExports: 'the server’s log is not exported',
              DBClusterIdentifier: 'named by its logical id',
              Port: 'the local port is an offset of the base',
              Tags: 'no meaning here',
              AutoMinorVersionUpgrade: 'no upgrades here',
              EngineMode: 'one machine',
              MonitoringInterval: 'no enhanced monitoring here',
              MonitoringRoleArn: 'no enhanced monitoring here',
              PerformanceInsightsEnabled: 'no performance insights here',
              PerformanceInsightsKmsKeyId: 'no performance insights here',
              PerformanceInsightsRetentionPeriod: 'no performance insights here',
              DatabaseInsightsMode: 'no performance insights here',
            },
          },
        },
        create: cluster,
        stop: async () => {
          server?.close();
          await (await backend?.catch(() => undefined))?.stop();
        },
      },
      {
        types: {
          'AWS::RDS::DBInstance': {
            honours: [],
            passesOver: {
              DBClusterIdentifier: 'one server',
              DBInstanceClass: 'one machine',
              Engine: 'the cluster’s',
              PromotionTier: 'one server',
              PubliclyAccessible: 'loopback only',
              DBSubnetGroupName: 'one machine',
              AutoMinorVersionUpgrade: 'no upgrades here',
              EnablePerformanceInsights: 'no performance insights here',
              PerformanceInsightsKMSKeyId: 'no performance insights here',
              CACertificateIdentifier: 'the local CA',
              DeletionProtection: 'nothing deletes here',
              MonitoringInterval: 'no enhanced monitoring here',
              MonitoringRoleArn: 'no enhanced monitoring here',
              Tags: 'no meaning here',
            },
          },
          'AWS::RDS::DBSubnetGroup': {
            honours: [],
            passesOver: {
              DBSubnetGroupDescription: 'a text',
              SubnetIds: 'reach is decided by security groups',
              DBSubnetGroupName: 'named by its logical id',
              Tags: 'no meaning here',
            },
          },
          'AWS::RDS::DBClusterParameterGroup': {
            honours: [],
            passesOver: {
              Description: 'a text',
              Family: 'whatever PostgreSQL is on this machine',
              Parameters: 'TLS is always forced; the others are the server’s own',
              Tags: 'no meaning here',
            },
          },
        },
        create: async (resource, cloud) => ({
          physicalId: `${cloud.stage}-${resource.logicalId}`.toLowerCase(),
          attributes: {
            'Endpoint.Address': 'localhost',
            DBInstanceArn: cloud.arn('rds', `db:${resource.logicalId}`.toLowerCase()),
          },
        }),
      },
    ],
  };
};
