import type { Topology } from '../../layers/contracts/messages/topology.ts';
import type { Entity } from '../../layers/domain/network/topology-store.ts';
import { slotStart } from '../../layers/domain/readings/calendar-day.ts';
import type { ReadingVersion } from '../../layers/domain/readings/reading-columns.ts';
import { winnerAsOf } from '../../layers/domain/readings/versions.ts';
import type { DaySummary } from '../../layers/domain/windows/day-summary.ts';

/** A meter's places, as the test knows them. */
export interface Placement {
  meterNo: number;
  meterId: string;
  transformerId: string;
  from: number;
  to: number | null;
}

type Chain = Record<'transformer' | 'feeder' | 'region', string>;

/** Feeder and region of each transformer of a topology. */
export function chains(topology: Topology): Map<string, Chain> {
  const feederOf = new Map(topology.feeders?.map((each) => [each.feederId, each.substationId]));
  const regionOf = new Map(topology.substations?.map((each) => [each.substationId, each.regionId]));
  return new Map(
    topology.transformers?.map(({ transformerId, feederId }) => [
      transformerId,
      { transformer: transformerId, feeder: feederId, region: regionOf.get(feederOf.get(feederId) ?? '') ?? '' },
    ]),
  );
}

/** Slots of an entity as text, one line per interval: reading by reading, sharing nothing with the product's sums. */
export function expectedSlots(input: {
  versions: readonly ReadingVersion[];
  placements: readonly Placement[];
  chainOf: ReadonlyMap<string, Chain>;
  entity: Entity;
  channel: number;
}): string[] {
  const rivals = Map.groupBy(
    input.versions.filter(({ channel }) => channel === input.channel),
    ({ meterNo, intervalMinutes, day, slot }) => `${meterNo}/${intervalMinutes}/${day}/${slot}`,
  );
  const slots = new Map<string, { present: number; estimated: number; all: number[] }>();
  for (const versions of rivals.values()) {
    const winner = winnerAsOf(versions)?.version as ReadingVersion;
    const start = slotStart(winner.day, winner.slot, winner.intervalMinutes);
    const here = input.placements.some(
      ({ meterNo, meterId, transformerId, from, to }) =>
        meterNo === winner.meterNo &&
        from <= start &&
        (to === null || start < to) &&
        belongs(input.entity, meterId, input.chainOf.get(transformerId)),
    );
    if (!here) continue;
    const key = `${winner.day}/${winner.intervalMinutes}/${winner.slot}`;
    const slot = slots.get(key) ?? { present: 0, estimated: 0, all: [] };
    slot.present += 1;
    if (winner.quality === 1) slot.estimated += 1;
    slot.all.push(winner.energyWh);
    slots.set(key, slot);
  }
  return [...slots]
    .map(([key, { present, estimated, all }]) => {
      const sum = all.reduce((total, wh) => total + wh, 0);
      return `${key}: ${present} (${estimated}) ${sum} ${Math.min(...all)} ${Math.max(...all)}`;
    })
    .sort();
}

const belongs = (entity: Entity, meterId: string, chain: Chain | undefined): boolean => {
  if (entity.kind === 'system') return true;
  return (entity.kind === 'meter' ? meterId : chain?.[entity.kind]) === entity.id;
};

/** The same lines of what the product answers. */
export const slotsOf = (summaries: readonly DaySummary[]): string[] =>
  summaries
    .flatMap(({ day, intervalMinutes, present, estimated, sumWh, leastWh, mostWh }) =>
      Array.from(present).flatMap((count, slot) =>
        count === 0
          ? []
          : [
              `${day}/${intervalMinutes}/${slot}: ${count} (${estimated[slot]}) ${sumWh[slot]} ${leastWh[slot]} ${mostWh[slot]}`,
            ],
      ),
    )
    .sort();
