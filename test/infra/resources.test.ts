import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { groups } from '../../layers/contracts/api/access.ts';
import { routes } from '../../layers/contracts/api/routes.ts';
import { RELEASED_SCHEMAS } from '../../layers/contracts/avro/released.ts';
import { RELEASED_VERSIONS } from '../../layers/contracts/avro/versions.ts';
import { MODELS } from '../../layers/contracts/models/learning.ts';
import { stageSettings } from '../../lib/config/stages.ts';
import { asList, readable, resourcesOf, synthesise, type Templates } from './assembly.ts';

const local = synthesise({ stage: 'local' });
const prod = synthesise({
  stage: 'prod',
  stages: {
    prod: { telemetryStore: 'timestream', alarmEmails: ['grid@example.org'], alertEmails: ['grid@example.org'] },
  },
});

/** Properties of all resources of a type, which there must be some of. */
function all(templates: Templates, type: string) {
  const found = resourcesOf(templates, type);
  if (found.length === 0) throw new Error(`no ${type}`);
  return found;
}

describe('settings', () => {
  test('a deployment without a telemetry store is told to run preflight', () => {
    expect(() => stageSettings({ stage: 'dev' })).toThrow('npm run preflight -- --stage dev');
  });
  test('an unknown stage or override is named', () => {
    expect(() => stageSettings({ stage: 'test' })).toThrow('Unknown stage "test"');
    expect(() => stageSettings({ stage: 'dev', stages: { dev: { telemetryStor: 'postgres' } } })).toThrow(
      'telemetryStor',
    );
  });
});

describe('ingestion', () => {
  const rules = all(local, 'AWS::IoT::TopicRule').map(
    ({ properties }) => properties as { RuleName: string; TopicRulePayload: RulePayload },
  );
  interface RulePayload {
    Sql: string;
    Actions: { Kinesis: { PartitionKey: string } }[];
    ErrorAction?: unknown;
  }

  test('each rule has a legal name, keeps the bytes, keys by device and has an error action', () => {
    expect(rules.map(({ RuleName }) => RuleName).sort()).toEqual([
      'local_concentrator_interval_columns',
      'local_concentrator_interval_readings',
      'local_concentrator_meter_events',
      'local_concentrator_register_reads',
      'local_interval_readings',
      'local_meter_events',
      'local_register_reads',
      'local_sensor_telemetry',
    ]);
    for (const { RuleName, TopicRulePayload } of rules) {
      expect(RuleName).toMatch(/^[A-Za-z0-9_]{1,128}$/);
      expect(TopicRulePayload.Sql).toContain(
        "encode(*, 'base64') AS payload, topic() AS topic, clientid() AS clientId",
      );
      expect(TopicRulePayload.Actions.map(({ Kinesis }) => Kinesis.PartitionKey)).toEqual(['${topic' + '(2)}']);
      expect(TopicRulePayload.ErrorAction).toBeDefined();
    }
  });

  test('every released Avro schema is registered, and its id handed on under its name', () => {
    const schemas = all(local, 'AWS::Glue::Schema');
    expect(schemas.map(({ properties }) => properties.Name).sort()).toEqual(Object.keys(RELEASED_SCHEMAS).sort());
    for (const { properties } of schemas) {
      expect(properties.Compatibility).toBe('FULL_ALL');
      const [first] = RELEASED_SCHEMAS[properties.Name as keyof typeof RELEASED_SCHEMAS];
      expect(JSON.parse(String(properties.SchemaDefinition))).toEqual(first);
    }
    const wire = all(local, 'AWS::SSM::Parameter').find(({ properties }) =>
      String(properties.Name).endsWith('/schema-versions'),
    );
    const names = [...JSON.stringify(wire?.properties.Value).matchAll(/"([a-z-]+:\d+=)"/g)].map(([, name]) => name);
    expect(names).toEqual(RELEASED_VERSIONS.map(({ name }) => `${name}=`));
  });

  test('there is a policy of devices and one of concentrators, and none else', () => {
    expect(all(local, 'AWS::IoT::Policy').map(({ properties }) => properties.PolicyName)).toEqual([
      'smart-grid-local-device',
      'smart-grid-local-concentrator',
    ]);
  });

  test.each([
    ['device', false, 4],
    ['concentrator', true, 4],
  ])(
    'a %s connects as its own thing and publishes to its own topics, by the rules there are',
    (family, gathers, kinds) => {
      const name = `smart-grid-local-${family}`;
      const policy = all(local, 'AWS::IoT::Policy').find(({ properties }) => properties.PolicyName === name);
      if (!policy) throw new Error('no policy');
      const own = rules.filter(
        ({ TopicRulePayload }) => TopicRulePayload.Sql.includes("FROM 'concentrators/") === gathers,
      );
      expect(own).toHaveLength(kinds);
      const { Statement } = policy.properties.PolicyDocument as {
        Statement: { Action: string; Resource: unknown; Condition?: unknown }[];
      };
      const thing = '<iot:Connection.Thing.ThingName>';
      const [connect, publish] = Statement;
      expect(readable(policy.template, connect?.Resource)).toBe(`iot:client/${thing}`);
      expect(connect?.Condition).toEqual({ Bool: { 'iot:Connection.Thing.IsAttached': 'true' } });
      expect(
        asList(publish?.Resource)
          .map((resource) => readable(policy.template, resource))
          .sort(),
      ).toEqual(
        own
          .map(
            ({ RuleName, TopicRulePayload }) =>
              `iot:topic/$aws/rules/${RuleName}/${/FROM '(.*)'/.exec(TopicRulePayload.Sql)?.[1]?.replace('+', thing)}`,
          )
          .sort(),
      );
    },
  );
});

test('a stream is retried until its records age out, one by one, and what ages out is kept', () => {
  const mappings = all(local, 'AWS::Lambda::EventSourceMapping');
  expect(mappings).toHaveLength(2);
  for (const { template, properties } of mappings) {
    expect(properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRecordAgeInSeconds: 7 * 24 * 3600,
      StartingPosition: 'TRIM_HORIZON',
      MaximumBatchingWindowInSeconds: 0,
    });
    expect(properties.MaximumRetryAttempts).toBeUndefined();
    const { OnFailure } = properties.DestinationConfig as { OnFailure: { Destination: unknown } };
    expect(readable(template, OnFailure.Destination)).toBe('s3:{storage/quarantine-bucket}');
  }
  for (const { properties } of all(local, 'AWS::Kinesis::Stream')) expect(properties.RetentionPeriodHours).toBe(7 * 24);
});

describe('the API', () => {
  const api = local.api;
  if (!api) throw new Error('no api stack');
  const pathOf = (reference: unknown): string => {
    if (typeof reference === 'object' && reference && 'Ref' in reference) {
      const { Properties } = api.Resources[String(reference.Ref)] ?? {};
      return `${pathOf(Properties?.ParentId)}/${Properties?.PathPart}`;
    }
    return '';
  };
  const methods = all(local, 'AWS::ApiGateway::Method').map(({ properties }) => ({
    route: `${properties.HttpMethod} ${pathOf(properties.ResourceId)}`,
    authorization: properties.AuthorizationType,
    authorizer: properties.AuthorizerId !== undefined,
    scopes: properties.AuthorizationScopes,
    validated: properties.RequestValidatorId !== undefined,
  }));

  test('has exactly the declared routes, each with the scope it is declared with', () => {
    expect(routes.length).toBeGreaterThan(10);
    expect(methods.sort((a, b) => a.route.localeCompare(b.route))).toEqual(
      routes
        .map(({ method, path, access }) => ({
          route: `${method} ${path}`,
          authorization: 'public' in access ? 'NONE' : 'COGNITO_USER_POOLS',
          authorizer: !('public' in access),
          scopes: 'public' in access ? undefined : [access.scope],
          validated: true,
        }))
        .sort((a, b) => a.route.localeCompare(b.route)),
    );
  });

  test('answers problems itself as the functions do', () => {
    for (const { properties } of all(local, 'AWS::ApiGateway::GatewayResponse')) {
      const template = (properties.ResponseTemplates as Record<string, string>)['application/json'] ?? '';
      expect(JSON.parse(template.replace('$context.error.messageString', '"a detail"'))).toMatchObject({
        type: expect.stringMatching(/^urn:smart-grid:problem:/),
        detail: 'a detail',
        violations: [],
      });
      expect(properties.ResponseParameters).toEqual({
        'gatewayresponse.header.Content-Type': "'application/problem+json'",
        ...(properties.ResponseType === 'THROTTLED' ? { 'gatewayresponse.header.Retry-After': "'1'" } : {}),
      });
    }
  });

  test('nobody signs up, people sign in by code, machines by secret', () => {
    const [pool] = all(local, 'AWS::Cognito::UserPool');
    expect(pool?.properties.AdminCreateUserConfig).toEqual({ AllowAdminCreateUserOnly: true });
    expect(all(local, 'AWS::Cognito::UserPoolGroup').map(({ properties }) => properties.GroupName)).toEqual([
      ...groups,
    ]);
    const clients = all(local, 'AWS::Cognito::UserPoolClient').map(({ properties }) => [
      properties.AllowedOAuthFlows,
      properties.GenerateSecret,
      asList(properties.AllowedOAuthScopes as unknown[]).map((scope) => readable(api, scope).replace(/<\w+>/, 'grid')),
    ]);
    expect(clients).toEqual([
      [['code'], false, ['openid', 'email', 'profile', 'grid/read', 'grid/write']],
      [['client_credentials'], true, ['grid/ingest']],
    ]);
  });
});

describe('at rest', () => {
  const encrypted: Record<string, (properties: Record<string, unknown>) => unknown> = {
    'AWS::DynamoDB::Table': ({ SSESpecification }) =>
      (SSESpecification as { KMSMasterKeyId?: unknown })?.KMSMasterKeyId,
    'AWS::Kinesis::Stream': ({ StreamEncryption }) => (StreamEncryption as { KeyId?: unknown })?.KeyId,
    'AWS::Logs::LogGroup': ({ KmsKeyId }) => KmsKeyId,
    'AWS::RDS::DBCluster': ({ KmsKeyId, StorageEncrypted }) => StorageEncrypted && KmsKeyId,
    'AWS::S3::Bucket': ({ BucketEncryption }) => BucketEncryption,
    'AWS::SNS::Topic': ({ KmsMasterKeyId }) => KmsMasterKeyId,
    'AWS::SQS::Queue': ({ KmsMasterKeyId }) => KmsMasterKeyId,
    'AWS::Timestream::Database': ({ KmsKeyId }) => KmsKeyId,
  };
  test.each(Object.entries(encrypted))('every %s is encrypted', (type, key) => {
    for (const { id, properties } of all(prod, type)) expect([id, Boolean(key(properties))]).toEqual([id, true]);
  });

  test('data outlives the stack in prod and goes with it elsewhere', () => {
    const stores = [
      'AWS::DynamoDB::Table',
      'AWS::Kinesis::Stream',
      'AWS::S3::Bucket',
      'AWS::Timestream::Table',
      'AWS::RDS::DBCluster',
      'AWS::Cognito::UserPool',
    ];
    for (const type of stores) {
      const kept = type === 'AWS::RDS::DBCluster' ? 'Snapshot' : 'Retain';
      for (const { id, resource } of all(prod, type)) expect([id, resource.DeletionPolicy]).toEqual([id, kept]);
      for (const { id, resource } of all(local, type)) expect([id, resource.DeletionPolicy]).toEqual([id, 'Delete']);
    }
    expect(all(prod, 'AWS::RDS::DBCluster')[0]?.properties.DeletionProtection).toBe(true);
  });

  test('the database takes tokens over TLS and knows no password', () => {
    expect(all(prod, 'AWS::RDS::DBCluster')[0]?.properties).toMatchObject({
      MasterUserAuthenticationType: 'iam-db-auth',
      EnableIAMDatabaseAuthentication: true,
    });
    expect(all(prod, 'AWS::RDS::DBCluster')[0]?.properties.MasterUserPassword).toBeUndefined();
    expect(all(prod, 'AWS::RDS::DBClusterParameterGroup')[0]?.properties.Parameters).toMatchObject({
      'rds.force_ssl': '1',
    });
    expect(resourcesOf(prod, 'AWS::SecretsManager::Secret')).toEqual([]);
  });

  test('no template holds an account, an export or a secret', () => {
    for (const [stack, template] of Object.entries(prod)) {
      const text = JSON.stringify(template);
      expect([
        stack,
        /\b\d{12}\b|Fn::ImportValue|"Export"|SecretString|MasterUserPassword|AKIA[A-Z0-9]{16}|-----BEGIN/.exec(
          text,
        )?.[0],
      ]).toEqual([stack, undefined]);
    }
  });
});

const isAlarmOfModel = (id: string, model: string): boolean =>
  new RegExp(`^${model}(Fails|Slow|Invalid)`, 'i').test(id);

test('each alarm rings somewhere, says its impact and has a runbook that exists', () => {
  const alarms = all(prod, 'AWS::CloudWatch::Alarm');
  expect(alarms.length).toBeGreaterThan(15);
  for (const { id, properties } of alarms) {
    const [, impact, runbook] =
      /^Impact: (.+)\. Runbook: (docs\/runbooks\/[a-z-]+\.md)$/.exec(String(properties.AlarmDescription)) ?? [];
    expect([id, impact !== undefined && impact.length > 15]).toEqual([id, true]);
    expect([runbook, existsSync(join(import.meta.dirname, '../..', runbook ?? 'none'))]).toEqual([runbook, true]);
    // A model's own alarms act by the deployment that names them: see the promotion machine.
    if (!MODELS.some((model) => isAlarmOfModel(id, model)))
      expect([id, properties.AlarmActions]).toEqual([id, [expect.anything()]]);
  }
});

test.each(MODELS)('a canary of the %s model is called back by its own alarms, each of them', (model) => {
  const alarms = all(prod, 'AWS::CloudWatch::Alarm').filter(({ id }) => isAlarmOfModel(id, model));
  expect(alarms.map(({ properties }) => properties.MetricName).sort()).toEqual([
    'InvalidModelOutput',
    'ModelAnswered',
    'ModelFailed',
  ]);
  const [promotion, ...others] = all(prod, 'AWS::StepFunctions::StateMachine').filter(({ id }) =>
    id.toLowerCase().startsWith(`promote${model}`),
  );
  expect(others).toEqual([]);
  const named = [...JSON.stringify(promotion?.properties.DefinitionString).matchAll(/AlarmName.{1,20}"Ref":"(\w+)"/g)];
  expect(named.map(([, id]) => id).sort()).toEqual(alarms.map(({ id }) => id).sort());
});

test('functions are as all functions here are', () => {
  for (const { id, properties } of all(prod, 'AWS::Lambda::Function')) {
    expect([id, properties]).toEqual([
      id,
      expect.objectContaining({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
        Timeout: expect.any(Number),
        MemorySize: expect.any(Number),
        LoggingConfig: expect.anything(),
      }),
    ]);
  }
});
