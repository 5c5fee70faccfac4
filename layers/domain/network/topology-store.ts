import type { Meter } from '../../contracts/api/meters.ts';
import type { Network } from '../../contracts/api/network.ts';
import type { TopologyImport } from '../../contracts/api/topology.ts';
import type { ChannelName } from '../../contracts/messages/channels.ts';
import type { Topology } from '../../contracts/messages/topology.ts';
import type { Service } from '../consumption/service.ts';
import type { ServiceGroup } from '../windows/expected-intervals.ts';

/** A set of meters, by what they hang on. */
export type Entity = { kind: 'meter' | 'transformer' | 'feeder' | 'region'; id: string } | { kind: 'system' };

/** When a meter hung on a transformer. */
export interface Connection extends Service {
  transformerId: string;
}

/** What readers ask of the topology. */
export interface TopologyReader {
  /** Meters in order of id, after `afterMeterId`; where each is connected last. */
  listMeters(query: {
    transformerId?: string;
    feederId?: string;
    afterMeterId?: string;
    limit: number;
  }): Promise<Meter[]>;
  findMeter(meterId: string): Promise<(Meter & { meterNo: number }) | undefined>;
  exists(entity: Entity): Promise<boolean>;
  /** Zones of the regions that an entity lies in, each once. */
  timeZones(entity: Entity): Promise<string[]>;
  /** Installations of the meters of an entity that have the channel, with its interval length. */
  connections(entity: Entity, channel: ChannelName): Promise<Connection[]>;
  /** Meters of an entity that have the channel and serve within [from, to), by transformer and span, cut to the range. */
  serviceGroups(query: {
    entity: Entity;
    channel: ChannelName;
    from: number;
    to: number;
  }): Promise<(ServiceGroup & { transformerId: string })[]>;
  /** What is declared of a feeder's losses and the sensor at its head; undefined: there is no such feeder. */
  feeder(feederId: string): Promise<{ declaredLossPercent: number | null; sensorId: string | null } | undefined>;
  transformers(transformerId?: string): Promise<{ transformerId: string; feederId: string; ratingKva: number }[]>;
  network(): Promise<Network>;
}

/** An id that a topology names and nobody has declared. */
export interface DanglingReference {
  path: string;
  kind: string;
  id: string;
}

export interface TopologyWriter {
  /** In one transaction: everything or, if a reference leads nowhere, nothing. */
  importTopology(
    topology: Topology,
  ): Promise<{ dangling: readonly DanglingReference[] } | { changes: Omit<TopologyImport, 'sensorsPublished'> }>;
  /** What the registry has to know of these sensors and feeders. */
  sensorsAndFeeders(ids: { sensorIds: readonly string[]; feederIds: readonly string[] }): Promise<{
    sensors: RegisteredSensor[];
    feeders: RegisteredFeeder[];
  }>;
}

export interface RegisteredSensor {
  sensorId: string;
  name: string;
  feederId: string | null;
  transformerId: string | null;
  kinds: NonNullable<Topology['sensors']>[number]['kinds'];
}

export interface RegisteredFeeder {
  feederId: string;
  name: string;
  /** The sensor at its head; null if it has none. */
  sensorId: string | null;
}
