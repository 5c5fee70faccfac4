import type { RegisteredFeeder, RegisteredSensor } from '../network/topology-store.ts';

/** What functions outside the network know of the topology. Written by the topology import only. */
export interface SensorRegistry {
  findSensors(sensorIds: readonly string[]): Promise<ReadonlyMap<string, RegisteredSensor>>;
  findFeeder(feederId: string): Promise<RegisteredFeeder | undefined>;
  /** All sensors and feeders, each in order of id; may be a minute old. */
  list(): Promise<{ sensors: readonly RegisteredSensor[]; feeders: readonly RegisteredFeeder[] }>;
}

export interface SensorPublisher {
  publish(registry: { sensors: readonly RegisteredSensor[]; feeders: readonly RegisteredFeeder[] }): Promise<void>;
}
