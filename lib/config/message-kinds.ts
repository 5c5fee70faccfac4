/** A kind of message a device publishes: its topic, and the stream its rule puts it to. */
export interface MessageKind {
  readonly construct: string;
  /** Last level of the topic, and with underscores the rule's name. */
  readonly name: string;
  readonly collection: 'meters' | 'sensors';
  readonly stream: 'readings' | 'telemetry';
  topic(deviceId: string): string;
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
  topic: (deviceId) => `${collection}/${deviceId}/${name}`,
});

export const MESSAGE_KINDS: readonly MessageKind[] = [
  kind('IntervalReadings', 'meters', 'interval-readings', 'readings'),
  kind('RegisterReads', 'meters', 'register-reads', 'readings'),
  kind('MeterEvents', 'meters', 'meter-events', 'readings'),
  kind('SensorTelemetry', 'sensors', 'sensor-telemetry', 'telemetry'),
];

/** Rule names are `[A-Za-z0-9_]+`, unique in an account and region. */
export const ruleName = (stage: string, { name }: MessageKind): string => `${stage}_${name.replaceAll('-', '_')}`;
