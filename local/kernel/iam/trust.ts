import { listAt, textAt } from '../properties.ts';
import type { Cloud, PendingResource } from '../types.ts';

type Path = readonly string[];

/**
 * Where templates hand a role to a service, and which service then assumes it.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/ and each type's CloudFormation page.
 */
const ROLE_USES: Readonly<Record<string, readonly { path: Path; service: string }[]>> = {
  'AWS::Lambda::Function': [{ path: ['Role'], service: 'lambda.amazonaws.com' }],
  'AWS::KinesisFirehose::DeliveryStream': [
    { path: ['ExtendedS3DestinationConfiguration', 'RoleARN'], service: 'firehose.amazonaws.com' },
    { path: ['KinesisStreamSourceConfiguration', 'RoleARN'], service: 'firehose.amazonaws.com' },
  ],
  'AWS::Scheduler::Schedule': [{ path: ['Target', 'RoleArn'], service: 'scheduler.amazonaws.com' }],
  'AWS::EC2::FlowLog': [{ path: ['DeliverLogsPermissionArn'], service: 'vpc-flow-logs.amazonaws.com' }],
  'AWS::ApiGateway::Account': [{ path: ['CloudWatchRoleArn'], service: 'apigateway.amazonaws.com' }],
  'AWS::StepFunctions::StateMachine': [{ path: ['RoleArn'], service: 'states.amazonaws.com' }],
};

/** @throws AwsFailure if a resource names a role that the service behind it may not assume, as its creation would fail in AWS. */
export function checkTrust(resource: PendingResource, cloud: Cloud): void {
  for (const { path, service } of ROLE_USES[resource.type] ?? []) {
    const role = textAt(resource.properties, ...path);
    if (role !== undefined) cloud.assumeRole(role, service);
  }
  if (resource.type !== 'AWS::IoT::TopicRule') return;
  const payload = resource.properties.TopicRulePayload;
  for (const action of [...listAt(payload, 'Actions'), ...listAt(payload, 'ErrorAction')]) {
    for (const settings of Object.values(action as Record<string, unknown>)) {
      const role = textAt(settings, 'RoleArn');
      if (role !== undefined) cloud.assumeRole(role, 'iot.amazonaws.com');
    }
  }
}
