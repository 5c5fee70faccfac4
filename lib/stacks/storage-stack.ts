import { join } from 'node:path';
import { CustomResource, Duration, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { BucketPolicy, CfnBucketPolicy } from 'aws-cdk-lib/aws-s3';
import { CfnDatabase as TimestreamDatabase, CfnTable as TimestreamTable } from 'aws-cdk-lib/aws-timestream';
import type { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import { folderFingerprint } from '../constructs/bundle.ts';
import { Database } from '../constructs/database.ts';
import { connectDatabase } from '../constructs/grants.ts';
import { GridBucket } from '../constructs/grid-bucket.ts';
import { GridFunction } from '../constructs/grid-function.ts';
import { explainWildcards, flatten } from '../constructs/wildcards.ts';
import { CLOUDFORMATION_WAITS, DATABASE_NAME, databaseConstants, StageStack } from './stage-stack.ts';

/** The SQL migrations, which travel beside the function that applies them. */
const MIGRATIONS = join(import.meta.dirname, '../../layers/adapters/postgres/migrations');

/** Where things are kept: PostgreSQL, Timestream, buckets and tables. */
export class StorageStack extends StageStack {
  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'storage', { settings, description: 'PostgreSQL, telemetry store, buckets, tables' });
    const key = Key.fromKeyArn(this, 'DataKey', this.wire('network/data-key-arn'));
    const buckets = this.buckets(key);
    this.tables(key);
    if (settings.telemetryStore === 'timestream') buckets.push(this.timestream(key));
    if (!settings.retainData) this.emptyOnRemoval(buckets);
    this.migrations(this.database(key));
  }

  private buckets(key: IKey): GridBucket[] {
    const removal = this.dataRemoval;
    const accessLogs = new GridBucket(this, 'AccessLogs', { removal, expireDays: 90, acceptsAcl: true });
    Validations.of(accessLogs).acknowledge({ id: 'AwsSolutions-S1', reason: 'This bucket receives the access logs' });
    this.takeAccessLogs(accessLogs);
    const quarantine = new GridBucket(this, 'Quarantine', {
      key,
      removal,
      versioned: true,
      accessLogs: { bucket: accessLogs, prefix: 'quarantine/' },
    });
    const archive = new GridBucket(this, 'Archive', {
      key,
      removal,
      accessLogs: { bucket: accessLogs, prefix: 'archive/' },
    });
    // Training data, runs' artefacts and what goes between the functions inside the network and those outside.
    const models = new GridBucket(this, 'Models', {
      key,
      removal,
      accessLogs: { bucket: accessLogs, prefix: 'models/' },
    });
    this.publish('storage/models-bucket', models.bucketName);
    this.publish('storage/access-log-bucket', accessLogs.bucketName);
    this.publish('storage/quarantine-bucket', quarantine.bucketName);
    this.publish('storage/archive-bucket', archive.bucketName);
    return [accessLogs, quarantine, archive, models];
  }

  /** From every bucket of the stage, whichever stack it is in. */
  private takeAccessLogs(bucket: GridBucket): void {
    const objects = bucket.arnForObjects('*');
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'TakeAccessLogs',
        principals: [new ServicePrincipal('logging.s3.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [objects],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    const policy = bucket.policy as BucketPolicy;
    explainWildcards(policy, policy.node.defaultChild as CfnBucketPolicy, {
      [flatten(this, objects)]: 'S3 names the access logs by bucket, time and a random suffix',
    });
  }

  private tables(key: IKey): void {
    const common = {
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: this.settings.retainData,
      removalPolicy: this.dataRemoval,
    };
    const registry = new Table(this, 'Registry', {
      ...common,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
    });
    const idempotency = new Table(this, 'Idempotency', {
      ...common,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
    });
    const quarantine = new Table(this, 'QuarantineIndex', {
      ...common,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
    });
    quarantine.addGlobalSecondaryIndex({
      indexName: 'queue',
      partitionKey: { name: 'queue', type: AttributeType.STRING },
      sortKey: { name: 'position', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });
    const audit = new Table(this, 'Audit', {
      ...common,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sequence', type: AttributeType.NUMBER },
    });
    audit.addGlobalSecondaryIndex({
      indexName: 'when',
      partitionKey: { name: 'month', type: AttributeType.STRING },
      sortKey: { name: 'position', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });
    const operatorSettings = new Table(this, 'Settings', {
      ...common,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
    });
    this.publish('storage/settings-table', operatorSettings.tableName);
    this.publish('storage/quarantine-table', quarantine.tableName);
    this.publish('storage/audit-table', audit.tableName);
    const runs = new Table(this, 'Runs', {
      ...common,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
    });
    this.publish('storage/runs-table', runs.tableName);
    this.publish('storage/registry-table', registry.tableName);
    this.publish('storage/idempotency-table', idempotency.tableName);
  }

  private timestream(key: IKey): GridBucket {
    const rejected = new GridBucket(this, 'RejectedTelemetry', {
      removal: this.dataRemoval,
      expireDays: 90,
      key,
    });
    Validations.of(rejected).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Only Timestream writes here, its reports of rejected late samples; nobody else has access to log',
    });
    const database = new TimestreamDatabase(this, 'TelemetryDatabase', { kmsKeyId: key.keyArn });
    const table = new TimestreamTable(this, 'TelemetryTable', {
      databaseName: database.ref,
      retentionProperties: {
        MemoryStoreRetentionPeriodInHours: String(this.settings.timestream.memoryHours),
        MagneticStoreRetentionPeriodInDays: String(this.settings.timestream.magneticDays),
      },
      magneticStoreWriteProperties: {
        EnableMagneticStoreWrites: true,
        MagneticStoreRejectedDataLocation: {
          S3Configuration: {
            BucketName: rejected.bucketName,
            EncryptionOption: 'SSE_KMS',
            KmsKeyId: key.keyArn,
            ObjectKeyPrefix: 'rejected',
          },
        },
      },
    });
    for (const resource of [database, table]) {
      Validations.of(resource).acknowledge({
        id: 'CloudFormation-Validate::W3697',
        reason:
          'For accounts that may still use it; the others have telemetryStore postgres, which preflight finds out',
      });
    }
    database.applyRemovalPolicy(this.dataRemoval);
    table.applyRemovalPolicy(this.dataRemoval);
    this.publish('storage/timestream-database', database.ref);
    this.publish('storage/timestream-table', table.attrName);
    return rejected;
  }

  /** CloudFormation removes no bucket that holds anything. Stages that keep their data keep their buckets too. */
  private emptyOnRemoval(buckets: readonly GridBucket[]): void {
    const empty = new GridFunction(this, 'EmptyBuckets', {
      settings: this.settings,
      name: 'operate/empty-buckets',
      timeout: Duration.minutes(14),
      memoryMb: 256,
      dataKeyArn: this.wire('network/data-key-arn'),
      noDeadLetters: CLOUDFORMATION_WAITS,
      grants: [
        {
          sid: 'ListObjects',
          actions: ['s3:ListBucketVersions'],
          resources: buckets.map(({ bucketArn }) => bucketArn),
        },
        {
          sid: 'DeleteObjects',
          actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
          resources: buckets.map((bucket) => bucket.arnForObjects('*')),
          wildcardReason: 'Everything in these buckets goes when the stage is removed',
        },
      ],
    });
    new CustomResource(this, 'EmptiedBuckets', {
      resourceType: 'Custom::EmptiedBuckets',
      serviceToken: empty.lambda.functionArn,
      serviceTimeout: Duration.minutes(15),
      properties: { bucketNames: buckets.map(({ bucketName }) => bucketName) },
    });
  }

  private database(key: IKey): Database {
    const database = new Database(this, 'Database', {
      settings: this.settings,
      keyArn: key.keyArn,
      subnetIds: [this.wire('network/subnet-1-id'), this.wire('network/subnet-2-id')],
      securityGroupId: this.wire('network/database-security-group-id'),
      databaseName: DATABASE_NAME,
      owner: 'grid_migrator',
    });
    this.publish('storage/database-host', database.cluster.attrEndpointAddress);
    this.publish('storage/database-port', database.cluster.attrEndpointPort);
    this.publish('storage/database-resource-id', database.cluster.attrDbClusterResourceId);
    this.publish('storage/database-cluster-id', database.cluster.ref);
    return database;
  }

  /** Applies the SQL migrations at each deployment that changes them. They expand before they contract; see the guide. */
  private migrations(database: Database): void {
    const { cluster } = database;
    const migrate = new GridFunction(this, 'MigrateDatabase', {
      settings: this.settings,
      name: 'operate/migrate-database',
      timeout: Duration.minutes(14),
      memoryMb: 512,
      dataKeyArn: this.wire('network/data-key-arn'),
      network: this.functionNetwork(),
      files: [{ from: MIGRATIONS, to: 'migrations' }],
      environment: {
        DATABASE_HOST: cluster.attrEndpointAddress,
        DATABASE_PORT: cluster.attrEndpointPort,
        ...databaseConstants('grid_migrator'),
      },
      grants: [connectDatabase(this, cluster.attrDbClusterResourceId, 'grid_migrator')],
      noDeadLetters: CLOUDFORMATION_WAITS,
    });
    const migration = new CustomResource(this, 'Migrations', {
      resourceType: 'Custom::DatabaseMigrations',
      serviceToken: migrate.lambda.functionArn,
      serviceTimeout: Duration.minutes(15),
      properties: { fingerprint: folderFingerprint(MIGRATIONS) },
    });
    migration.node.addDependency(database);
  }
}
