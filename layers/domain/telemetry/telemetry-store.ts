import type { MeasurementKindName, Phase } from '../../contracts/messages/measurements.ts';

/** One measurement of one sensor. */
export interface Sample {
  sensorId: string;
  /** Where the sensor is; null if it watches no feeder. */
  feederId: string | null;
  kind: MeasurementKindName;
  /** Absent: of all phases together, or of none. */
  phase?: Phase;
  /** Epoch ms. */
  time: number;
  /** In the kind's unit. */
  value: number;
  /** Receipt, epoch ms: of two values for one instant the later received one counts. */
  version: number;
}

/** A sample that the store will never take, and why. */
export interface RejectedSample {
  index: number;
  reason: string;
}

/** Mean and extremes of a kind in one span of time. */
export interface SampleAggregate {
  sensorId: string;
  phase?: Phase;
  /** Start of the span, epoch ms; a multiple of its length. */
  start: number;
  mean: number;
  minimum: number;
  maximum: number;
  count: number;
}

/** Where sensor telemetry lives. Writing the same samples again changes nothing. */
export interface TelemetryStore {
  /**
   * Durable once resolved, save for the rejected ones.
   * @throws RetryLater if the store cannot take samples now: all of them have to be written again.
   */
  write(samples: readonly Sample[]): Promise<RejectedSample[]>;
  /** Samples of [from, to) in order of time, at most `limit` of them. */
  read(query: {
    sensorId: string;
    kind: MeasurementKindName;
    from: number;
    to: number;
    limit: number;
  }): Promise<Pick<Sample, 'time' | 'phase' | 'value'>[]>;
  /** Aggregates of [from, to) by sensor, phase and span of `minutes` (a divisor of 60), in order of time. */
  aggregate(query: {
    sensorIds: readonly string[];
    kind: MeasurementKindName;
    from: number;
    to: number;
    minutes: number;
  }): Promise<SampleAggregate[]>;
}

/** The store cannot take or answer it now; the same again later may succeed. */
export class RetryLater extends Error {
  readonly code: string;
  constructor(code: string, options?: ErrorOptions) {
    super(code, options);
    this.name = 'RetryLater';
    this.code = code;
  }
}
