import { Duration, Validations } from 'aws-cdk-lib';
import {
  CfnApplication,
  CfnConfigurationProfile,
  CfnDeploymentStrategy,
  CfnEnvironment,
} from 'aws-cdk-lib/aws-appconfig';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { gridSettingsSchema } from '../../layers/contracts/settings/grid-settings.ts';
import type { StageSettings } from '../config/stages.ts';
import { tableArn, useDataKey } from '../constructs/grants.ts';
import { GridFunction } from '../constructs/grid-function.ts';
import { StageStack } from './stage-stack.ts';

/**
 * What operators set without a deployment: AppConfig, which validates and keeps it, and the function that brings it to where functions
 * in the VPC read it. The template deploys no configuration: a later update would put back what operators have changed since.
 */
export class SettingsStack extends StageStack {
  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'settings', { settings, description: 'dynamic configuration' });
    const name = `smart-grid-${settings.stage}`;
    const application = new CfnApplication(this, 'Application', { name, description: 'Smart Grid Analytics' });
    const environment = new CfnEnvironment(this, 'Environment', {
      applicationId: application.ref,
      name: settings.stage,
    });
    const profile = new CfnConfigurationProfile(this, 'Profile', {
      applicationId: application.ref,
      name: 'grid-settings',
      locationUri: 'hosted',
      type: 'AWS.Freeform',
      validators: [{ type: 'JSON_SCHEMA', content: JSON.stringify(gridSettingsSchema()) }],
    });
    const strategy = new CfnDeploymentStrategy(this, 'AtOnce', {
      name: `${name}-at-once`,
      description: 'Functions read a change within a minute of each other anyway',
      deploymentDurationInMinutes: 0,
      growthFactor: 100,
      finalBakeTimeInMinutes: 0,
      replicateTo: 'NONE',
    });
    this.publish('settings/application-id', application.ref);
    this.publish('settings/environment-id', environment.ref);
    this.publish('settings/profile-id', profile.ref);
    this.publish('settings/strategy-id', strategy.ref);
    this.publisher(application.ref, environment.ref, profile.ref);
  }

  private publisher(application: string, environment: string, profile: string): void {
    const table = this.wire('storage/settings-table');
    const dataKeyArn = this.wire('network/data-key-arn');
    const publish = new GridFunction(this, 'PublishSettings', {
      settings: this.settings,
      name: 'operate/publish-settings',
      timeout: Duration.seconds(30),
      memoryMb: 256,
      dataKeyArn,
      noDeadLetters: 'The next minute publishes what a failed run did not',
      environment: {
        APPCONFIG_APPLICATION: application,
        APPCONFIG_ENVIRONMENT: environment,
        APPCONFIG_PROFILE: profile,
        SETTINGS_TABLE: table,
        AUDIT_TABLE: this.wire('storage/audit-table'),
      },
      grants: [
        {
          sid: 'ReadDeployedSettings',
          actions: ['appconfig:GetLatestConfiguration', 'appconfig:StartConfigurationSession'],
          resources: [
            this.formatArn({
              service: 'appconfig',
              resource: 'application',
              resourceName: `${application}/environment/${environment}/configuration/${profile}`,
            }),
          ],
        },
        {
          sid: 'PublishSettings',
          actions: ['dynamodb:GetItem', 'dynamodb:PutItem'],
          resources: [tableArn(this, table)],
        },
        {
          sid: 'AppendAudit',
          actions: ['dynamodb:PutItem'],
          resources: [tableArn(this, this.wire('storage/audit-table'))],
        },
        useDataKey(dataKeyArn, 'write'),
      ],
    });
    this.publish('settings/publish-settings-function', publish.lambda.functionName);
    const every = Duration.minutes(1);
    const schedule = new Rule(this, 'Schedule', {
      description: 'Brings deployed settings to the functions',
      schedule: Schedule.rate(every),
      targets: [
        new LambdaFunction(publish.lambda, {
          event: RuleTargetInput.fromObject({}),
          retryAttempts: 0,
          maxEventAge: every,
        }),
      ],
    });
    Validations.of(schedule).acknowledge({
      id: 'Serverless-EventBusDLQ',
      reason: 'A missed minute is made good by the next one; failures have their own alarm',
    });
  }
}
