import { generatedName } from '../kernel/names.ts';
import { listAt, textAt } from '../kernel/properties.ts';
import type { AwsService, Cloud, LogLine, Provider, Resource } from '../kernel/types.ts';
import { type AlarmState, alarmState } from './alarm.ts';
import { type MetricSeries, MetricStore } from './metric-store.ts';
import { xrayService } from './xray.ts';

export interface AlarmView {
  name: string;
  path: string;
  description: string;
  state: AlarmState;
  /** ms since the epoch. */
  since: number;
  /** Newest first; null where there was no data. */
  values: (number | null)[];
  threshold: number;
}

declare module '../kernel/types.ts' {
  interface Shared {
    metrics?: (statistic?: string) => MetricSeries[];
    alarms?: () => AlarmView[];
    /** Newest last. @param filter text that a line, its source or its request id contains */
    logs?: (filter?: { source?: string; text?: string; limit?: number }) => LogLine[];
    /** X-Ray segment documents, newest last. @param traceId one trace only */
    traces?: (traceId?: string) => Record<string, unknown>[];
    resources?: () => readonly Resource[];
    /** Dashboards with their bodies as templates give them. */
    dashboards?: () => { name: string; body: unknown }[];
  }
}

/** How often alarms look, ms; CloudWatch does so every minute or every ten seconds. */
const EVALUATION_MS = 10_000;
const KEPT_LINES = 20_000;
const KEPT_SEGMENTS = 5_000;
const inert = { Tags: 'no meaning here' };

/** A list that forgets its oldest tenth when full: shifting one by one would cost each line the whole list. */
class Recent<T> {
  items: T[] = [];
  readonly #most: number;
  constructor(most: number) {
    this.#most = most;
  }
  add(item: T): void {
    this.items.push(item);
    if (this.items.length > this.#most) this.items = this.items.slice(-Math.floor(this.#most * 0.9));
  }
}

/** CloudWatch: metrics, alarms with their actions, dashboards, log groups; and X-Ray's segments. */
export function cloudwatch(): { providers: Provider[]; services(cloud: Cloud): AwsService[] } {
  const store = new MetricStore();
  const states = new Map<string, { state: AlarmState; since: number; values: (number | undefined)[] }>();
  let timer: NodeJS.Timeout | undefined;

  const alarms: Provider = {
    types: {
      'AWS::CloudWatch::Alarm': {
        honours: [
          'AlarmName',
          'AlarmDescription',
          'AlarmActions',
          'OKActions',
          'InsufficientDataActions',
          'ActionsEnabled',
          'ComparisonOperator',
          'Dimensions',
          'EvaluationPeriods',
          'DatapointsToAlarm',
          'MetricName',
          'Namespace',
          'Period',
          'Statistic',
          'ExtendedStatistic',
          'Threshold',
          'TreatMissingData',
          'Metrics',
        ],
        passesOver: { ...inert, Unit: 'metrics here have one unit each' },
      },
    },
    async create(resource, cloud) {
      const name = textAt(resource.properties, 'AlarmName') ?? generatedName(resource, { most: 255 });
      const probe: Resource = { ...resource, physicalId: name, attributes: {} };
      alarmState(probe, store, cloud.clock(), 'INSUFFICIENT_DATA'); // throws now, not at the first breach, on what it cannot evaluate
      states.set(name, { state: 'INSUFFICIENT_DATA', since: cloud.clock(), values: [] });
      return { physicalId: name, attributes: { Arn: cloud.arn('cloudwatch', `alarm:${name}`) } };
    },
    async start(cloud) {
      timer = setInterval(() => evaluate(cloud), EVALUATION_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
    },
  };

  const evaluate = (cloud: Cloud): void => {
    const now = cloud.clock();
    for (const alarm of cloud.resourcesOf('AWS::CloudWatch::Alarm')) {
      const before = states.get(alarm.physicalId) ?? { state: 'INSUFFICIENT_DATA' as const, since: now, values: [] };
      const { state, values } = alarmState(alarm, store, now, before.state);
      states.set(alarm.physicalId, { state, since: state === before.state ? before.since : now, values });
      if (state !== before.state) act(cloud, alarm, before.state, state);
    }
  };

  const act = (cloud: Cloud, alarm: Resource, before: AlarmState, state: AlarmState): void => {
    cloud.log({
      source: 'cloudwatch',
      time: cloud.clock(),
      text: `alarm ${alarm.path || alarm.physicalId}: ${before} → ${state}`,
    });
    if (textAt(alarm.properties, 'ActionsEnabled') === 'false') return;
    const property = { ALARM: 'AlarmActions', OK: 'OKActions', INSUFFICIENT_DATA: 'InsufficientDataActions' }[state];
    for (const action of listAt(alarm.properties, property).map(String)) {
      if (!action.startsWith('arn:aws:sns:')) continue;
      const sourceArn = String(alarm.attributes.Arn);
      const as = { kind: 'service' as const, service: 'cloudwatch.amazonaws.com', sourceArn };
      const message = {
        AlarmName: alarm.physicalId,
        AlarmDescription: textAt(alarm.properties, 'AlarmDescription'),
        NewStateValue: state,
        OldStateValue: before,
        StateChangeTime: new Date(cloud.clock()).toISOString(),
      };
      try {
        cloud.authorise({ principal: as, action: 'sns:Publish', resource: action });
        cloud.shared.publish?.(action, `${state}: ${alarm.physicalId}`, JSON.stringify(message));
      } catch (error) {
        cloud.log({
          source: 'cloudwatch',
          time: cloud.clock(),
          text: `${alarm.physicalId} cannot tell ${action}: ${String(error)}`,
        });
      }
    }
  };

  const logGroups: Provider = {
    types: {
      'AWS::Logs::LogGroup': {
        honours: ['LogGroupName'],
        passesOver: {
          ...inert,
          RetentionInDays: 'the last lines are kept in memory',
          KmsKeyId: 'nothing is written to disk',
          LogGroupClass: 'a price class',
          DataProtectionPolicy: 'nothing leaves the machine',
        },
      },
      'AWS::Logs::LogStream': { honours: ['LogGroupName', 'LogStreamName'] },
      'AWS::Logs::QueryDefinition': {
        honours: ['Name'],
        passesOver: { QueryString: 'for the AWS console', LogGroupNames: 'for the AWS console' },
      },
    },
    async create(resource, cloud) {
      const { properties, type } = resource;
      const name =
        textAt(properties, 'LogGroupName') ?? textAt(properties, 'Name') ?? generatedName(resource, { most: 255 });
      if (type === 'AWS::Logs::LogGroup') {
        return { physicalId: name, attributes: { Arn: cloud.arn('logs', `log-group:${name}:*`) } };
      }
      return {
        physicalId:
          type === 'AWS::Logs::LogStream' ? (textAt(properties, 'LogStreamName') ?? generatedName(resource)) : name,
      };
    },
  };

  const dashboards: Provider = {
    types: { 'AWS::CloudWatch::Dashboard': { honours: ['DashboardName', 'DashboardBody'], passesOver: inert } },
    async create(resource) {
      return { physicalId: textAt(resource.properties, 'DashboardName') ?? generatedName(resource, { most: 255 }) };
    },
  };

  const services = (cloud: Cloud): AwsService[] => {
    const lines = new Recent<LogLine>(KEPT_LINES);
    const segments = new Recent<Record<string, unknown>>(KEPT_SEGMENTS);
    cloud.events.on('log', (line) => lines.add(line));
    cloud.events.on('segment', (document) => segments.add(document));
    cloud.events.on('metric', (datum) => store.add(datum));
    const { shared } = cloud;
    shared.metrics = (statistic) => store.all(statistic);
    shared.logs = ({ source, text, limit = 500 } = {}) =>
      lines.items
        .filter(
          (line) =>
            (source === undefined || line.source === source) &&
            (text === undefined || `${line.requestId ?? ''} ${line.text}`.includes(text)),
        )
        .slice(-limit);
    shared.traces = (traceId) =>
      segments.items.filter((segment) => traceId === undefined || segment.trace_id === traceId);
    shared.resources = () => cloud.resources;
    shared.alarmState = (wanted) => {
      const alarm = cloud.resourcesOf('AWS::CloudWatch::Alarm').find(({ physicalId }) => physicalId === wanted);
      return alarm && alarmState(alarm, store, cloud.clock(), states.get(wanted)?.state ?? 'OK').state;
    };
    shared.alarms = () =>
      cloud.resourcesOf('AWS::CloudWatch::Alarm').map((alarm) => {
        const { state, since, values } = states.get(alarm.physicalId) ?? {
          state: 'INSUFFICIENT_DATA' as const,
          since: 0,
          values: [],
        };
        return {
          name: alarm.physicalId,
          path: alarm.path,
          description: textAt(alarm.properties, 'AlarmDescription') ?? '',
          state,
          since,
          values: values.map((value) => value ?? null),
          threshold: Number(alarm.properties.Threshold),
        };
      });
    shared.dashboards = () =>
      cloud.resourcesOf('AWS::CloudWatch::Dashboard').map(({ physicalId, properties }) => ({
        name: physicalId,
        body:
          typeof properties.DashboardBody === 'string'
            ? (JSON.parse(properties.DashboardBody) as unknown)
            : properties.DashboardBody,
      }));
    return [xrayService(cloud)];
  };
  return { providers: [alarms, logGroups, dashboards], services };
}
