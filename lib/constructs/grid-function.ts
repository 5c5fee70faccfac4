import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Architecture, type CfnFunction, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import { type BundledFiles, bundleFunction } from './bundle.ts';
import { grantedRole } from './granted-role.ts';

/** Variables a function may be given, beside those every function has; see docs/architecture.md. */
export type FunctionVariable =
  | 'DATABASE_HOST'
  | 'DATABASE_PORT'
  | 'DATABASE_NAME'
  | 'DATABASE_USER'
  | 'DATABASE_CA_FILE'
  | 'READINGS_STREAM_NAME'
  | 'TELEMETRY_STREAM_NAME'
  | 'QUARANTINE_BUCKET'
  | 'QUARANTINE_TABLE'
  | 'AUDIT_TABLE'
  | 'SCHEMA_VERSIONS'
  | 'EDIT_APPROVAL'
  | 'SETTINGS_TABLE'
  | 'APPCONFIG_APPLICATION'
  | 'APPCONFIG_ENVIRONMENT'
  | 'APPCONFIG_PROFILE'
  | 'REGISTRY_TABLE'
  | 'IDEMPOTENCY_TABLE'
  | 'TELEMETRY_STORE'
  | 'TIMESTREAM_DATABASE'
  | 'TIMESTREAM_TABLE'
  | 'API_CLIENT_IDS'
  | 'MODELS_BUCKET'
  | 'METER_FORECASTS'
  | 'RUNS_TABLE'
  | 'ENDPOINT_NAME'
  | 'MODEL_IMAGE'
  | 'PACKAGE_GROUP'
  | 'CHAMPION_PARAMETERS'
  | 'SITE_URL'
  | 'TRAINING_MACHINES'
  | 'MODEL_RESOURCES';

/** One thing a function may do. */
export interface Grant {
  /** Says it in words, as the statement's id: `PutReadings`. */
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, unknown>>;
  /** Needed if a resource is a wildcard. */
  readonly wildcardReason?: string;
}

export interface GridFunctionProps {
  readonly settings: StageSettings;
  /** Folder below `functions/`: `process/store-readings`. */
  readonly name: string;
  /** Which of several deployments of the same code this is: the model it works for. */
  readonly purpose?: string;
  readonly timeout: Duration;
  /** MiB. */
  readonly memoryMb: number;
  readonly environment?: Partial<Record<FunctionVariable, string>>;
  readonly grants: readonly Grant[];
  /** In the VPC: it reaches the database, S3 and DynamoDB, and nothing else. */
  readonly network?: { readonly subnetIds: readonly string[]; readonly securityGroupId: string };
  readonly reservedConcurrency?: number | undefined;
  readonly dataKeyArn: string;
  /** How CloudFormation, the API or a stream calls it says why no dead-letter queue would ever receive anything. */
  readonly noDeadLetters: string;
  readonly files?: readonly BundledFiles[];
}

/**
 * A Lambda function as every function here is: bundled whole, Node 24 on ARM, traced, its own encrypted log group, and a
 * role that holds exactly the grants it was given.
 */
export class GridFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: GridFunctionProps) {
    super(scope, id);
    const { settings, network } = props;
    const logGroup = new LogGroup(this, 'Logs', {
      encryptionKey: Key.fromKeyArn(this, 'DataKey', props.dataKeyArn),
      retention: settings.logRetentionDays as RetentionDays,
      removalPolicy: settings.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const grants = [...baseGrants(logGroup.logGroupArn), ...(network ? [NETWORK_GRANT] : []), ...props.grants];
    this.role = grantedRole(this, { service: 'lambda.amazonaws.com', grants });
    Validations.of(this.role).acknowledge({
      id: 'Serverless-LambdaStarPermissions',
      reason: 'Says of the whole role what IAM5 says of each wildcard, and each has its reason beside it',
    });
    this.lambda = new LambdaFunction(this, 'Function', {
      description: `${[props.name, props.purpose].filter(Boolean).join(':')} (${settings.stage})`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(bundleFunction(props.name, props.files)),
      role: this.role.withoutPolicyUpdates(),
      logGroup,
      timeout: props.timeout,
      memorySize: props.memoryMb,
      ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
      environment: {
        STAGE: settings.stage,
        LOG_LEVEL: settings.logLevel,
        POWERTOOLS_SERVICE_NAME: props.name.split('/')[1] ?? props.name,
        POWERTOOLS_METRICS_NAMESPACE: 'SmartGrid',
        ...props.environment,
      },
    });
    const resource = this.lambda.node.defaultChild as CfnFunction;
    // On the resource: the construct's own property would add a second policy to the role.
    resource.tracingConfig = { mode: 'Active' };
    if (network) {
      resource.vpcConfig = { subnetIds: [...network.subnetIds], securityGroupIds: [network.securityGroupId] };
    }
    for (const id of ['Serverless-LambdaDLQ', 'Serverless-LambdaAsyncFailureDestination']) {
      Validations.of(this.lambda).acknowledge({ id, reason: props.noDeadLetters });
    }
  }
}

const baseGrants = (logGroupArn: string): readonly Grant[] => [
  { sid: 'WriteLogs', actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroupArn] },
  {
    sid: 'WriteTraces',
    actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
    resources: ['*'],
    wildcardReason:
      'X-Ray has no resource to name in these actions, and Lambda cannot describe network interfaces otherwise',
  },
];

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions */
const NETWORK_GRANT: Grant = {
  sid: 'JoinNetwork',
  actions: [
    'ec2:AssignPrivateIpAddresses',
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSecurityGroups',
    'ec2:DescribeSubnets',
    'ec2:DescribeVpcs',
    'ec2:UnassignPrivateIpAddresses',
  ],
  resources: ['*'],
  wildcardReason:
    'X-Ray has no resource to name in these actions, and Lambda cannot describe network interfaces otherwise',
};

/** Time-out of a function behind the REST API, whose own limit is 29 s. */
export const API_TIMEOUT = Duration.seconds(28);
