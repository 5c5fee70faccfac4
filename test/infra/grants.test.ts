import { flattenResolved, WILDCARD_REASONS } from '../../lib/constructs/wildcards.ts';
import {
  asList,
  policiesOf,
  readable,
  resourcesOf,
  type Statement,
  synthesise,
  type Template,
  type Templates,
} from './assembly.ts';

type Grants = Readonly<Record<string, readonly string[]>>;

const LOGS = { 'its log group': ['logs:CreateLogStream', 'logs:PutLogEvents'] };
const ANY = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'];
const ANY_IN_NETWORK = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
  'ec2:UnassignPrivateIpAddresses',
  ...ANY,
];
const KEY = '{network/data-key-arn}';
const READ_KEY = { [KEY]: ['kms:Decrypt', 'kms:DescribeKey'] };
const WRITE_KEY = {
  [KEY]: [
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:Encrypt',
    'kms:GenerateDataKey',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ],
};
const database = (user: string) => ({ [`rds-db:dbuser:{storage/database-resource-id}/${user}`]: ['rds-db:connect'] });
const QUARANTINE = 'dynamodb:table/{storage/quarantine-table}';
const consumes = (stream: string) => ({
  [`kinesis:stream/{ingestion/${stream}-stream}`]: [
    'kinesis:DescribeStream',
    'kinesis:DescribeStreamSummary',
    'kinesis:GetRecords',
    'kinesis:GetShardIterator',
    'kinesis:ListShards',
  ],
  's3:{storage/quarantine-bucket}': ['s3:ListBucket'],
  's3:{storage/quarantine-bucket}/*': ['s3:PutObject'],
  [QUARANTINE]: ['dynamodb:UpdateItem'],
  'dynamodb:table/{storage/settings-table}': ['dynamodb:GetItem'],
  ...WRITE_KEY,
});
const RUNS = 'dynamodb:table/{storage/runs-table}';
const MODELS = 's3:{storage/models-bucket}';
const IMAGES = 'ecr:repository/{"Fn::Sub":"cdk-hnb659fds-container-assets-${AWS::AccountId}-${AWS::Region}"}';
const REGISTRY = 'dynamodb:table/{storage/registry-table}';
const TELEMETRY = 'timestream:database/{storage/timestream-database}/table/{storage/timestream-table}';

const judges = (model: string): Grants => ({
  ...LOGS,
  '*': ANY,
  [`${MODELS}/runs/*`]: ['s3:GetObject'],
  [`${MODELS}/training/*`]: ['s3:GetObject'],
  [RUNS]: ['dynamodb:PutItem'],
  [`sagemaker:endpoint/smart-grid-STAGE-${model}`]: ['sagemaker:InvokeEndpoint'],
  [`sagemaker:model-package-group/smart-grid-STAGE-${model}`]: ['sagemaker:CreateModelPackage'],
  [`sagemaker:model-package/smart-grid-STAGE-${model}/*`]: ['sagemaker:CreateModelPackage'],
  [IMAGES]: ['ecr:BatchGetImage', 'ecr:DescribeImages'],
  ...WRITE_KEY,
});

/** What each function must be able to do, and all that it may. */
const IN_BOTH: Readonly<Record<string, Grants>> = {
  'operate/migrate-database': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    'rds-db:dbuser:<DatabaseCluster.DBClusterResourceId>/grid_migrator': ['rds-db:connect'],
  },
  'process/store-readings': { ...LOGS, '*': ANY_IN_NETWORK, ...consumes('readings'), ...database('grid_writer') },
  'process/aggregate-windows': { ...LOGS, '*': ANY_IN_NETWORK, ...database('grid_writer') },
  'process/compact-readings': { ...LOGS, '*': ANY_IN_NETWORK, ...database('grid_writer') },
  'api/meters': { ...LOGS, '*': ANY_IN_NETWORK, ...database('grid_reader') },
  'api/network': { ...LOGS, '*': ANY_IN_NETWORK, ...database('grid_reader') },
  'api/topology': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    [REGISTRY]: ['dynamodb:BatchWriteItem'],
    ...WRITE_KEY,
  },
  'process/detect-outages': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    'dynamodb:table/{storage/settings-table}': ['dynamodb:GetItem'],
    ...READ_KEY,
  },
  'process/score-readings': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    'dynamodb:table/{storage/settings-table}': ['dynamodb:GetItem'],
    ...READ_KEY,
  },
  'alert/choose-alerts': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    'dynamodb:table/{storage/settings-table}': ['dynamodb:GetItem'],
    ...READ_KEY,
  },
  'alert/note-alert': { ...LOGS, '*': ANY_IN_NETWORK, ...database('grid_writer') },
  'operate/publish-settings': {
    ...LOGS,
    '*': ANY,
    'appconfig:application/<Application>/environment/<Environment>/configuration/<Profile>': [
      'appconfig:GetLatestConfiguration',
      'appconfig:StartConfigurationSession',
    ],
    'dynamodb:table/{storage/settings-table}': ['dynamodb:GetItem', 'dynamodb:PutItem'],
    'dynamodb:table/{storage/audit-table}': ['dynamodb:PutItem'],
    ...WRITE_KEY,
  },
  'api/outages': { ...LOGS, '*': ANY_IN_NETWORK, ...database('grid_reader') },
  'api/vee': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    'dynamodb:table/{storage/settings-table}': ['dynamodb:GetItem'],
    ...READ_KEY,
  },
  'api/anomalies': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    'dynamodb:table/{storage/audit-table}': ['dynamodb:PutItem'],
    ...WRITE_KEY,
  },
  'api/audit': {
    ...LOGS,
    '*': ANY,
    'dynamodb:table/{storage/audit-table}/index/when': ['dynamodb:Query'],
    ...READ_KEY,
  },
  'api/outage-causes': { ...LOGS, '*': ANY_IN_NETWORK, ...database('grid_writer') },
  'api/quarantine': {
    ...LOGS,
    '*': ANY,
    's3:{storage/quarantine-bucket}': ['s3:ListBucket'],
    's3:{storage/quarantine-bucket}/*': ['s3:GetObject'],
    's3:{storage/quarantine-bucket}/corrections/*': ['s3:PutObject'],
    [QUARANTINE]: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
    [`${QUARANTINE}/index/queue`]: ['dynamodb:Query'],
    'dynamodb:table/{storage/audit-table}': ['dynamodb:PutItem'],
    'kinesis:stream/{ingestion/readings-stream}': ['kinesis:PutRecords'],
    'kinesis:stream/{ingestion/telemetry-stream}': ['kinesis:PutRecords'],
    ...WRITE_KEY,
  },
  'api/reading-edits': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    'dynamodb:table/{storage/audit-table}': ['dynamodb:PutItem'],
    ...WRITE_KEY,
  },
  'operate/watch-quarantine': {
    ...LOGS,
    '*': ANY,
    's3:{storage/quarantine-bucket}': ['s3:ListBucket'],
    [QUARANTINE]: ['dynamodb:UpdateItem'],
    [`${QUARANTINE}/index/queue`]: ['dynamodb:Query'],
    ...WRITE_KEY,
  },
  'api/forecasts': { ...LOGS, '*': ANY_IN_NETWORK, ...database('grid_reader') },
  'api/models': {
    ...LOGS,
    '*': ANY,
    [RUNS]: ['dynamodb:GetItem', 'dynamodb:Query'],
    'ssm:parameter/smart-grid/STAGE/champions/forecast': ['ssm:GetParameter'],
    'ssm:parameter/smart-grid/STAGE/champions/anomaly': ['ssm:GetParameter'],
    '{intelligence/forecast-training-machine}': ['states:ListExecutions'],
    '{intelligence/forecast-promotion-machine}': ['states:ListExecutions', 'states:StartExecution'],
    '{intelligence/anomaly-training-machine}': ['states:ListExecutions'],
    '{intelligence/anomaly-promotion-machine}': ['states:ListExecutions', 'states:StartExecution'],
    ...Object.fromEntries(
      ['forecast-training', 'forecast-promotion', 'anomaly-training', 'anomaly-promotion'].map((machine) => [
        `states:execution:{intelligence/${machine}-machine}:*`,
        ['states:DescribeExecution', 'states:GetExecutionHistory'],
      ]),
    ),
    'sagemaker:endpoint/smart-grid-STAGE-forecast': ['sagemaker:DescribeEndpoint'],
    'sagemaker:endpoint/smart-grid-STAGE-anomaly': ['sagemaker:DescribeEndpoint'],
    ...READ_KEY,
  },
  'learn/seed-champion': {
    ...LOGS,
    '*': ANY,
    [`${MODELS}/seeds/*`]: ['s3:PutObject'],
    [RUNS]: ['dynamodb:GetItem', 'dynamodb:PutItem'],
    'ssm:parameter/smart-grid/STAGE/champions/forecast': ['ssm:GetParameter', 'ssm:PutParameter'],
    'ssm:parameter/smart-grid/STAGE/champions/anomaly': ['ssm:GetParameter', 'ssm:PutParameter'],
    ...WRITE_KEY,
  },
  'learn/prepare-training': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_reader'),
    [`${MODELS}/training/*`]: ['s3:PutObject'],
    ...WRITE_KEY,
  },
  'learn/record-run': { ...LOGS, '*': ANY, [RUNS]: ['dynamodb:PutItem'], ...WRITE_KEY },
  'learn/choose-candidate': { ...LOGS, '*': ANY },
  'learn/judge-candidate:forecast': judges('forecast'),
  'learn/judge-candidate:anomaly': judges('anomaly'),
  'learn/build-forecast-requests': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_reader'),
    [`${MODELS}/forecasts/*`]: ['s3:PutObject'],
    ...WRITE_KEY,
  },
  'learn/ask-forecast-model': {
    ...LOGS,
    '*': ANY,
    [`${MODELS}/forecasts/*`]: ['s3:GetObject', 's3:PutObject'],
    'sagemaker:endpoint/smart-grid-STAGE-forecast': ['sagemaker:InvokeEndpoint'],
    ...WRITE_KEY,
  },
  'learn/store-forecasts': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    [`${MODELS}/forecasts/*`]: ['s3:GetObject'],
    ...READ_KEY,
  },
  'learn/prepare-anomaly-training': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_reader'),
    [`${MODELS}/training/*`]: ['s3:PutObject'],
    ...WRITE_KEY,
  },
  'learn/list-scored-meters': { ...LOGS, '*': ANY_IN_NETWORK, ...database('grid_reader') },
  'learn/build-anomaly-requests': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_reader'),
    [`${MODELS}/anomalies/*`]: ['s3:PutObject'],
    ...WRITE_KEY,
  },
  'learn/ask-anomaly-model': {
    ...LOGS,
    '*': ANY,
    [`${MODELS}/anomalies/*`]: ['s3:GetObject', 's3:PutObject'],
    'sagemaker:endpoint/smart-grid-STAGE-anomaly': ['sagemaker:InvokeEndpoint'],
    ...WRITE_KEY,
  },
  'learn/store-anomaly-scores': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    [`${MODELS}/anomalies/*`]: ['s3:GetObject'],
    'dynamodb:table/{storage/settings-table}': ['dynamodb:GetItem'],
    ...READ_KEY,
  },
  'process/list-scored-sensors': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_reader'),
    [`${MODELS}/sensors/*`]: ['s3:PutObject'],
    ...WRITE_KEY,
  },
  'process/score-sensors': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_writer'),
    [`${MODELS}/sensors/*`]: ['s3:GetObject'],
    'dynamodb:table/{storage/settings-table}': ['dynamodb:GetItem'],
    ...READ_KEY,
  },
  'api/service': { ...LOGS, '*': ANY },
  'api/batches': {
    ...LOGS,
    '*': ANY_IN_NETWORK,
    ...database('grid_reader'),
    'dynamodb:table/{storage/idempotency-table}': ['dynamodb:GetItem'],
    ...READ_KEY,
  },
  'ingest/accept-batch': {
    ...LOGS,
    '*': ANY,
    'kinesis:stream/{ingestion/readings-stream}': ['kinesis:PutRecords'],
    'dynamodb:table/{storage/idempotency-table}': [
      'dynamodb:DeleteItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
    ],
    'dynamodb:table/{storage/settings-table}': ['dynamodb:GetItem'],
    ...WRITE_KEY,
  },
  'operate/publish-site': {
    ...LOGS,
    '*': ANY,
    's3:{web/bucket}': ['s3:ListBucket'],
    's3:{web/bucket}/*': ['s3:DeleteObject', 's3:PutObject'],
    'cloudfront:distribution/{web/distribution-id}': ['cloudfront:CreateInvalidation'],
  },
};

const readsRegistry = ['dynamodb:BatchGetItem', 'dynamodb:GetItem'];
const empties = (buckets: readonly string[]): Grants => ({
  ...LOGS,
  '*': ANY,
  ...Object.fromEntries(buckets.map((bucket) => [`<${bucket}.Arn>`, ['s3:ListBucketVersions']])),
  ...Object.fromEntries(buckets.map((bucket) => [`<${bucket}.Arn>/*`, ['s3:DeleteObject', 's3:DeleteObjectVersion']])),
});

const BY_STORE: Readonly<Record<'timestream' | 'postgres', Readonly<Record<string, Grants>>>> = {
  timestream: {
    'process/store-telemetry': {
      ...LOGS,
      '*': ['timestream:DescribeEndpoints', ...ANY],
      ...consumes('telemetry'),
      [REGISTRY]: readsRegistry,
      [TELEMETRY]: ['timestream:WriteRecords'],
    },
    'api/telemetry': {
      ...LOGS,
      '*': ['timestream:DescribeEndpoints', ...ANY],
      [REGISTRY]: [...readsRegistry, 'dynamodb:Scan'],
      [TELEMETRY]: ['timestream:Select'],
      ...READ_KEY,
    },
    'process/read-sensor-windows': {
      ...LOGS,
      '*': ['timestream:DescribeEndpoints', ...ANY],
      [TELEMETRY]: ['timestream:Select'],
      [`${MODELS}/sensors/*`]: ['s3:GetObject', 's3:PutObject'],
      ...WRITE_KEY,
    },
    'operate/empty-buckets': empties(['AccessLogs', 'Quarantine', 'Archive', 'Models', 'RejectedTelemetry']),
  },
  postgres: {
    'process/store-telemetry': {
      ...LOGS,
      '*': ANY_IN_NETWORK,
      ...consumes('telemetry'),
      ...database('grid_writer'),
      [REGISTRY]: readsRegistry,
    },
    'api/telemetry': {
      ...LOGS,
      '*': ANY_IN_NETWORK,
      ...database('grid_reader'),
      [REGISTRY]: [...readsRegistry, 'dynamodb:Scan'],
      ...READ_KEY,
    },
    'process/read-sensor-windows': {
      ...LOGS,
      '*': ANY_IN_NETWORK,
      ...database('grid_reader'),
      [`${MODELS}/sensors/*`]: ['s3:GetObject', 's3:PutObject'],
      ...WRITE_KEY,
    },
    'operate/empty-buckets': empties(['AccessLogs', 'Quarantine', 'Archive', 'Models']),
  },
};

const synthesised = {
  timestream: synthesise({ stage: 'local' }),
  postgres: synthesise({ stage: 'dev', stages: { dev: { telemetryStore: 'postgres' } } }),
};

interface DeployedFunction {
  name: string;
  inNetwork: boolean;
  template: Template;
  statements: Statement[];
}

function functionsOf(templates: Templates): DeployedFunction[] {
  return resourcesOf(templates, 'AWS::Lambda::Function').map(({ template, properties }) => {
    const role = (properties.Role as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0];
    const policies = template.Resources[role]?.Properties.Policies as { PolicyDocument: { Statement: Statement[] } }[];
    return {
      name: String(properties.Description).split(' ')[0] ?? '',
      inNetwork: properties.VpcConfig !== undefined,
      template,
      statements: policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
    };
  });
}

/** Actions by resource, sorted; logical ids without their hashes. */
function grantsOf(template: Template, statements: readonly Statement[]): Grants {
  const actions = new Map<string, string[]>();
  for (const statement of statements) {
    for (const resource of asList(statement.Resource)) {
      const name = readable(template, resource)
        .replace(/smart-grid([-/])(?:local|dev)/g, 'smart-grid$1STAGE')
        .replace(/<(?!AccessLogs)\w*Logs[0-9A-F]{8}\.Arn>/, 'its log group')
        .replace(/<(\w+?)[0-9A-F]{8}\./, '<$1.');
      actions.set(name, [...(actions.get(name) ?? []), ...asList(statement.Action)].sort());
    }
  }
  return Object.fromEntries(actions);
}

const sorted = (grants: Grants): Grants =>
  Object.fromEntries(Object.entries(grants).map(([resource, actions]) => [resource, [...actions].sort()]));

describe.each(['timestream', 'postgres'] as const)('with telemetry in %s', (store) => {
  const templates = synthesised[store];
  const expected = { ...IN_BOTH, ...BY_STORE[store] };
  const functions = functionsOf(templates);

  test('the table covers every function there is', () => {
    expect(functions.map(({ name }) => name).sort()).toEqual(Object.keys(expected).sort());
  });

  test.each(Object.keys(expected))('%s may do what it must, nothing else, and misses each statement', (name) => {
    const own = functions.find((candidate) => candidate.name === name);
    if (!own) throw new Error(`${name} is not deployed`);
    const must = sorted(expected[name] ?? {});
    expect(grantsOf(own.template, own.statements)).toEqual(must);
    expect(own.statements.length).toBeGreaterThan(1);
    for (const removed of own.statements) {
      const rest = own.statements.filter((statement) => statement !== removed);
      expect(grantsOf(own.template, rest)).not.toEqual(must);
    }
  });

  test('what functions in the network ask of S3 and DynamoDB, a gateway endpoint lets through', () => {
    const asked = functions
      .filter(({ inNetwork }) => inNetwork)
      .flatMap(({ statements }) => statements.flatMap(({ Action }) => asList(Action)))
      .filter((action) => /^(s3|dynamodb):/.test(action));
    expect(asked.length).toBeGreaterThan(0);
    const passable = (without?: string) =>
      resourcesOf(templates, 'AWS::EC2::VPCEndpoint')
        .filter(({ id, properties }) => id !== without && asList(properties.RouteTableIds as unknown[]).length === 2)
        .flatMap(({ properties }) => (properties.PolicyDocument as { Statement: Statement[] }).Statement)
        .flatMap(({ Action }) => asList(Action));
    expect(asked.filter((action) => !passable().includes(action))).toEqual([]);
    for (const { id } of resourcesOf(templates, 'AWS::EC2::VPCEndpoint')) {
      expect(asked.filter((action) => !passable(id).includes(action))).not.toEqual([]);
    }
  });

  test('every wildcard of every policy has its reason beside it', () => {
    const policies = policiesOf(templates);
    const wildcards = policies.flatMap(({ stack, id, resource, statements }) => {
      const reasons = (resource.Metadata?.[WILDCARD_REASONS] ?? {}) as Record<string, string>;
      return statements
        .filter(({ Effect }) => Effect === 'Allow')
        .flatMap(({ Action, Resource }) => [...asList(Action), ...asList(Resource)])
        .map(flattenResolved)
        .filter((part) => part.includes('*'))
        .map((part) => ({ where: `${stack}/${id}: ${part}`, reason: reasons[part] }));
    });
    expect(wildcards.length).toBeGreaterThan(functions.length);
    expect(wildcards.filter(({ reason }) => (reason ?? '').length < 20).map(({ where }) => where)).toEqual([]);
  });
});
