/** A kind of message that devices or concentrators publish: its topic, and the stream its rule puts it to. */
export interface MessageKind {
  readonly construct: string;
  /** Last level of the topic. */
  readonly name: string;
  readonly collection: 'meters' | 'sensors' | 'concentrators';
  readonly stream: 'readings' | 'telemetry';
  topic(publisherId: string): string;
}

const kind = (
  construct: string,
  collection: MessageKind['collection'],
  name: string,
  stream: MessageKind['stream'],
): MessageKind => ({
  construct,
  name,
  collection,
  stream,
  topic: (publisherId) => `${collection}/${publisherId}/${name}`,
});

export const MESSAGE_KINDS: readonly MessageKind[] = [
  kind('IntervalReadings', 'meters', 'interval-readings', 'readings'),
  kind('RegisterReads', 'meters', 'register-reads', 'readings'),
  kind('MeterEvents', 'meters', 'meter-events', 'readings'),
  kind('SensorTelemetry', 'sensors', 'sensor-telemetry', 'telemetry'),
  kind('ConcentratorColumns', 'concentrators', 'interval-columns', 'readings'),
  kind('ConcentratorReadings', 'concentrators', 'interval-readings', 'readings'),
  kind('ConcentratorRegisters', 'concentrators', 'register-reads', 'readings'),
  kind('ConcentratorEvents', 'concentrators', 'meter-events', 'readings'),
];

/** Rule names are `[A-Za-z0-9_]+`, unique in an account and region: concentrators have rules of their own. */
export const ruleName = (stage: string, { collection, name }: MessageKind): string =>
  `${stage}_${collection === 'concentrators' ? 'concentrator_' : ''}${name.replaceAll('-', '_')}`;
