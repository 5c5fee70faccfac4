import { AwsFailure, type Cloud, type PendingResource } from '../kernel/types.ts';
import { type ActionSurroundings, buildAction, newTraceId, type RuleAction } from './actions.ts';
import { basicIngest } from './limits.ts';
import type { IotMetrics } from './metrics.ts';
import { type CompiledRule, compileRule, PayloadNotJson } from './sql/compile.ts';
import type { RuleMessage } from './sql/functions.ts';

const RULE_NAME = /^[A-Za-z0-9_]{1,128}$/;

interface Rule {
  name: string;
  statement: CompiledRule;
  matches(topic: string): boolean;
  actions: RuleAction[];
  errorAction: RuleAction | undefined;
}

interface Failure {
  failedAction: string;
  failedResource: string;
  errorMessage: string;
}

/** What arrived at the broker, before any rule. */
export interface Arrival {
  /** As published, with a Basic Ingest prefix if it had one. */
  topic: string;
  payload: Buffer;
  clientId: string;
  principal: string;
}

/** Neither an action nor the rule's error action kept a message, and the fault is ours: it must not be acknowledged. */
export class NotKept extends Error {}

/** Topic rules: which match, their statements, their actions. */
export class RuleEngine {
  readonly #rules = new Map<string, Rule>();
  readonly #cloud: Cloud;
  readonly #metrics: IotMetrics;

  constructor(cloud: Cloud, metrics: IotMetrics) {
    this.#cloud = cloud;
    this.#metrics = metrics;
  }

  get names(): string[] {
    return [...this.#rules.keys()];
  }

  /** @throws Error for a statement or an action that cannot be honoured, so that a start with such a rule fails loudly */
  declare(resource: PendingResource, name: string, around: Omit<ActionSurroundings, 'cloud'>): void {
    if (!RULE_NAME.test(name)) throw new Error(`topic rule name ${name} is not [A-Za-z0-9_]{1,128}`);
    const payload = lowered(resource.properties.TopicRulePayload) as {
      sql: string;
      actions: Record<string, unknown>[];
      errorAction?: Record<string, unknown>;
      ruleDisabled?: boolean;
    };
    if (payload.ruleDisabled === true) return;
    const surroundings = { cloud: this.#cloud, ...around };
    const statement = compileRule(payload.sql);
    this.#rules.set(name, {
      name,
      statement,
      matches: topicMatcher(statement.topicFilter),
      actions: payload.actions.map((action) => buildAction(action, surroundings)),
      errorAction: payload.errorAction && buildAction(payload.errorAction, surroundings),
    });
  }

  /** Runs every rule of a message. Resolves when all their actions have been taken. @throws NotKept */
  async accept(arrival: Arrival): Promise<void> {
    const direct = basicIngest(arrival.topic);
    const message: RuleMessage = {
      topic: direct?.topic ?? arrival.topic,
      payload: arrival.payload,
      clientId: arrival.clientId,
      principal: arrival.principal,
      receivedAt: this.#cloud.clock(),
      traceId: newTraceId(),
    };
    if (direct) {
      const rule = this.#rules.get(direct.rule);
      if (rule) return this.#run(rule, message, arrival.topic);
      this.#metrics.count('RuleNotFound', 'RuleName', direct.rule);
      return;
    }
    for (const rule of this.#rules.values()) {
      if (rule.matches(message.topic)) await this.#run(rule, message, arrival.topic);
    }
  }

  async #run(rule: Rule, message: RuleMessage, publishedTopic: string): Promise<void> {
    this.#metrics.count('TopicMatch', 'RuleName', rule.name);
    let output: Buffer | undefined;
    try {
      output = rule.statement.evaluate(message);
    } catch (error) {
      // Not a failed action: AWS runs no error action for it, only the metric tells.
      this.#metrics.count('ParseError', 'RuleName', rule.name);
      if (!(error instanceof PayloadNotJson)) this.#log(rule.name, message, error);
      return;
    }
    if (!output) return;
    const failures: Failure[] = [];
    let ours = false;
    for (const action of rule.actions) {
      try {
        await action.run(output, message);
        this.#metrics.count('Success', 'RuleName', rule.name, action.actionType);
      } catch (error) {
        ours ||= !(error instanceof AwsFailure) || error.status >= 500;
        this.#metrics.count('Failure', 'RuleName', rule.name, action.actionType);
        this.#log(rule.name, message, error);
        failures.push({
          failedAction: action.failedAction,
          failedResource: action.resource,
          errorMessage: error instanceof Error ? error.message : String(error),
        });
      }
    }
    if (failures.length > 0) await this.#runErrorAction(rule, message, { publishedTopic, failures, ours });
  }

  /** Payload as in the AWS IoT Core developer guide, "Error handling (error action)". */
  async #runErrorAction(
    rule: Rule,
    message: RuleMessage,
    { publishedTopic, failures, ours }: { publishedTopic: string; failures: Failure[]; ours: boolean },
  ): Promise<void> {
    const report = {
      ruleName: rule.name,
      topic: publishedTopic,
      cloudwatchTraceId: message.traceId,
      clientId: message.clientId,
      base64OriginalPayload: message.payload.toString('base64'),
      failures,
    };
    try {
      if (!rule.errorAction) throw new Error('the rule has no error action');
      await rule.errorAction.run(Buffer.from(JSON.stringify(report)), message);
      this.#metrics.count('ErrorActionSuccess', 'RuleName', rule.name, rule.errorAction.actionType);
    } catch (error) {
      this.#metrics.count('ErrorActionFailure', 'RuleName', rule.name, rule.errorAction?.actionType);
      this.#log(rule.name, message, error);
      if (ours) throw new NotKept(`rule ${rule.name} kept nothing of trace ${message.traceId}`);
    }
  }

  #log(rule: string, message: RuleMessage, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#cloud.log({
      source: 'iot',
      requestId: message.traceId,
      time: message.receivedAt,
      text: `rule ${rule}: ${text}`,
    });
  }
}

/** Tells whether a topic matches a filter with `+` and `#`. */
export function topicMatcher(filter: string): (topic: string) => boolean {
  const levels = filter.split('/');
  const open = levels.at(-1) === '#';
  const fixed = open ? levels.slice(0, -1) : levels;
  return (topic) => {
    const parts = topic.split('/');
    if (topic.startsWith('$') && !filter.startsWith('$')) return false;
    if (open ? parts.length < fixed.length : parts.length !== fixed.length) return false;
    return fixed.every((level, n) => level === '+' || level === parts[n]);
  };
}

/** CloudFormation's `Sql` and the API's `sql` alike. */
function lowered(given: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries((given ?? {}) as Record<string, unknown>).map(([key, one]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      one,
    ]),
  );
}
