import type { TopologyReader } from '../network/topology-store.ts';
import { type ForecastEntity, SYSTEM_ENTITY_ID } from './entity-history.ts';

export interface ForecastEntities {
  topology: Pick<TopologyReader, 'network' | 'listMeters'>;
}

export interface PlacedEntity {
  entity: ForecastEntity;
  timeZone: string;
  parent: ForecastEntity | undefined;
}

const METERS_AT_ONCE = 1_000;

/** Everything that is forecast, from the system down to the transformers, each with the zone of its region; and the meters, if asked for. */
export async function forecastEntities(
  { topology }: ForecastEntities,
  { meters }: { meters: boolean },
): Promise<PlacedEntity[]> {
  const { regions, substations, feeders, transformers } = await topology.network();
  const zoneOf = new Map(regions.map(({ regionId, timeZone }) => [regionId, timeZone]));
  const regionOf = new Map(substations.map(({ substationId, regionId }) => [substationId, regionId]));
  const feederRegion = new Map(
    feeders.map(({ feederId, substationId }) => [feederId, regionOf.get(substationId) ?? '']),
  );
  const zone = (regionId: string | undefined) => zoneOf.get(regionId ?? '') ?? regions[0]?.timeZone ?? 'UTC';
  const system = { kind: 'system', id: SYSTEM_ENTITY_ID } as const;
  if (regions.length === 0) return [];
  const above: PlacedEntity[] = [
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
  return meters ? [...above, ...(await metersBelow(topology, above))] : above;
}

/** Meters with the zone of the transformer on which they hang now. */
async function metersBelow(
  topology: ForecastEntities['topology'],
  above: readonly PlacedEntity[],
): Promise<PlacedEntity[]> {
  const transformers = new Map(
    above.flatMap((each) => (each.entity.kind === 'transformer' ? [[each.entity.id, each] as const] : [])),
  );
  const found: PlacedEntity[] = [];
  for (let afterMeterId: string | undefined; ; ) {
    const page = await topology.listMeters({ ...(afterMeterId ? { afterMeterId } : {}), limit: METERS_AT_ONCE });
    for (const { meterId, transformerId } of page) {
      const parent = transformers.get(transformerId);
      if (parent)
        found.push({ entity: { kind: 'meter', id: meterId }, timeZone: parent.timeZone, parent: parent.entity });
    }
    afterMeterId = page.at(-1)?.meterId;
    if (page.length < METERS_AT_ONCE) return found;
  }
}
