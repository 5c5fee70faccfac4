import { ArnFormat, Fn } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { RouteFunction } from '../../layers/contracts/api/route.ts';
import { routes } from '../../layers/contracts/api/routes.ts';
import { MODELS } from '../../layers/contracts/models/learning.ts';
import type { StageSettings } from '../config/stages.ts';
import { ApiFirewall } from '../constructs/api-firewall.ts';
import { FrontDoor, originOf } from '../constructs/front-door.ts';
import {
  bucketArn,
  connectDatabase,
  getSettings,
  readSettings,
  streamArn,
  tableArn,
  timestreamGrants,
  useDataKey,
} from '../constructs/grants.ts';
import { API_VERSION, GridApi } from '../constructs/grid-api.ts';
import { API_TIMEOUT, GridFunction, type GridFunctionProps } from '../constructs/grid-function.ts';
import { Identity } from '../constructs/identity.ts';
import { endpointNameOf, sageMakerArn } from '../constructs/served-model.ts';
import { StageStack } from './stage-stack.ts';

type Served = Pick<GridFunctionProps, 'name' | 'memoryMb' | 'grants' | 'environment'> & { inNetwork: boolean };

/**
 * From store to people: user pool, REST API, and the one public origin before it and the dashboard. They are one stack
 * because each needs the other: the API accepts the dashboard's client, the client returns to the origin, and the
 * origin passes on to the API.
 */
export class ApiStack extends StageStack {
  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'api', { settings, description: 'user pool, REST API, public origin' });
    const key = Key.fromKeyArn(this, 'DataKey', this.wire('network/data-key-arn'));
    const api = new GridApi(this, 'Api', { settings, key });
    const signInUrl = `https://smart-grid-${settings.stage}-${this.account}.auth.${this.region}.amazoncognito.com`;
    const frontDoor = new FrontDoor(this, 'FrontDoor', {
      apiHost: api.host,
      signInUrl,
      accessLogs: Bucket.fromBucketName(this, 'AccessLogs', this.wire('storage/access-log-bucket')),
      removal: this.dataRemoval,
    });
    const identity = new Identity(this, 'Identity', {
      settings,
      removal: this.dataRemoval,
      webOrigins: [originOf(frontDoor.distribution), ...settings.extraWebOrigins],
    });
    const clientIds = Fn.join(',', [
      identity.dashboardClient.userPoolClientId,
      identity.headendClient.userPoolClientId,
    ]);
    const functions = this.functions(clientIds);
    api.serve(routes, identity.userPool, (name) => functions[name].lambda);
    new ApiFirewall(this, 'Firewall', { stageArn: api.restApi.deploymentStage.stageArn });

    this.publish('api/id', api.restApi.restApiId);
    this.publish('api/name', api.restApi.restApiName);
    this.publish('api/url', `https://${api.host}/${API_VERSION}`);
    this.publish('web/bucket', frontDoor.bucket.bucketName);
    this.publish('web/url', originOf(frontDoor.distribution));
    this.publish('web/distribution-id', frontDoor.distribution.distributionId);
    this.publish('identity/user-pool-id', identity.userPool.userPoolId);
    this.publish('identity/dashboard-client-id', identity.dashboardClient.userPoolClientId);
    this.publish('identity/headend-client-id', identity.headendClient.userPoolClientId);
    this.publish('identity/sign-in-url', signInUrl);
  }

  private functions(clientIds: string): Record<RouteFunction, GridFunction> {
    const dataKeyArn = this.wire('network/data-key-arn');
    const network = this.functionNetwork();
    const served = this.served(dataKeyArn);
    const make = (route: RouteFunction): GridFunction => {
      const { inNetwork, environment, ...rest } = served[route];
      return new GridFunction(this, `Function-${route}`, {
        ...rest,
        settings: this.settings,
        dataKeyArn,
        timeout: API_TIMEOUT,
        reservedConcurrency: this.settings.apiConcurrency,
        environment: { ...environment, API_CLIENT_IDS: clientIds },
        noDeadLetters: 'Called by the API, whose caller gets the failure; never asynchronously',
        ...(inNetwork ? { network } : {}),
      });
    };
    return {
      meters: make('meters'),
      network: make('network'),
      telemetry: make('telemetry'),
      topology: make('topology'),
      service: make('service'),
      outages: make('outages'),
      vee: make('vee'),
      'outage-causes': make('outage-causes'),
      'accept-batch': make('accept-batch'),
      batches: make('batches'),
      quarantine: make('quarantine'),
      'reading-edits': make('reading-edits'),
      forecasts: make('forecasts'),
      models: make('models'),
      anomalies: make('anomalies'),
      audit: make('audit'),
    };
  }

  private served(dataKeyArn: string): Record<RouteFunction, Served> {
    const resourceId = this.wire('storage/database-resource-id');
    const registry = this.wire('storage/registry-table');
    const reader = {
      memoryMb: 512,
      inNetwork: true,
      environment: this.databaseEnvironment('grid_reader'),
      grants: [connectDatabase(this, resourceId, 'grid_reader')],
    };
    return {
      meters: { name: 'api/meters', ...reader },
      network: {
        name: 'api/network',
        ...reader,
        environment: { ...reader.environment, TELEMETRY_STORE: this.settings.telemetryStore },
      },
      telemetry: this.telemetry(registry, dataKeyArn),
      topology: {
        name: 'api/topology',
        memoryMb: 1024,
        inNetwork: true,
        environment: { ...this.databaseEnvironment('grid_writer'), REGISTRY_TABLE: registry },
        grants: [
          connectDatabase(this, resourceId, 'grid_writer'),
          {
            sid: 'PublishRegistry',
            actions: ['dynamodb:BatchWriteItem'],
            resources: [tableArn(this, registry)],
          },
          useDataKey(dataKeyArn, 'write'),
        ],
      },
      outages: { name: 'api/outages', ...reader },
      vee: {
        name: 'api/vee',
        memoryMb: 1024,
        inNetwork: true,
        environment: {
          ...this.databaseEnvironment('grid_writer'),
          SETTINGS_TABLE: this.wire('storage/settings-table'),
        },
        grants: [
          connectDatabase(this, resourceId, 'grid_writer'),
          ...readSettings(this, { table: this.wire('storage/settings-table'), keyArn: dataKeyArn }),
        ],
      },
      'outage-causes': {
        name: 'api/outage-causes',
        memoryMb: 512,
        inNetwork: true,
        environment: this.databaseEnvironment('grid_writer'),
        grants: [connectDatabase(this, resourceId, 'grid_writer')],
      },
      service: { name: 'api/service', memoryMb: 256, inNetwork: false, grants: [] },
      'accept-batch': this.acceptBatch(dataKeyArn),
      batches: this.batches(dataKeyArn),
      quarantine: this.quarantine(dataKeyArn),
      'reading-edits': {
        name: 'api/reading-edits',
        memoryMb: 512,
        inNetwork: true,
        environment: {
          ...this.databaseEnvironment('grid_writer'),
          AUDIT_TABLE: this.wire('storage/audit-table'),
          EDIT_APPROVAL: this.settings.editApproval,
        },
        grants: [
          connectDatabase(this, resourceId, 'grid_writer'),
          {
            sid: 'AppendAudit',
            actions: ['dynamodb:PutItem'],
            resources: [tableArn(this, this.wire('storage/audit-table'))],
          },
          useDataKey(dataKeyArn, 'write'),
        ],
      },
      forecasts: { name: 'api/forecasts', ...reader },
      models: this.models(dataKeyArn),
      anomalies: {
        name: 'api/anomalies',
        memoryMb: 512,
        inNetwork: true,
        environment: { ...this.databaseEnvironment('grid_writer'), AUDIT_TABLE: this.wire('storage/audit-table') },
        grants: [
          connectDatabase(this, resourceId, 'grid_writer'),
          {
            sid: 'AppendAudit',
            actions: ['dynamodb:PutItem'],
            resources: [tableArn(this, this.wire('storage/audit-table'))],
          },
          useDataKey(dataKeyArn, 'write'),
        ],
      },
      audit: {
        name: 'api/audit',
        memoryMb: 256,
        inNetwork: false,
        environment: { AUDIT_TABLE: this.wire('storage/audit-table') },
        grants: [
          {
            sid: 'ReadAudit',
            actions: ['dynamodb:Query'],
            resources: [`${tableArn(this, this.wire('storage/audit-table'))}/index/when`],
          },
          useDataKey(dataKeyArn, 'read'),
        ],
      },
    };
  }

  private models(dataKeyArn: string): Served {
    const runs = this.wire('storage/runs-table');
    const resources = Object.fromEntries(
      MODELS.map((name) => [
        name,
        {
          training: this.wire(`intelligence/${name}-training-machine`),
          promotion: this.wire(`intelligence/${name}-promotion-machine`),
          endpoint: endpointNameOf(this.settings.stage, name),
        },
      ]),
    );
    const promotions = Object.values(resources).map(({ promotion }) => promotion);
    const machines = Object.values(resources).flatMap(({ training, promotion }) => [training, promotion]);
    const executions = machines.map((arn) =>
      this.formatArn({
        service: 'states',
        resource: 'execution',
        resourceName: `${Fn.select(6, Fn.split(':', arn))}:*`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    );
    const champions = `/smart-grid/${this.settings.stage}/champions/`;
    return {
      name: 'api/models',
      memoryMb: 512,
      inNetwork: false,
      environment: {
        RUNS_TABLE: runs,
        CHAMPION_PARAMETERS: champions,
        MODEL_RESOURCES: this.toJsonString(resources),
      },
      grants: [
        { sid: 'ReadRuns', actions: ['dynamodb:GetItem', 'dynamodb:Query'], resources: [tableArn(this, runs)] },
        useDataKey(dataKeyArn, 'read'),
        {
          sid: 'ReadChampions',
          actions: ['ssm:GetParameter'],
          resources: MODELS.map((name) =>
            this.formatArn({ service: 'ssm', resource: 'parameter', resourceName: `${champions.slice(1)}${name}` }),
          ),
        },
        { sid: 'StartPromotions', actions: ['states:StartExecution'], resources: promotions },
        { sid: 'SeeMachines', actions: ['states:ListExecutions'], resources: machines },
        {
          sid: 'SeeExecutions',
          actions: ['states:DescribeExecution', 'states:GetExecutionHistory'],
          resources: executions,
          wildcardReason: 'Executions of these machines are named when they start',
        },
        {
          sid: 'SeeEndpoints',
          actions: ['sagemaker:DescribeEndpoint'],
          resources: Object.values(resources).map(({ endpoint }) => sageMakerArn(this, 'endpoint', endpoint)),
        },
      ],
    };
  }

  private telemetry(registry: string, dataKeyArn: string): Served {
    const { stage, telemetryStore } = this.settings;
    const inPostgres = telemetryStore === 'postgres';
    return {
      name: 'api/telemetry',
      memoryMb: 512,
      inNetwork: inPostgres,
      environment: {
        REGISTRY_TABLE: registry,
        TELEMETRY_STORE: telemetryStore,
        ...(inPostgres
          ? this.databaseEnvironment('grid_reader')
          : {
              TIMESTREAM_DATABASE: this.wire('storage/timestream-database'),
              TIMESTREAM_TABLE: this.wire('storage/timestream-table'),
            }),
      },
      grants: [
        {
          sid: 'ReadRegistry',
          actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Scan'],
          resources: [tableArn(this, registry)],
        },
        useDataKey(dataKeyArn, 'read'),
        ...(inPostgres
          ? [connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_reader')]
          : timestreamGrants(this, stage, 'timestream:Select')),
      ],
    };
  }

  private quarantine(dataKeyArn: string): Served {
    const bucket = this.wire('storage/quarantine-bucket');
    const table = tableArn(this, this.wire('storage/quarantine-table'));
    const audit = this.wire('storage/audit-table');
    const readings = this.wire('ingestion/readings-stream');
    const telemetry = this.wire('ingestion/telemetry-stream');
    const byContent = 'Objects are named by the hash of what they hold, failed batches by time and chance';
    return {
      name: 'api/quarantine',
      memoryMb: 512,
      inNetwork: false,
      environment: {
        QUARANTINE_BUCKET: bucket,
        QUARANTINE_TABLE: this.wire('storage/quarantine-table'),
        AUDIT_TABLE: audit,
        READINGS_STREAM_NAME: readings,
        TELEMETRY_STREAM_NAME: telemetry,
      },
      grants: [
        {
          sid: 'ReadQuarantine',
          actions: ['s3:GetObject'],
          resources: [`${bucketArn(this, bucket)}/*`],
          wildcardReason: byContent,
        },
        // Without it S3 answers 403 for an object that is not there.
        { sid: 'KnowWhatIsMissing', actions: ['s3:ListBucket'], resources: [bucketArn(this, bucket)] },
        {
          sid: 'PutCorrections',
          actions: ['s3:PutObject'],
          resources: [`${bucketArn(this, bucket)}/corrections/*`],
          wildcardReason: byContent,
        },
        { sid: 'ChangeQuarantine', actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], resources: [table] },
        { sid: 'ListQuarantine', actions: ['dynamodb:Query'], resources: [`${table}/index/queue`] },
        { sid: 'AppendAudit', actions: ['dynamodb:PutItem'], resources: [tableArn(this, audit)] },
        {
          sid: 'Replay',
          actions: ['kinesis:PutRecords'],
          resources: [streamArn(this, readings), streamArn(this, telemetry)],
        },
        useDataKey(dataKeyArn, 'write'),
      ],
    };
  }

  private batches(dataKeyArn: string): Served {
    const idempotency = this.wire('storage/idempotency-table');
    return {
      name: 'api/batches',
      memoryMb: 512,
      inNetwork: true,
      environment: { ...this.databaseEnvironment('grid_reader'), IDEMPOTENCY_TABLE: idempotency },
      grants: [
        connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_reader'),
        { sid: 'FindBatch', actions: ['dynamodb:GetItem'], resources: [tableArn(this, idempotency)] },
        useDataKey(dataKeyArn, 'read'),
      ],
    };
  }

  private acceptBatch(dataKeyArn: string): Served {
    const stream = this.wire('ingestion/readings-stream');
    const idempotency = this.wire('storage/idempotency-table');
    return {
      name: 'ingest/accept-batch',
      memoryMb: 1024,
      inNetwork: false,
      environment: {
        READINGS_STREAM_NAME: stream,
        IDEMPOTENCY_TABLE: idempotency,
        SETTINGS_TABLE: this.wire('storage/settings-table'),
      },
      grants: [
        { sid: 'PutReadings', actions: ['kinesis:PutRecords'], resources: [streamArn(this, stream)] },
        {
          sid: 'KeepIdempotencyKeys',
          actions: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
          resources: [tableArn(this, idempotency)],
        },
        getSettings(this, this.wire('storage/settings-table')),
        useDataKey(dataKeyArn, 'write'),
      ],
    };
  }
}
