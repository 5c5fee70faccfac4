import { generatedName } from '../kernel/names.ts';
import { listAt, textAt } from '../kernel/properties.ts';
import type { Cloud, Principal, Provider } from '../kernel/types.ts';
import { parseSchedule, type Schedule } from './schedule-expression.ts';

interface Entry {
  name: string;
  schedule: Schedule;
  targets: { arn: string; input: unknown; as: Principal }[];
}

/** EventBridge rules and Scheduler schedules on rate(…) or cron(…), which call functions as the principal that AWS uses. */
export function events(): { providers: Provider[] } {
  const entries: Entry[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;

  const rules: Provider = {
    types: {
      'AWS::Events::Rule': {
        honours: ['Name', 'ScheduleExpression', 'State', 'Targets'],
        passesOver: { Description: 'words for people', Tags: 'no meaning here' },
      },
    },
    async create(resource, cloud) {
      const { properties } = resource;
      const name = textAt(properties, 'Name') ?? generatedName(resource, { most: 64 });
      const arn = cloud.arn('events', `rule/${name}`);
      const expression = textAt(properties, 'ScheduleExpression');
      if (expression === undefined) throw new Error('rules on event patterns are not run here');
      if (properties.State !== 'DISABLED') {
        const targets = listAt(properties, 'Targets').map((target) => ({
          arn: targetArn(textAt(target, 'Arn')),
          input: inputOf(textAt(target, 'Input'), name),
          as: callerOf(cloud, target, arn),
        }));
        entries.push({ name, schedule: parseSchedule(expression), targets });
      }
      return { physicalId: name, attributes: { Arn: arn } };
    },
    async start(cloud) {
      for (const entry of entries) plan(cloud, entry);
    },
    async stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };

  const schedules: Provider = {
    types: {
      'AWS::Scheduler::Schedule': {
        honours: ['Name', 'GroupName', 'ScheduleExpression', 'State', 'Target'],
        passesOver: {
          FlexibleTimeWindow: 'fires at the start of its window',
          Description: 'words for people',
          ScheduleExpressionTimezone: 'UTC is honoured; any other refuses',
        },
      },
    },
    async create(resource, cloud) {
      const { properties } = resource;
      const zone = textAt(properties, 'ScheduleExpressionTimezone');
      if (zone !== undefined && zone !== 'UTC' && zone !== 'Etc/UTC')
        throw new Error(`the time zone ${zone} is not known here`);
      const name = textAt(properties, 'Name') ?? generatedName(resource, { most: 64 });
      const arn = cloud.arn('scheduler', `schedule/${textAt(properties, 'GroupName') ?? 'default'}/${name}`);
      if (properties.State !== 'DISABLED') {
        const as = cloud.assumeRole(String(textAt(properties, 'Target', 'RoleArn')), 'scheduler.amazonaws.com', arn);
        const target = {
          arn: targetArn(textAt(properties, 'Target', 'Arn')),
          input: inputOf(textAt(properties, 'Target', 'Input'), name),
          as,
        };
        entries.push({ name, schedule: parseSchedule(String(properties.ScheduleExpression)), targets: [target] });
      }
      return { physicalId: name, attributes: { Arn: arn } };
    },
  };

  /** Waits for the next time. A tick whose predecessor still runs is not skipped: AWS would start it too. */
  const plan = (cloud: Cloud, entry: Entry): void => {
    if (stopped) return;
    const due = entry.schedule.next(cloud.clock());
    if (due === Number.POSITIVE_INFINITY) return;
    // setTimeout holds at most 2^31 ms; a later time is looked at again then.
    const wait = Math.min(due - cloud.clock(), 2 ** 31 - 1);
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (cloud.clock() >= due) fire(cloud, entry);
      plan(cloud, entry);
    }, wait);
    timer.unref();
    timers.add(timer);
  };
  return { providers: [rules, schedules] };
}

/** EventBridge calls functions as itself, state machines as the role of the target. */
function callerOf(cloud: Cloud, target: unknown, ruleArn: string): Principal {
  const role = textAt(target, 'RoleArn');
  return role === undefined
    ? { kind: 'service', service: 'events.amazonaws.com', sourceArn: ruleArn }
    : cloud.assumeRole(role, 'events.amazonaws.com', ruleArn);
}

function fire(cloud: Cloud, { name, targets }: Entry): void {
  for (const { arn, input, as } of targets) {
    if (arn.startsWith('arn:aws:states:')) {
      cloud.authorise({ principal: as, action: 'states:StartExecution', resource: arn });
      cloud.shared.startExecution?.(arn, input);
      continue;
    }
    cloud.invoke(arn, input, as, { async: true }).catch((error: unknown) => {
      cloud.log({ source: 'events', time: cloud.clock(), text: `${name} could not start ${arn}: ${String(error)}` });
    });
  }
}

function targetArn(arn: string | undefined): string {
  if (!arn || !/^arn:aws:(lambda|states):/.test(arn))
    throw new Error(`the target ${arn} is neither a function nor a state machine: not called here`);
  return arn;
}

const inputOf = (text: string | undefined, name: string): unknown =>
  text === undefined
    ? { source: 'aws.events', 'detail-type': 'Scheduled Event', resources: [name], detail: {} }
    : JSON.parse(text);
