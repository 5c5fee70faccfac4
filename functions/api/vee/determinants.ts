import { CHANNELS, kilowattHours } from '../../../layers/contracts/messages/channels.ts';
import { dateText, localDayPeriod } from '../../../layers/domain/calendar/local-days.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';
import type { BoundaryRead } from '../../../layers/domain/registers/boundary-reads.ts';
import { type Determinants, together } from '../../../layers/domain/settlement/determinants.ts';
import type { SettlementReader } from '../../../layers/domain/settlement/settlement-reader.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { apiProblem } from '../../../layers/runtime/api-problem.ts';

const kwhByPeriod = (energies: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(energies).map(([period, energyWh]) => [period, kilowattHours(energyWh)]));

const readAnswer = (read: BoundaryRead | null) =>
  read && { time: new Date(read.at).toISOString(), value: kilowattHours(read.shownWh), basis: read.basis };

const answered = (one: Determinants, meterIdOf: ReadonlyMap<number, string>) => ({
  energy: kilowattHours(one.energyWh),
  energyByPeriod: kwhByPeriod(one.energyByPeriodWh),
  peakKw: one.peakW === null ? null : one.peakW / 1000,
  peakAt: one.peakAt === null ? null : new Date(one.peakAt).toISOString(),
  intervalsExpected: one.intervalsExpected,
  intervalsOpen: one.intervalsOpen,
  estimatedShare: one.intervalsExpected === 0 ? null : one.intervalsEstimated / one.intervalsExpected,
  billable: one.billable,
  boundaryReads: (one.boundaryReads ?? []).map(({ meterNo, opening, closing }) => ({
    meterId: meterIdOf.get(meterNo) ?? '',
    opening: readAnswer(opening),
    closing: readAnswer(closing),
  })),
});

/** Billing determinants of a usage point in a month; it is billable when every day of the month is settled and billable. */
export async function determinants(
  reader: SettlementReader,
  { params: { usagePointId }, query: { cycle, channel } }: Parameters<UseCase<'getBillingDeterminants'>>[0],
): ReturnType<UseCase<'getBillingDeterminants'>> {
  const timeZone = await reader.timeZoneOf(usagePointId);
  if (timeZone === undefined) return apiProblem('not-found', `There is no usage point ${usagePointId}`);
  const [year = 0, month = 1] = cycle.split('-').map(Number);
  const fromDay = Date.UTC(year, month - 1) / DAY_MS;
  const toDay = Date.UTC(year, month) / DAY_MS;
  const days = await reader.determinants({ usagePointId, channel: CHANNELS[channel].code, fromDay, toDay });
  const meterNos = days.flatMap((day) => (day.determinants.boundaryReads ?? []).map(({ meterNo }) => meterNo));
  const meterIdOf = await reader.meterIds([...new Set(meterNos)]);
  const sum = together(days.map((day) => day.determinants));
  return {
    usagePointId,
    channel,
    cycle,
    timeZone,
    start: new Date(localDayPeriod(timeZone, fromDay).start).toISOString(),
    end: new Date(localDayPeriod(timeZone, toDay).start).toISOString(),
    daysExpected: toDay - fromDay,
    ...answered({ ...sum, billable: sum.billable && days.length === toDay - fromDay }, meterIdOf),
    days: days.map(({ localDay, run, billed, determinants: own, adjustments }) => ({
      day: dateText(localDay),
      run,
      billed,
      ...answered(own, meterIdOf),
      adjustments: adjustments.map((one) => ({ run: one.run, energyByPeriod: kwhByPeriod(one.byPeriodWh) })),
    })),
  };
}
