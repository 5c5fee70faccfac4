import type { ConsumptionPeriod } from '../../contracts/api/consumption.ts';
import type { Granularity } from '../../contracts/api/values.ts';
import { kilowattHours } from '../../contracts/messages/channels.ts';
import { localPeriods } from '../calendar/local-periods.ts';
import type { Entity } from '../network/topology-store.ts';
import { isReleasable } from '../privacy/release.ts';
import { entityTotals, type TotalsPorts } from '../windows/entity-totals.ts';

/**
 * Imported energy of an entity by local hour, day or month, kWh.
 * @param query instants in epoch ms, `from` < `to`; `timeZone` of the IANA database; `singleMeters`: for those who may read them
 */
export async function consumption(
  ports: TotalsPorts,
  query: {
    entity: Entity;
    from: number;
    to: number;
    granularity: Granularity;
    timeZone: string;
    now: number;
    singleMeters: boolean;
  },
): Promise<ConsumptionPeriod[]> {
  const { entity, now } = query;
  const periods = localPeriods(query);
  const totals = await entityTotals(ports, { entity, channel: 'activeEnergyImport', periods, now });
  return totals.map((total) => {
    const { energyWh, intervalsExpected, intervalsPresent, intervalsEstimated } = total;
    const isWithheld = intervalsPresent > 0 && !query.singleMeters && !isReleasable(total);
    return {
      start: new Date(total.start).toISOString(),
      end: new Date(total.end).toISOString(),
      value: intervalsPresent === 0 || isWithheld ? null : kilowattHours(energyWh),
      ...(isWithheld ? { withheld: true as const } : {}),
      intervalsExpected,
      intervalsPresent,
      estimatedShare: intervalsPresent === 0 ? null : intervalsEstimated / intervalsPresent,
    };
  });
}
