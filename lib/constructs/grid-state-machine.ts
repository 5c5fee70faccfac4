import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import { grantedRole } from './granted-role.ts';
import type { Grant } from './grid-function.ts';

const MACHINES = resolve(import.meta.dirname, '../../state-machines');

export interface GridStateMachineProps {
  readonly settings: StageSettings;
  /** Folder below `state-machines/`. */
  readonly name: string;
  readonly dataKeyArn: string;
  /** What stands for `${Name}` in the definition: a text anywhere in one, or a whole value. `undefined` leaves the field out. */
  readonly substitutions: Readonly<Record<string, unknown>>;
  /** What its tasks do; hand-written definitions get no grants from the CDK. */
  readonly grants: readonly Grant[];
}

/** A state machine from its hand-written definition, logged whole, traced, with exactly the grants it was given. */
export class GridStateMachine extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { settings, name, ...props }: GridStateMachineProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      encryptionKey: Key.fromKeyArn(this, 'DataKey', props.dataKeyArn),
      retention: settings.logRetentionDays as RetentionDays,
      removalPolicy: settings.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const grants = [...BASE_GRANTS, ...props.grants];
    const role = grantedRole(this, { service: 'states.amazonaws.com', grants });
    const definition: unknown = JSON.parse(readFileSync(join(MACHINES, name, 'definition.asl.json'), 'utf8'));
    const machine = new CfnStateMachine(this, 'Machine', {
      definitionString: Stack.of(this).toJsonString(substituted(definition, props.substitutions, name)),
      roleArn: role.roleArn,
      stateMachineType: 'STANDARD',
      tracingConfiguration: { enabled: true },
      loggingConfiguration: {
        level: 'ALL',
        includeExecutionData: false,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logGroup.logGroupArn } }],
      },
    });
    machine.node.addDependency(role);
    this.arn = machine.attrArn;
  }
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html and https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html */
const BASE_GRANTS: readonly Grant[] = [
  {
    sid: 'LogAndTrace',
    actions: [
      'logs:CreateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:DescribeLogGroups',
      'logs:DescribeResourcePolicies',
      'logs:GetLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:UpdateLogDelivery',
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ],
    resources: ['*'],
    wildcardReason: 'Log deliveries and X-Ray have no resource to name in these actions',
  },
];

/** @throws for a placeholder that nothing stands for, and for a substitution that nothing uses. */
function substituted(definition: unknown, substitutions: Readonly<Record<string, unknown>>, name: string): unknown {
  const used = new Set<string>();
  const standsFor = (key: string): unknown => {
    if (!Object.hasOwn(substitutions, key)) throw new Error(`state-machines/${name} asks for ${key}`);
    used.add(key);
    return substitutions[key];
  };
  const replaced = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const whole = /^\$\{(\w+)\}$/.exec(value)?.[1];
      if (whole !== undefined) return standsFor(whole);
      return value.replaceAll(/\$\{(\w+)\}/g, (_, key: string) => {
        const text = standsFor(key);
        if (typeof text !== 'string' || Token.isUnresolved(text) !== text.includes('${'))
          throw new Error(`${key} is no text to stand inside another`);
        return text;
      });
    }
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, item]) => [key, replaced(item)] as const);
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
  };
  const result = replaced(definition);
  const unused = Object.keys(substitutions).filter((key) => !used.has(key));
  if (unused.length > 0) throw new Error(`state-machines/${name} does not use ${unused.join(', ')}`);
  return result;
}
