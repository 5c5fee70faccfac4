import { Duration, Validations } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import { connectDatabase, readSettings, useDataKey } from '../constructs/grants.ts';
import { GridFunction, type GridFunctionProps } from '../constructs/grid-function.ts';
import { GridStateMachine } from '../constructs/grid-state-machine.ts';
import { MachineSchedule } from '../constructs/machine-schedule.ts';
import { StageStack } from './stage-stack.ts';

const TASK = 'Called by a state machine, which sees the failure, retries and ends in error; never asynchronously';

/** From anomalies to people: who is told of what, by a topic, with a link to where it is judged. */
export class AlertsStack extends StageStack {
  readonly #dataKeyArn: string;

  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'alerts', { settings, description: 'alerts of anomalies' });
    this.#dataKeyArn = this.wire('network/data-key-arn');
    const settingsTable = this.wire('storage/settings-table');
    const database = connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_writer');
    const choose = this.task('ChooseAlerts', {
      name: 'alert/choose-alerts',
      environment: {
        ...this.databaseEnvironment('grid_writer'),
        SETTINGS_TABLE: settingsTable,
        SITE_URL: this.wire('web/url'),
      },
      grants: [database, ...readSettings(this, { table: settingsTable, keyArn: this.#dataKeyArn })],
    });
    const note = this.task('NoteAlert', {
      name: 'alert/note-alert',
      environment: this.databaseEnvironment('grid_writer'),
      grants: [database],
    });
    const topic = this.topic();
    const machine = new GridStateMachine(this, 'AlertAnomalies', {
      settings,
      name: 'alert-anomalies',
      dataKeyArn: this.#dataKeyArn,
      substitutions: {
        ChooseAlerts: choose.lambda.functionArn,
        NoteAlert: note.lambda.functionArn,
        AlertTopic: topic.topicArn,
      },
      grants: [
        {
          sid: 'RunTasks',
          actions: ['lambda:InvokeFunction'],
          resources: [choose, note].map(({ lambda }) => lambda.functionArn),
        },
        { sid: 'TellPeople', actions: ['sns:Publish'], resources: [topic.topicArn] },
        useDataKey(this.#dataKeyArn, 'write'),
      ],
    });
    new MachineSchedule(this, 'AlertSchedule', {
      description: 'Tells people of the most unusual anomalies',
      expression: 'rate(1 minute)',
      machine,
      input: {},
      missed: 'The next minute decides and tells what a missed one left',
    });
    this.publish('alerts/topic', topic.topicArn);
    this.publish('alerts/machine', machine.arn);
  }

  private topic(): Topic {
    const topic = new Topic(this, 'Topic', {
      displayName: `Smart grid ${this.settings.stage} anomalies`,
      masterKey: Key.fromKeyArn(this, 'DataKey', this.#dataKeyArn),
      enforceSSL: true,
    });
    for (const address of this.settings.alertEmails) {
      Validations.of(topic.addSubscription(new EmailSubscription(address))).acknowledge({
        id: 'Serverless-SNSRedrivePolicy',
        reason: 'Mail is not redriven: the anomaly stays in the inbox of the dashboard',
      });
    }
    return topic;
  }

  private task(id: string, props: Pick<GridFunctionProps, 'name' | 'environment' | 'grants'>): GridFunction {
    return new GridFunction(this, id, {
      ...props,
      settings: this.settings,
      memoryMb: 512,
      timeout: Duration.minutes(1),
      dataKeyArn: this.#dataKeyArn,
      network: this.functionNetwork(),
      noDeadLetters: TASK,
    });
  }
}
