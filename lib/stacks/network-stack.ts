import { RemovalPolicy } from 'aws-cdk-lib';
import {
  type CfnFlowLog,
  type CfnVPCEndpoint,
  FlowLog,
  FlowLogDestination,
  FlowLogResourceType,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type CfnKey, Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import { explainWildcards, flatten } from '../constructs/wildcards.ts';
import { StageStack } from './stage-stack.ts';

/** PostgreSQL's port. */
const DATABASE_PORT = 5432;

/**
 * A network without a way out: isolated subnets, no NAT, and the free gateway endpoints of S3 and DynamoDB. Functions
 * that reach the database live here. The stage's key is made here too, since everything after this encrypts with it.
 */
export class NetworkStack extends StageStack {
  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'network', { settings, description: 'isolated subnets, gateway endpoints, encryption key' });
    const key = this.dataKey();
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.20.0.0/20'),
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    });
    this.flowLogs(vpc, key);
    this.endpoints(vpc);
    const [functions, database] = this.securityGroups(vpc);

    this.publish('network/data-key-arn', key.keyArn);
    const [first, second] = vpc.isolatedSubnets;
    if (!first || !second) throw new Error('The network needs two isolated subnets: Aurora spans two zones');
    this.publish('network/subnet-1-id', first.subnetId);
    this.publish('network/subnet-2-id', second.subnetId);
    this.publish('network/function-security-group-id', functions.securityGroupId);
    this.publish('network/database-security-group-id', database.securityGroupId);
  }

  /** The one key of the stage's data at rest. CloudWatch, its logs, S3's and the budget's notices have to use it themselves. */
  private dataKey(): Key {
    const key = new Key(this, 'DataKey', {
      description: `Data of smart-grid ${this.settings.stage} at rest`,
      enableKeyRotation: true,
      removalPolicy: this.dataRemoval,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'EncryptLogs',
        principals: [new ServicePrincipal(`logs.${this.region}.amazonaws.com`)],
        actions: [
          'kms:Decrypt',
          'kms:DescribeKey',
          'kms:Encrypt',
          'kms:GenerateDataKey',
          'kms:ReEncryptFrom',
          'kms:ReEncryptTo',
        ],
        resources: ['*'],
        conditions: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn': this.formatArn({
              service: 'logs',
              resource: 'log-group',
              arnFormat: undefined,
              resourceName: '*',
            }).replace('log-group/', 'log-group:'),
          },
        },
      }),
    );
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'EncryptAlarms',
        principals: ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'].map(
          (service) => new ServicePrincipal(service),
        ),
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    explainWildcards(key, key.node.defaultChild as CfnKey, {
      '*': 'In a key policy the resource * is this key itself',
      'kms:*': 'The account administers its key through IAM, which CDK and the deploying role rely on',
    });
    return key;
  }

  private flowLogs(vpc: Vpc, key: Key): void {
    const logGroup = new LogGroup(this, 'FlowLogs', {
      encryptionKey: key,
      retention: this.settings.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'FlowLogsRole', {
      assumedBy: new ServicePrincipal('vpc-flow-logs.amazonaws.com'),
      inlinePolicies: {
        grants: new PolicyDocument({
          statements: [
            new PolicyStatement({
              sid: 'WriteFlowLogs',
              actions: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
              resources: [logGroup.logGroupArn],
            }),
          ],
        }),
      },
    });
    const flowLog = new FlowLog(this, 'FlowLog', {
      resourceType: FlowLogResourceType.fromVpc(vpc),
      destination: FlowLogDestination.toCloudWatchLogs(logGroup, role.withoutPolicyUpdates()),
    });
    (flowLog.node.defaultChild as CfnFlowLog).maxAggregationInterval = 600;
  }

  private endpoints(vpc: Vpc): void {
    const own = `smart-grid-${this.settings.stage}-*`;
    const buckets = `arn:${this.partition}:s3:::${own}`;
    // CloudFormation takes the answer of a custom resource at a presigned address of its own bucket.
    const answers = `arn:${this.partition}:s3:::cloudformation-custom-resource-response-*`;
    const tables = this.formatArn({ service: 'dynamodb', resource: 'table', resourceName: own });
    const s3 = vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
    s3.addToPolicy(
      new PolicyStatement({
        sid: 'OwnBuckets',
        effect: Effect.ALLOW,
        principals: [new AnyPrincipal()],
        actions: ['s3:GetObject', 's3:ListBucket', 's3:PutObject'],
        resources: [buckets],
      }),
    );
    s3.addToPolicy(
      new PolicyStatement({
        sid: 'AnswerCloudFormation',
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [answers],
      }),
    );
    const dynamodb = vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB });
    dynamodb.addToPolicy(
      new PolicyStatement({
        sid: 'OwnTables',
        principals: [new AnyPrincipal()],
        actions: [
          'dynamodb:BatchGetItem',
          'dynamodb:BatchWriteItem',
          'dynamodb:DeleteItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:Query',
          'dynamodb:Scan',
          'dynamodb:UpdateItem',
        ],
        resources: [tables],
      }),
    );
    const generated = "The stage's stores come later and get generated names, which begin with their stack's name";
    explainWildcards(s3, s3.node.defaultChild as CfnVPCEndpoint, {
      [flatten(this, buckets)]: generated,
      [flatten(this, answers)]: 'CloudFormation names the bucket of its answers by region; the address is presigned',
    });
    explainWildcards(dynamodb, dynamodb.node.defaultChild as CfnVPCEndpoint, { [flatten(this, tables)]: generated });
  }

  private securityGroups(vpc: Vpc): [functions: SecurityGroup, database: SecurityGroup] {
    const functions = new SecurityGroup(this, 'Functions', {
      vpc,
      description: 'Functions that reach the database',
      allowAllOutbound: false,
    });
    const database = new SecurityGroup(this, 'Database', {
      vpc,
      description: 'Aurora PostgreSQL',
      allowAllOutbound: false,
    });
    functions.addEgressRule(database, Port.tcp(DATABASE_PORT), 'PostgreSQL');
    // The route tables lead nowhere but to the gateway endpoints, whose address ranges differ by region.
    functions.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'S3 and DynamoDB by their gateway endpoints');
    database.addIngressRule(functions, Port.tcp(DATABASE_PORT), 'PostgreSQL from functions');
    return [functions, database];
  }
}
