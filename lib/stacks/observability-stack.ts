import {
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { MESSAGE_KINDS, ruleName } from '../config/message-kinds.ts';
import type { StageSettings } from '../config/stages.ts';
import { AlarmTopic } from '../constructs/alarm-topic.ts';
import { ALARM_PERIOD, AlarmWithImpact, type AlarmWithImpactProps } from '../constructs/alarm-with-impact.ts';
import { API_VERSION } from '../constructs/grid-api.ts';
import { StageStack } from './stage-stack.ts';

type AlarmSpec = Pick<AlarmWithImpactProps, 'metric' | 'impact' | 'runbook'> & { above: number; periods: number };

/** What watches the others: alarms with their impact and runbook, a dashboard, a budget. */
export class ObservabilityStack extends StageStack {
  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'observability', { settings, description: 'alarms, dashboard, budget' });
    const key = Key.fromKeyArn(this, 'DataKey', this.wire('network/data-key-arn'));
    const { action } = new AlarmTopic(this, 'Alarms', { settings, key });
    const alarms = { ...this.ingestionAlarms(), ...this.processingAlarms(), ...this.serviceAlarms() };
    for (const [id, { above, ...alarm }] of Object.entries(alarms)) {
      new AlarmWithImpact(this, id, {
        ...alarm,
        threshold: above,
        comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
        action,
      });
    }
    this.dashboard();
  }

  /** What a rule's error action does not cover: SQL that fails, rules that are gone, throttling; and what it did cover. */
  private ingestionAlarms(): Record<string, AlarmSpec> {
    const lost = 'what devices publish is acknowledged to them and lost';
    const ofRule = (metricName: string): Record<string, AlarmSpec> =>
      Object.fromEntries(
        MESSAGE_KINDS.map((kind) => [
          `${kind.construct}${metricName}`,
          {
            metric: metric('AWS/IoT', metricName, { RuleName: ruleName(this.settings.stage, kind) }, Stats.SUM),
            above: 0,
            periods: 1,
            impact: lost,
            runbook: 'topic-rules.md' as const,
          },
        ]),
      );
    return {
      ...ofRule('ParseError'),
      ...ofRule('RuleNotFound'),
      ...ofRule('RuleMessageThrottled'),
      RuleFailures: {
        metric: metric(
          'AWS/SQS',
          'ApproximateNumberOfMessagesVisible',
          { QueueName: this.wire('ingestion/rule-failures-queue') },
          Stats.MAXIMUM,
        ),
        above: 0,
        periods: 1,
        impact: 'messages of devices wait in a queue instead of the stream and are not stored until replayed',
        runbook: 'topic-rules.md',
      },
      ...Object.fromEntries(
        (['readings', 'telemetry'] as const).map((stream) => [
          `${stream}-throttled`,
          {
            metric: metric(
              'AWS/Kinesis',
              'WriteProvisionedThroughputExceeded',
              { StreamName: this.wire(`ingestion/${stream}-stream`) },
              Stats.SUM,
            ),
            above: 0,
            periods: 5,
            impact: `${stream} arrive faster than the stream takes them; rules retry, then give up`,
            runbook: 'stream-throttled.md' as const,
          },
        ]),
      ),
    };
  }

  private processingAlarms(): Record<string, AlarmSpec> {
    const ofFunction = (metricName: string, name: string, statistic: string) =>
      metric('AWS/Lambda', metricName, { FunctionName: name }, statistic);
    const consumers = {
      readings: this.wire('processing/store-readings-function'),
      telemetry: this.wire('processing/store-telemetry-function'),
    };
    const lag = Object.entries(consumers).flatMap(([stream, name]): [string, AlarmSpec][] => [
      [
        `${stream}-lag`,
        {
          metric: ofFunction('IteratorAge', name, Stats.MAXIMUM),
          above: 60_000,
          periods: 5,
          impact: `${stream} on the dashboard are more than a minute old`,
          runbook: 'stream-lag.md',
        },
      ],
      [
        `${stream}-expiring`,
        {
          // Two days before the age at which retries end and records go to the failure bucket.
          metric: ofFunction('IteratorAge', name, Stats.MAXIMUM),
          above: 5 * 24 * 3_600_000,
          periods: 1,
          impact: `unless the store recovers within two days, ${stream} leave the stream unstored`,
          runbook: 'stream-lag.md',
        },
      ],
    ]);
    return {
      ...Object.fromEntries(lag),
      ...Object.fromEntries(
        CONSUMERS.map((service) => [
          `${service}-quarantines`,
          {
            metric: quarantined(service),
            // A few are always wrong somewhere; this many are a device model, a head-end system or a missing topology.
            above: 20,
            periods: 5,
            impact: 'messages of some devices are set aside with their reasons instead of being stored',
            runbook: 'quarantine.md' as const,
          },
        ]),
      ),
      QuarantineDeep: {
        metric: metric('SmartGrid', 'QuarantineOpen', { service: 'watch-quarantine' }, Stats.MAXIMUM),
        above: 1_000,
        periods: 1,
        impact: 'readings of many devices wait in quarantine and are missing everywhere until somebody looks',
        runbook: 'quarantine.md',
      },
      QuarantineOld: {
        metric: metric('SmartGrid', 'QuarantineOldestHours', { service: 'watch-quarantine' }, Stats.MAXIMUM),
        above: 48,
        periods: 1,
        impact: 'readings that nobody has looked at for two days may miss their billing run',
        runbook: 'quarantine.md',
      },
      SettingsUnpublished: {
        metric: ofFunction('Errors', this.wire('settings/publish-settings-function'), Stats.SUM),
        above: 0,
        periods: 10,
        impact: 'what operators set does not come into force; what was in force before stays so',
        runbook: 'settings.md',
      },
      SettingsRefused: {
        metric: metric('SmartGrid', 'SettingsRefused', { service: 'publish-settings' }, Stats.SUM),
        above: 0,
        periods: 1,
        impact: 'what an operator deployed breaks the contract and is not in force',
        runbook: 'settings.md',
      },
      QuarantineUnwatched: {
        metric: ofFunction('Errors', this.wire('processing/watch-quarantine-function'), Stats.SUM),
        above: 0,
        periods: 15,
        impact: 'failed batches are not listed, and depth and age of the quarantine are not known',
        runbook: 'quarantine.md',
      },
      ModelFallsBack: {
        metric: metric('SmartGrid', 'ForecastsFellBack', { service: 'ask-forecast-model' }, Stats.SUM),
        above: 0,
        periods: 1,
        impact: 'forecasts come from past weeks instead of the model, and say so',
        runbook: 'models.md',
      },
      CompactionFails: {
        metric: ofFunction('Errors', this.wire('processing/compact-readings-function'), Stats.SUM),
        above: 0,
        periods: 10,
        impact: 'reads slow down as uncompacted readings pile up; none is lost',
        runbook: 'compaction.md',
      },
      AggregationFails: {
        metric: ofFunction('Errors', this.wire('processing/aggregate-windows-function'), Stats.SUM),
        above: 0,
        periods: 10,
        impact:
          'sums over feeders, regions and the system are slow, as they are made anew for each question; none is wrong',
        runbook: 'windows.md',
      },
      ScoringFails: {
        metric: ofFunction('Errors', this.wire('processing/score-readings-function'), Stats.SUM),
        above: 0,
        periods: 10,
        impact: 'what is unusual about meters is found late; readings wait for it and none is left out',
        runbook: 'anomalies.md',
      },
      AnomalyFlood: {
        metric: metric('SmartGrid', 'AnomaliesFound', { service: 'score-readings' }, Stats.SUM),
        above: 500,
        periods: 5,
        impact: 'many meters are unusual at once: the inbox fills, and alerts tell of the most unusual alone',
        runbook: 'anomalies.md',
      },
      SensorScoringFails: {
        metric: metric(
          'AWS/States',
          'ExecutionsFailed',
          { StateMachineArn: this.wire('intelligence/sensor-scoring-machine') },
          Stats.SUM,
        ),
        above: 0,
        periods: 1,
        impact: 'what is unusual about sensors is found late; samples are stored and wait for it',
        runbook: 'anomalies.md',
      },
      AlertingFails: {
        metric: metric('AWS/States', 'ExecutionsFailed', { StateMachineArn: this.wire('alerts/machine') }, Stats.SUM),
        above: 0,
        periods: 5,
        impact: 'nobody is told of anomalies; they wait and are in the inbox',
        runbook: 'anomalies.md',
      },
      OutageDetectionFails: {
        metric: ofFunction('Errors', this.wire('processing/detect-outages-function'), Stats.SUM),
        above: 0,
        periods: 5,
        impact: 'the outage list is stale: new outages and restorations do not show',
        runbook: 'outages.md',
      },
    };
  }

  private serviceAlarms(): Record<string, AlarmSpec> {
    const ofApi = (metricName: string, statistic: string) =>
      metric('AWS/ApiGateway', metricName, { ApiName: this.wire('api/name'), Stage: API_VERSION }, statistic);
    return {
      ApiFails: {
        metric: ofApi('5XXError', Stats.SUM),
        above: 5,
        periods: 3,
        impact: 'people see errors on the dashboard',
        runbook: 'api.md',
      },
      ApiSlow: {
        metric: ofApi('Latency', 'p99'),
        above: 5_000,
        periods: 5,
        impact: 'the dashboard is slow',
        runbook: 'api.md',
      },
      DatabaseFull: {
        metric: metric(
          'AWS/RDS',
          'ACUUtilization',
          { DBClusterIdentifier: this.wire('storage/database-cluster-id') },
          Stats.AVERAGE,
        ),
        above: 90,
        periods: 15,
        impact: 'storing and reading slow down together; the streams buffer what arrives',
        runbook: 'database.md',
      },
    };
  }

  private dashboard(): void {
    const stream = (metricName: string, of: 'readings' | 'telemetry') =>
      metric('AWS/Kinesis', metricName, { StreamName: this.wire(`ingestion/${of}-stream`) }, Stats.SUM);
    const both = (metricName: string) => [stream(metricName, 'readings'), stream(metricName, 'telemetry')];
    const functions = ['store-readings', 'store-telemetry', 'compact-readings', 'aggregate-windows'] as const;
    const each = (metricName: string, statistic: string) =>
      functions.map((name) =>
        metric('AWS/Lambda', metricName, { FunctionName: this.wire(`processing/${name}-function`) }, statistic),
      );
    const ofApi = (metricName: string, statistic: string) =>
      metric('AWS/ApiGateway', metricName, { ApiName: this.wire('api/name'), Stage: API_VERSION }, statistic);
    const cluster = { DBClusterIdentifier: this.wire('storage/database-cluster-id') };
    new Dashboard(this, 'Dashboard', { dashboardName: `smart-grid-${this.settings.stage}` }).addWidgets(
      new TextWidget({
        markdown: `# Smart grid ${this.settings.stage}\nFrom device to dashboard, in the order of the data's flow.`,
        width: 24,
        height: 2,
      }),
      graph('Arriving records', both('IncomingRecords')),
      graph('Refused by the streams', both('WriteProvisionedThroughputExceeded')),
      graph('Age of the oldest record (ms)', each('IteratorAge', Stats.MAXIMUM).slice(0, 2)),
      graph('Function errors', each('Errors', Stats.SUM)),
      graph('Function duration p99 (ms)', each('Duration', 'p99')),
      graph('Messages in quarantine', CONSUMERS.map(quarantined)),
      graph('Anomalies found and told of', [
        metric('SmartGrid', 'AnomaliesFound', { service: 'score-readings' }, Stats.SUM),
        metric('SmartGrid', 'AnomaliesFound', { service: 'score-sensors' }, Stats.SUM),
        metric('SmartGrid', 'AnomalyAlerts', { service: 'choose-alerts' }, Stats.SUM),
      ]),
      graph('API requests and failures', [
        ofApi('Count', Stats.SUM),
        ofApi('4XXError', Stats.SUM),
        ofApi('5XXError', Stats.SUM),
      ]),
      graph('API latency p99 (ms)', [ofApi('Latency', 'p99')]),
      graph('Database capacity used (%)', [metric('AWS/RDS', 'ACUUtilization', cluster, Stats.AVERAGE)]),
      graph('Database connections', [metric('AWS/RDS', 'DatabaseConnections', cluster, Stats.MAXIMUM)]),
    );
  }
}

/** Functions that set bad messages aside, by their Powertools service name. */
const CONSUMERS = ['store-readings', 'store-telemetry'] as const;

/** Messages set aside, as the functions count them. */
const quarantined = (service: (typeof CONSUMERS)[number]): Metric =>
  metric('SmartGrid', 'MessagesQuarantined', { service }, Stats.SUM);

const metric = (
  namespace: string,
  metricName: string,
  dimensionsMap: Record<string, string>,
  statistic: string,
): Metric => new Metric({ namespace, metricName, dimensionsMap, statistic, period: ALARM_PERIOD });

const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 8, height: 6 });
