import { Validations } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { grantedRole } from './granted-role.ts';
import type { GridStateMachine } from './grid-state-machine.ts';

export interface MachineScheduleProps {
  readonly description: string;
  /** `cron(…)` or `rate(…)`. */
  readonly expression: string;
  readonly machine: GridStateMachine;
  readonly input: object;
  /** Why a missed start needs no dead-letter queue. */
  readonly missed: string;
}

/** Starts a state machine by the clock, as a role that may do nothing else. */
export class MachineSchedule extends Construct {
  constructor(scope: Construct, id: string, { description, expression, machine, input, missed }: MachineScheduleProps) {
    super(scope, id);
    const role = grantedRole(this, {
      service: 'events.amazonaws.com',
      grants: [{ sid: 'Start', actions: ['states:StartExecution'], resources: [machine.arn] }],
    });
    const rule = new CfnRule(this, 'Rule', {
      description,
      scheduleExpression: expression,
      state: 'ENABLED',
      targets: [{ id: 'Machine', arn: machine.arn, roleArn: role.roleArn, input: JSON.stringify(input) }],
    });
    Validations.of(rule).acknowledge({ id: 'Serverless-EventBusDLQ', reason: missed });
  }
}
