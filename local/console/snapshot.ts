import type { Cloud, Resource } from '../kernel/types.ts';
import { widgetsOf } from './dashboards.ts';
import { MetricReader } from './metrics.ts';
import type { AlarmRow, FunctionView, RuleView, StreamView, View } from './view.ts';

const windowMinutes = 5;

const nested = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], value);

const lastPart = (arn: string): string => arn.split(/[/:]/).at(-1) ?? arn;

/** `smart-grid-processing/StoreReadings/Function/Resource` → `StoreReadings`; physical names are cut and hashed by CloudFormation. */
export const labelOf = (resource: Resource): string =>
  resource.path
    .split('/')
    .filter((part) => !['Resource', 'Function', 'Lambda', 'Default'].includes(part))
    .at(-1)
    ?.replace(/^Function-/, '') ?? resource.physicalId;

const functionOf = (arnOrName: string): string => /function:([^:/]+)/.exec(arnOrName)?.[1] ?? arnOrName;

const ruleView = (rule: Resource, metrics: MetricReader): RuleView => {
  const actions = nested(rule.properties, 'TopicRulePayload', 'Actions');
  const stream = (Array.isArray(actions) ? actions : [])
    .map((action) => nested(action, 'Kinesis', 'StreamName'))
    .find(Boolean);
  const of = { RuleName: rule.physicalId };
  return {
    name: rule.physicalId,
    sql: String(nested(rule.properties, 'TopicRulePayload', 'Sql') ?? ''),
    stream: stream === undefined ? null : String(stream),
    matchesPerMinute: metrics.sum('AWS/IoT', 'TopicMatch', of, windowMinutes) / windowMinutes,
    failures:
      metrics.sum('AWS/IoT', 'Failure', of, windowMinutes) + metrics.sum('AWS/IoT', 'ParseError', of, windowMinutes),
  };
};

const storesOf = (resource: Resource): string[] => {
  const variables = (nested(resource.properties, 'Environment', 'Variables') ?? {}) as Record<string, unknown>;
  const stores: string[] = [];
  if (variables.DATABASE_HOST) stores.push('PostgreSQL');
  if (variables.TIMESTREAM_TABLE || variables.TIMESTREAM_DATABASE) stores.push('Timestream');
  return stores;
};

/** The running cloud as the template and its own metrics describe it. */
export const snapshotOf = (cloud: Cloud): View => {
  const now = cloud.clock();
  const metrics = new MetricReader(cloud.shared.metrics, now);
  const mappings = cloud.resourcesOf('AWS::Lambda::EventSourceMapping').map(({ properties }) => ({
    stream: lastPart(String(properties.EventSourceArn ?? '')),
    consumer: functionOf(String(properties.FunctionName ?? '')),
  }));
  const served = new Set(
    cloud
      .resourcesOf('AWS::ApiGateway::Method')
      .map(({ properties }) => functionOf(String(nested(properties, 'Integration', 'Uri') ?? ''))),
  );
  const live = new Map(cloud.shared.kinesis?.all().map((stream) => [stream.settings.name, stream]));
  const streams = cloud.resourcesOf('AWS::Kinesis::Stream').map((resource): StreamView => {
    const name = resource.physicalId;
    const consumers = mappings.filter((mapping) => mapping.stream === name).map((mapping) => mapping.consumer);
    const lags = consumers.map((one) =>
      metrics.highest('AWS/Lambda', 'IteratorAge', { FunctionName: one }, 'Maximum', 2),
    );
    const known = lags.filter((lag) => lag !== null);
    return {
      name,
      label: labelOf(resource),
      shards: (live.get(name)?.shards ?? []).map((shard) => ({ id: shard.id, records: shard.tip - shard.oldest })),
      recordsPerMinute:
        metrics.sum('AWS/Kinesis', 'IncomingRecords', { StreamName: name }, windowMinutes) / windowMinutes,
      lagMs: known.length === 0 ? null : Math.max(...known),
      consumers,
    };
  });
  const functions = cloud.resourcesOf('AWS::Lambda::Function').map((resource): FunctionView => {
    const of = { FunctionName: resource.physicalId };
    return {
      name: resource.physicalId,
      label: labelOf(resource),
      invocationsPerMinute: metrics.sum('AWS/Lambda', 'Invocations', of, windowMinutes) / windowMinutes,
      invocations: metrics.sum('AWS/Lambda', 'Invocations', of, 180),
      errors: metrics.sum('AWS/Lambda', 'Errors', of, 180),
      p50Ms: metrics.highest('AWS/Lambda', 'Duration', of, 'p50', windowMinutes),
      p99Ms: metrics.highest('AWS/Lambda', 'Duration', of, 'p99', windowMinutes),
      stores: storesOf(resource),
      grants: cloud.grantsOf(String(resource.properties.Role ?? '')),
      consumes: mappings.some((mapping) => mapping.consumer === resource.physicalId),
      serves: served.has(resource.physicalId),
    };
  });
  const alarms = (cloud.shared.alarms?.() ?? []).map((alarm): AlarmRow => {
    const [, impact = alarm.description, runbook] = /^Impact: (.*)\. Runbook: (.*)$/s.exec(alarm.description) ?? [];
    const { state, since, values, threshold } = alarm;
    const label = alarm.path.split('/').at(-3) ?? alarm.name;
    return { name: label, state, since, values, threshold, impact, runbook: runbook ?? null };
  });
  const counts = new Map<string, number>();
  for (const { type } of cloud.resources) counts.set(type, (counts.get(type) ?? 0) + 1);
  const endpoints = cloud.shared.endpoints ?? {};
  return {
    time: now,
    stage: cloud.stage,
    region: cloud.region,
    links: [
      ...(endpoints.web ? [{ name: 'Dashboard', href: endpoints.web }] : []),
      ...(endpoints.api ? [{ name: 'API health', href: `${endpoints.api}/health` }] : []),
    ],
    devices: cloud.shared.iot?.clientIds().length ?? null,
    rules: cloud.resourcesOf('AWS::IoT::TopicRule').map((rule) => ruleView(rule, metrics)),
    streams,
    functions: functions.sort((a, b) => b.invocations - a.invocations),
    tables: tablesOf(cloud),
    alarms: alarms.sort((a, b) => Number(b.state === 'ALARM') - Number(a.state === 'ALARM')),
    dashboards: (cloud.shared.dashboards?.() ?? []).map(({ name, body }) => ({
      name,
      widgets: widgetsOf(body, metrics),
    })),
    counts: [...counts].map(([type, count]) => ({ type, count })).sort((a, b) => b.count - a.count),
  };
};

const tablesOf = (cloud: Cloud): View['tables'] => [
  ...cloud.resourcesOf('AWS::DynamoDB::Table').map(({ physicalId, properties }) => ({
    name: physicalId,
    kind: 'DynamoDB table',
    detail: (Array.isArray(properties.KeySchema) ? properties.KeySchema : [])
      .map((key) => `${nested(key, 'AttributeName')} (${String(nested(key, 'KeyType')).toLowerCase()})`)
      .join(', '),
  })),
  ...cloud.resourcesOf('AWS::Timestream::Table').map(({ physicalId, properties }) => ({
    name: physicalId,
    kind: 'Timestream table',
    detail: `memory ${String(nested(properties, 'RetentionProperties', 'MemoryStoreRetentionPeriodInHours') ?? '?')} h, magnetic ${String(nested(properties, 'RetentionProperties', 'MagneticStoreRetentionPeriodInDays') ?? '?')} days`,
  })),
  ...cloud.resourcesOf('AWS::RDS::DBCluster').map(({ physicalId }) => ({
    name: physicalId,
    kind: 'Aurora cluster',
    detail: cloud.shared.postgres?.description ?? '',
  })),
  ...cloud
    .resourcesOf('AWS::S3::Bucket')
    .map(({ physicalId }) => ({ name: physicalId, kind: 'S3 bucket', detail: '' })),
];
