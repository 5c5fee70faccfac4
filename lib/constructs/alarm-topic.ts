import { Stack, Validations } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';

/** Where alarms and the budget's warnings go, and who reads them. Encrypted with a key that lets both use it. */
export class AlarmTopic extends Construct {
  readonly action: SnsAction;

  constructor(scope: Construct, id: string, { settings, key }: { settings: StageSettings; key: IKey }) {
    super(scope, id);
    const topic = new Topic(this, 'Topic', {
      displayName: `Smart grid ${settings.stage}`,
      masterKey: key,
      enforceSSL: true,
    });
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'TakeAlarms',
        principals: ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'].map(
          (service) => new ServicePrincipal(service),
        ),
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    for (const address of settings.alarmEmails) {
      Validations.of(topic.addSubscription(new EmailSubscription(address))).acknowledge({
        id: 'Serverless-SNSRedrivePolicy',
        reason: 'Mail is not redriven: the alarm itself stays visible in CloudWatch until it ends',
      });
    }
    this.action = new SnsAction(topic);
    if (settings.monthlyBudgetUsd !== undefined) this.budget(settings, settings.monthlyBudgetUsd, topic);
  }

  private budget({ stage }: StageSettings, monthlyUsd: number, topic: Topic): void {
    const notice = (notificationType: 'ACTUAL' | 'FORECASTED', threshold: number) => ({
      notification: { notificationType, comparisonOperator: 'GREATER_THAN', threshold, thresholdType: 'PERCENTAGE' },
      subscribers: [{ subscriptionType: 'SNS', address: topic.topicArn }],
    });
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: monthlyUsd, unit: 'USD' },
        // The tag every stack of the stage carries; it has to be activated for cost allocation once.
        costFilters: { TagKeyValue: [`user:stage$${stage}`] },
      },
      notificationsWithSubscribers: [notice('FORECASTED', 80), notice('ACTUAL', 100)],
    });
  }
}
