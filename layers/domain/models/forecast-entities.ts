import type { TopologyReader } from '../network/topology-store.ts';
import { type ForecastEntity, SYSTEM_ENTITY_ID } from './entity-history.ts';

export interface ForecastEntities {
  topology: Pick<TopologyReader, 'network'>;
}

/** Everything that is forecast, from the system down to the transformers, each with the zone of its region. */
export async function forecastEntities({
  topology,
}: ForecastEntities): Promise<{ entity: ForecastEntity; timeZone: string; parent: ForecastEntity | undefined }[]> {
  const { regions, substations, feeders, transformers } = await topology.network();
  const zoneOf = new Map(regions.map(({ regionId, timeZone }) => [regionId, timeZone]));
  const regionOf = new Map(substations.map(({ substationId, regionId }) => [substationId, regionId]));
  const feederRegion = new Map(
    feeders.map(({ feederId, substationId }) => [feederId, regionOf.get(substationId) ?? '']),
  );
  const zone = (regionId: string | undefined) => zoneOf.get(regionId ?? '') ?? regions[0]?.timeZone ?? 'UTC';
  const system = { kind: 'system', id: SYSTEM_ENTITY_ID } as const;
  if (regions.length === 0) return [];
  return [
    { entity: system, timeZone: zone(regions[0]?.regionId), parent: undefined },
    ...regions.map(({ regionId, timeZone }) => ({
      entity: { kind: 'region', id: regionId } as const,
      timeZone,
      parent: system,
    })),
    ...feeders.map(({ feederId }) => ({
      entity: { kind: 'feeder', id: feederId } as const,
      timeZone: zone(feederRegion.get(feederId)),
      parent: { kind: 'region', id: feederRegion.get(feederId) ?? '' } as const,
    })),
    ...transformers.map(({ transformerId, feederId }) => ({
      entity: { kind: 'transformer', id: transformerId } as const,
      timeZone: zone(feederRegion.get(feederId)),
      parent: { kind: 'feeder', id: feederId } as const,
    })),
  ];
}
