import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  type ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';

export interface AlarmWithImpactProps {
  readonly metric: IMetric;
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
  /** Periods of the metric in a row before it rings. */
  readonly periods: number;
  /** What people see go wrong, in their words. */
  readonly impact: string;
  /** File in docs/runbooks. */
  readonly runbook: `${string}.md`;
  readonly action: IAlarmAction;
}

/** An alarm that says what it means for people and what to do about it. Silence is not an alarm: nothing may be flowing. */
export class AlarmWithImpact extends Construct {
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, props: AlarmWithImpactProps) {
    super(scope, id);
    this.alarm = new Alarm(this, 'Alarm', {
      metric: props.metric,
      comparisonOperator: props.comparison,
      threshold: props.threshold,
      evaluationPeriods: props.periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `Impact: ${props.impact}. Runbook: docs/runbooks/${props.runbook}`,
    });
    this.alarm.addAlarmAction(props.action);
    this.alarm.addOkAction(props.action);
  }
}

/** How often the metrics of alarms are looked at. */
export const ALARM_PERIOD = Duration.minutes(1);
