import type { ConsumptionPeriod } from '../../contracts/api/consumption.ts';
import type { Granularity } from '../../contracts/api/values.ts';
import { CHANNELS, kilowattHours } from '../../contracts/messages/channels.ts';
import { localPeriods } from '../calendar/local-periods.ts';
import { dayOf } from '../readings/calendar-day.ts';
import type { MeterDay, ReadingStore } from '../readings/reading-store.ts';
import { energyByPeriod, type PeriodEnergy, type Service } from './energy-by-period.ts';

/** Block-days held in memory at once; more meters are read in turns. */
const MAX_METER_DAYS = 20_000;

/** Days [from, to) of many meters, a bounded number at a time. */
export async function* daysInTurns(
  readings: Pick<ReadingStore, 'readMany'>,
  query: { meterNos: readonly number[]; channel: number; from: number; to: number },
): AsyncGenerator<{ meterNos: readonly number[]; days: MeterDay[] }> {
  const fromDay = dayOf(query.from);
  const toDay = dayOf(query.to - 1) + 1;
  const metersAtOnce = Math.max(1, Math.floor(MAX_METER_DAYS / (toDay - fromDay)));
  for (let at = 0; at < query.meterNos.length; at += metersAtOnce) {
    const meterNos = query.meterNos.slice(at, at + metersAtOnce);
    yield { meterNos, days: await readings.readMany({ meterNos, channel: query.channel, fromDay, toDay }) };
  }
}

const addTo = (sum: PeriodEnergy[], part: readonly PeriodEnergy[]): void => {
  part.forEach((period, index) => {
    const total = sum[index] as PeriodEnergy;
    total.energyWh += period.energyWh;
    total.intervalsExpected += period.intervalsExpected;
    total.intervalsPresent += period.intervalsPresent;
    total.intervalsEstimated += period.intervalsEstimated;
    total.metersPresent += period.metersPresent;
    total.metersExpected += period.metersExpected;
  });
};

/** Energy of the meters of some services over given periods, read in turns. */
export async function energyOf(
  readings: Pick<ReadingStore, 'readMany'>,
  query: { services: readonly Service[]; periods: readonly { start: number; end: number }[]; now: number },
): Promise<PeriodEnergy[]> {
  const { services, periods, now } = query;
  const sum = energyByPeriod({ periods, services: [], days: [], now });
  const first = periods[0];
  const last = periods.at(-1);
  if (!first || !last) return sum;
  const byMeter = Map.groupBy(services, ({ meterNo }) => meterNo);
  const channel = CHANNELS.activeEnergyImport.code;
  const meters = { meterNos: [...byMeter.keys()], channel, from: first.start, to: last.end };
  for await (const { meterNos, days } of daysInTurns(readings, meters)) {
    const served = meterNos.flatMap((meterNo) => byMeter.get(meterNo) ?? []);
    addTo(sum, energyByPeriod({ periods, services: served, days, now }));
  }
  return sum;
}

/**
 * Imported energy by local hour, day or month, kWh.
 * @param query instants in epoch ms, `from` < `to`; `timeZone` of the IANA database
 */
export async function consumption(
  readings: Pick<ReadingStore, 'readMany'>,
  query: {
    services: readonly Service[];
    from: number;
    to: number;
    granularity: Granularity;
    timeZone: string;
    now: number;
  },
): Promise<ConsumptionPeriod[]> {
  const periods = localPeriods(query);
  const energies = await energyOf(readings, { services: query.services, periods, now: query.now });
  return energies.map(({ start, end, energyWh, intervalsExpected, intervalsPresent, intervalsEstimated }) => ({
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    value: intervalsPresent === 0 ? null : kilowattHours(energyWh),
    intervalsExpected,
    intervalsPresent,
    estimatedShare: intervalsPresent === 0 ? null : intervalsEstimated / intervalsPresent,
  }));
}
