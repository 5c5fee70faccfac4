import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { CfnDBCluster, CfnDBClusterParameterGroup, CfnDBInstance, CfnDBSubnetGroup } from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';

/** Aurora's PostgreSQL; PostGIS comes with it and is switched on by the first migration. */
const ENGINE_VERSION = '17.7';

export interface DatabaseProps {
  readonly settings: StageSettings;
  readonly keyArn: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupId: string;
  readonly databaseName: string;
  /** The master user, which owns the schema. It signs in by IAM token like everyone: there is no password anywhere. */
  readonly owner: string;
}

/** Aurora PostgreSQL Serverless v2, reached over TLS with IAM tokens only. */
export class Database extends Construct {
  readonly cluster: CfnDBCluster;

  constructor(scope: Construct, id: string, { settings, ...props }: DatabaseProps) {
    super(scope, id);
    const subnets = new CfnDBSubnetGroup(this, 'Subnets', {
      dbSubnetGroupDescription: 'Isolated subnets of the database',
      subnetIds: [...props.subnetIds],
    });
    const parameters = new CfnDBClusterParameterGroup(this, 'Parameters', {
      description: 'TLS for every connection; statements slower than a second are logged',
      family: 'aurora-postgresql17',
      parameters: { 'rds.force_ssl': '1', log_min_duration_statement: '1000' },
    });
    this.cluster = new CfnDBCluster(this, 'Cluster', {
      engine: 'aurora-postgresql',
      engineVersion: ENGINE_VERSION,
      databaseName: props.databaseName,
      masterUsername: props.owner,
      masterUserAuthenticationType: 'iam-db-auth',
      enableIamDatabaseAuthentication: true,
      storageEncrypted: true,
      kmsKeyId: props.keyArn,
      dbSubnetGroupName: subnets.ref,
      dbClusterParameterGroupName: parameters.ref,
      vpcSecurityGroupIds: [props.securityGroupId],
      serverlessV2ScalingConfiguration: {
        minCapacity: settings.database.minCapacity,
        maxCapacity: settings.database.maxCapacity,
        ...(settings.database.minCapacity === 0 ? { secondsUntilAutoPause: 900 } : {}),
      },
      backupRetentionPeriod: settings.database.backupRetentionDays,
      copyTagsToSnapshot: true,
      deletionProtection: settings.retainData,
      enableCloudwatchLogsExports: ['postgresql'],
      port: 5432,
    });
    this.cluster.applyRemovalPolicy(settings.retainData ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY, {
      applyToUpdateReplacePolicy: true,
    });
    if (!settings.retainData) {
      Validations.of(this.cluster).acknowledge({
        id: 'AwsSolutions-RDS10',
        reason: `${settings.stage} is meant to be removed whole`,
      });
    }
    for (let number = 0; number <= settings.database.readers; number += 1) {
      new CfnDBInstance(this, number === 0 ? 'Writer' : `Reader${number}`, {
        engine: 'aurora-postgresql',
        dbInstanceClass: 'db.serverless',
        dbClusterIdentifier: this.cluster.ref,
        publiclyAccessible: false,
        autoMinorVersionUpgrade: true,
        caCertificateIdentifier: 'rds-ca-rsa2048-g1',
        enablePerformanceInsights: true,
        performanceInsightsKmsKeyId: props.keyArn,
        promotionTier: number,
      });
    }
  }
}
