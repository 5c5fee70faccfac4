import type { Stack } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';

/** What one stack tells the next ones, as SSM parameters `/smart-grid/<stage>/<wire>`. */
const WIRES = [
  'network/data-key-arn',
  'network/subnet-1-id',
  'network/subnet-2-id',
  'network/function-security-group-id',
  'network/database-security-group-id',
  'storage/database-host',
  'storage/database-port',
  'storage/database-resource-id',
  'storage/database-cluster-id',
  'storage/quarantine-bucket',
  'storage/archive-bucket',
  'storage/access-log-bucket',
  'storage/registry-table',
  'storage/idempotency-table',
  'storage/quarantine-table',
  'storage/audit-table',
  'storage/settings-table',
  'settings/application-id',
  'settings/environment-id',
  'settings/profile-id',
  'settings/strategy-id',
  'settings/publish-settings-function',
  'storage/timestream-database',
  'storage/timestream-table',
  'storage/models-bucket',
  'storage/runs-table',
  'ingestion/readings-stream',
  'ingestion/telemetry-stream',
  'ingestion/rule-failures-queue',
  'ingestion/schema-versions',
  'intelligence/forecast-issuing-machine',
  'intelligence/forecast-promotion-machine',
  'intelligence/forecast-training-machine',
  'intelligence/anomaly-promotion-machine',
  'intelligence/anomaly-training-machine',
  'intelligence/anomaly-scoring-machine',
  'intelligence/sensor-scoring-machine',
  'api/url',
  'processing/store-readings-function',
  'processing/store-telemetry-function',
  'processing/compact-readings-function',
  'processing/aggregate-windows-function',
  'processing/detect-outages-function',
  'processing/watch-quarantine-function',
  'processing/score-readings-function',
  'alerts/topic',
  'alerts/machine',
  'api/id',
  'api/name',
  'web/bucket',
  'web/url',
  'web/distribution-id',
  'identity/user-pool-id',
  'identity/dashboard-client-id',
  'identity/headend-client-id',
  'identity/sign-in-url',
] as const;
export type Wire = (typeof WIRES)[number];

export const wireName = (stage: string, wire: Wire): string => `/smart-grid/${stage}/${wire}`;

/** Publishes a value of this stack for the stacks after it. Nothing is exported, so any stack can be replaced or removed. */
export function publishWire(stack: Stack, stage: string, wire: Wire, value: string): void {
  new StringParameter(stack, `Wire-${wire.replace('/', '-')}`, {
    parameterName: wireName(stage, wire),
    stringValue: value,
  });
}

/** A value that an earlier stack published, read by CloudFormation when this stack is deployed. */
export function readWire(stack: Stack, stage: string, wire: Wire): string {
  return StringParameter.valueForStringParameter(stack, wireName(stage, wire));
}
