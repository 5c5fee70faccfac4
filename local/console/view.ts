/** What the console's page is sent; plain data. Rates are per minute over the last five, durations ms. */
export interface View {
  time: number;
  stage: string;
  region: string;
  links: { name: string; href: string }[];
  devices: number | null;
  rules: RuleView[];
  streams: StreamView[];
  functions: FunctionView[];
  tables: { name: string; kind: string; detail: string }[];
  alarms: AlarmRow[];
  dashboards: { name: string; widgets: WidgetView[] }[];
  counts: { type: string; count: number }[];
}

export interface RuleView {
  name: string;
  sql: string;
  /** Stream it puts into, if that is what it does. */
  stream: string | null;
  matchesPerMinute: number;
  failures: number;
}

export interface StreamView {
  name: string;
  label: string;
  shards: { id: string; records: number }[];
  recordsPerMinute: number;
  /** Age of the oldest record not yet worked on, over its consumers; null without data. */
  lagMs: number | null;
  consumers: string[];
}

export interface FunctionView {
  name: string;
  /** Last part of its path, for people. */
  label: string;
  invocationsPerMinute: number;
  invocations: number;
  errors: number;
  p50Ms: number | null;
  p99Ms: number | null;
  /** Stores its environment names. */
  stores: string[];
  /** What its role allows, and whether anything has been allowed by it since the start. */
  grants: { sid: string; used: boolean }[];
  consumes: boolean;
  serves: boolean;
}

export interface AlarmRow {
  name: string;
  state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  since: number;
  impact: string;
  runbook: string | null;
  values: (number | null)[];
  threshold: number;
}

export interface WidgetView {
  title: string;
  markdown: string | null;
  width: number;
  lines: { label: string; points: [number, number][] }[];
}

/** One message on its way, each step with what is known of it. */
export interface MessagePath {
  traceId: string;
  steps: { name: string; title: string; detail: string; time: number | null }[];
}
