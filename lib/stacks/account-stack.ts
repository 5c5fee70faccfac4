import { type CfnResource, Stack, Validations } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { ManagedPolicy, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnLogging } from 'aws-cdk-lib/aws-iot';
import type { Construct } from 'constructs';
import { explainWildcards, flatten } from '../constructs/wildcards.ts';

/** Log group of AWS IoT, which names and makes it itself. */
const IOT_LOG_GROUP = 'AWSIotLogsV2';

/**
 * What an account and region have only one of, shared by all stages and so removed with none of them: the roles by which
 * API Gateway and AWS IoT write their logs.
 */
export class AccountStack extends Stack {
  constructor(scope: Construct) {
    super(scope, 'smart-grid-account', {
      description: 'Smart Grid Analytics: settings an account and region have one of',
    });
    this.apiGateway();
    this.iot();
  }

  private apiGateway(): void {
    const role = new Role(this, 'ApiGatewayLogs', {
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonAPIGatewayPushToCloudWatchLogs')],
    });
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      reason: 'The role serves every API of the account, ours or not, and API Gateway checks for this policy',
    });
    new CfnAccount(this, 'ApiGatewayAccount', { cloudWatchRoleArn: role.roleArn });
  }

  /** Why a message did not pass its rule is only in these logs: the metrics just count. */
  private iot(): void {
    const streams = `arn:${this.partition}:logs:${this.region}:${this.account}:log-group:${IOT_LOG_GROUP}:*`;
    const role = new Role(this, 'IotLogs', {
      assumedBy: new ServicePrincipal('iot.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
      inlinePolicies: {
        grants: new PolicyDocument({
          statements: [
            new PolicyStatement({
              sid: 'WriteLogs',
              actions: [
                'logs:CreateLogGroup',
                'logs:CreateLogStream',
                'logs:PutLogEvents',
                'logs:PutMetricFilter',
                'logs:PutRetentionPolicy',
              ],
              resources: [streams],
            }),
          ],
        }),
      },
    });
    explainWildcards(role, role.node.defaultChild as CfnResource, {
      [flatten(this, streams)]: 'AWS IoT names the streams of its own log group',
    });
    new CfnLogging(this, 'IotLogging', { accountId: this.account, defaultLogLevel: 'WARN', roleArn: role.roleArn });
  }
}
