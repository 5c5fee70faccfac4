/** Where sensor telemetry is stored. Timestream for LiveAnalytics admits no new customers since 2025-06-20. */
export const TELEMETRY_STORES = ['timestream', 'postgres'] as const;
export type TelemetryStore = (typeof TELEMETRY_STORES)[number];

/** Everything in which one stage differs from another. */
export interface StageSettings {
  /** Prefix of rule names, stack names and parameters. Lower-case letters and digits, 2 to 8: it must fit a rule name. */
  readonly stage: string;
  readonly telemetryStore: TelemetryStore;
  /** IANA zone of the grid, in which its days and months are meant. */
  readonly timeZone: string;
  /** Data outlives the stack: deletion protection, retained stores, a final snapshot of the database. */
  readonly retainData: boolean;
  /** `onDemand`, or a number of provisioned shards per stream. */
  readonly shards: { readonly readings: number | 'onDemand'; readonly telemetry: number | 'onDemand' };
  /** Concurrent invocations per shard (1 to 10). */
  readonly parallelization: number;
  readonly database: {
    /** Aurora capacity units. 0 lets the cluster pause when nothing is connected. */
    readonly minCapacity: number;
    readonly maxCapacity: number;
    readonly readers: number;
    readonly backupRetentionDays: number;
  };
  readonly timestream: {
    /** At least the maximum lateness of a sample, or it goes the slow way through the magnetic store. Hours. */
    readonly memoryHours: number;
    readonly magneticDays: number;
  };
  /** Days. One of the values CloudWatch Logs accepts. */
  readonly logRetentionDays: 7 | 30 | 365;
  readonly logLevel: 'DEBUG' | 'INFO' | 'WARN';
  /**
   * Reserved concurrency of each function that serves the API, a bound on database connections. Undefined leaves the
   * account's pool to all: an account whose quota is still 10 cannot reserve any.
   */
  readonly apiConcurrency: number | undefined;
  /** `second-person`: an edited reading counts only when somebody else has approved it. */
  readonly editApproval: 'none' | 'second-person';
  /** How models are served. Serverless costs nothing while nobody asks and knows no canary; real time does, on two instances and more. */
  readonly inference:
    | {
        readonly mode: 'serverless';
        readonly memoryMb: 1024 | 2048 | 3072 | 4096 | 5120 | 6144;
        readonly maxConcurrency: number;
      }
    | { readonly mode: 'realTime'; readonly instanceType: `ml.${string}`; readonly instances: number };
  /** Whether every meter is forecast each hour, beside what meters hang on. Costs a millisecond of the endpoint per meter and hour. */
  readonly meterForecasts: boolean;
  /** How long a new version of a model gets half of the traffic before it gets all, s. Its alarms look every ten seconds. */
  readonly canarySeconds: number;
  /** How long alarms can still call it back after it has all of the traffic, s. */
  readonly settleSeconds: number;
  /** SageMaker instance of training jobs. */
  readonly trainingInstanceType: `ml.${string}`;
  /** Second factor at sign-in. `required` asks every person for a one-time password from an authenticator app. */
  readonly mfa: 'required' | 'optional' | 'off';
  /** Web addresses beside the deployed one that the dashboard may sign in from. */
  readonly extraWebOrigins: readonly string[];
  /** Subscribed to the alarm topic; each address has to confirm by the link it is sent. */
  readonly alarmEmails: readonly string[];
  /** Told of anomalies, in the same way. */
  readonly alertEmails: readonly string[];
  /** A budget alarm at 80 % of this (forecast) and at 100 % (actual). Undefined: none. USD a month. */
  readonly monthlyBudgetUsd: number | undefined;
}

type Preset = Omit<StageSettings, 'stage' | 'telemetryStore'>;

const small: Preset = {
  timeZone: 'Australia/Sydney',
  retainData: false,
  shards: { readings: 2, telemetry: 2 },
  parallelization: 1,
  database: { minCapacity: 0, maxCapacity: 2, readers: 0, backupRetentionDays: 1 },
  timestream: { memoryHours: 24 * 7, magneticDays: 365 },
  logRetentionDays: 7,
  logLevel: 'INFO',
  apiConcurrency: undefined,
  editApproval: 'none',
  inference: { mode: 'serverless', memoryMb: 2048, maxConcurrency: 5 },
  meterForecasts: true,
  canarySeconds: 600,
  settleSeconds: 600,
  trainingInstanceType: 'ml.m5.large',
  mfa: 'optional',
  extraWebOrigins: [],
  alarmEmails: [],
  alertEmails: [],
  monthlyBudgetUsd: 100,
};

const PRESETS: Readonly<Record<string, Preset>> = {
  // Replays of recorded data keep their own dates, years back: the longest retention Timestream has.
  local: {
    ...small,
    inference: { mode: 'realTime', instanceType: 'ml.c5.large', instances: 2 },
    canarySeconds: 25,
    settleSeconds: 0,
    mfa: 'off',
    monthlyBudgetUsd: undefined,
    timestream: { memoryHours: 24 * 7, magneticDays: 73_000 },
  },
  dev: small,
  prod: {
    ...small,
    retainData: true,
    meterForecasts: false,
    shards: { readings: 'onDemand', telemetry: 'onDemand' },
    parallelization: 4,
    database: { minCapacity: 1, maxCapacity: 32, readers: 1, backupRetentionDays: 35 },
    timestream: { memoryHours: 24 * 7, magneticDays: 365 * 7 },
    logRetentionDays: 365,
    inference: { mode: 'realTime', instanceType: 'ml.c5.large', instances: 2 },
    apiConcurrency: 40,
    editApproval: 'second-person',
    mfa: 'required',
    monthlyBudgetUsd: 2_000,
  },
};

/** Settings that a deployment gives from outside, by CDK context (`cdk.context.json`, `-c`). */
export interface StageContext {
  readonly stage?: unknown;
  /** By stage, as `npm run preflight` writes it: `{ "dev": { "telemetryStore": "postgres", "alarmEmails": ["…"] } }`. */
  readonly stages?: unknown;
}

const OVERRIDABLE = [
  'timeZone',
  'telemetryStore',
  'alarmEmails',
  'alertEmails',
  'monthlyBudgetUsd',
  'extraWebOrigins',
  'mfa',
  'editApproval',
  'apiConcurrency',
  'inference',
];

/**
 * The settings of the stage named in the context (`local` if none is).
 * @throws Error that says what to do: unknown stage, unknown override, or no telemetry store chosen for a deployment.
 */
export function stageSettings(context: StageContext): StageSettings {
  const stage = typeof context.stage === 'string' ? context.stage : 'local';
  const preset = PRESETS[stage];
  if (!preset) throw new Error(`Unknown stage "${stage}"; lib/config/stages.ts has ${Object.keys(PRESETS).join(', ')}`);
  const overrides = overridesOf(stage, context.stages);
  const telemetryStore = stage === 'local' ? (overrides.telemetryStore ?? 'timestream') : overrides.telemetryStore;
  if (!isTelemetryStore(telemetryStore)) {
    throw new Error(
      `Stage "${stage}" has no telemetryStore (${TELEMETRY_STORES.join(' or ')}): not every account may use Timestream. ` +
        `Run \`npm run preflight -- --stage ${stage}\`, which finds out and writes it to cdk.context.json.`,
    );
  }
  return { ...preset, ...overrides, stage, telemetryStore };
}

function overridesOf(stage: string, stages: unknown): Partial<StageSettings> {
  if (typeof stages !== 'object' || stages === null) return {};
  const own = (stages as Record<string, unknown>)[stage] ?? {};
  const unknown = Object.keys(own).filter((key) => !OVERRIDABLE.includes(key));
  if (unknown.length > 0) {
    throw new Error(`Context stages.${stage} has ${unknown.join(', ')}; it may set ${OVERRIDABLE.join(', ')}`);
  }
  return own as Partial<StageSettings>;
}

function isTelemetryStore(value: unknown): value is TelemetryStore {
  return TELEMETRY_STORES.some((store) => store === value);
}
