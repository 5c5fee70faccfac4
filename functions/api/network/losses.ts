import type { FeederLossPeriod } from '../../../layers/contracts/api/losses.ts';
import { kilowattHours } from '../../../layers/contracts/messages/channels.ts';
import { fewEnough, localPeriods, MAX_PERIODS } from '../../../layers/domain/calendar/local-periods.ts';
import { isoRange, type Range } from '../../../layers/domain/calendar/range.ts';
import { DEFAULT_SPAN_MS } from '../../../layers/domain/consumption/requested-consumption.ts';
import { feederLoad, spans } from '../../../layers/domain/network/feeder-load.ts';
import { type BalanceSpan, type FeederBalance, feederBalances } from '../../../layers/domain/network/feeder-losses.ts';
import { isReleasable } from '../../../layers/domain/privacy/release.ts';
import { entityTotals } from '../../../layers/domain/windows/entity-totals.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';
import { readsSingleMeters } from '../../../layers/runtime/single-meters.ts';
import { commonMinutes } from './loading.ts';
import type { NetworkPorts } from './network-routes.ts';

const HOUR_MS = 3_600_000;

export const feederLosses = async (
  ports: NetworkPorts,
  { params: { feederId }, query, caller, now }: Parameters<UseCase<'getFeederLosses'>>[0],
): ReturnType<UseCase<'getFeederLosses'>> => {
  const { granularity, tz: timeZone } = query;
  const range = requestedRange(query, now, DEFAULT_SPAN_MS[granularity]);
  if (range instanceof ApiProblem) return range;
  if (!fewEnough({ ...range, granularity: 'hour' })) {
    return apiProblem('invalid-request', 'See violations', [
      { path: 'query.from', message: `the range holds more than ${MAX_PERIODS} hours; take a shorter one` },
    ]);
  }
  const feeder = await ports.topology.feeder(feederId);
  if (!feeder) return apiProblem('not-found', `There is no feeder ${feederId}`);
  const { declaredLossPercent, sensorId } = feeder;
  const found = await balanceSpans(ports, { feederId, sensorId, range, now });
  const periods = localPeriods({ ...range, granularity, timeZone });
  const singleMeters = readsSingleMeters(caller);
  return {
    feederId,
    granularity,
    timeZone,
    unit: 'kWh',
    declaredLossPercent,
    headSensorId: sensorId,
    ...isoRange(range),
    periods: feederBalances(periods, found, declaredLossPercent).map((balance) => answered(balance, singleMeters)),
  };
};

/** Intervals of a feeder that have ended, each with what passed its head and its meters. */
async function balanceSpans(
  ports: NetworkPorts,
  { feederId, sensorId, range, now }: { feederId: string; sensorId: string | null; range: Range; now: number },
): Promise<BalanceSpan[]> {
  const entity = { kind: 'feeder', id: feederId } as const;
  const channel = 'activeEnergyImport';
  const minutes = commonMinutes(await ports.topology.serviceGroups({ entity, channel, ...range }));
  const periods = spans({ ...range, minutes }).filter(({ end }) => end <= now);
  const whole = { from: periods[0]?.start ?? range.from, to: periods.at(-1)?.end ?? range.from, minutes };
  const [consumed, exported, samples] = await Promise.all([
    entityTotals(ports, { entity, channel, periods, now }),
    entityTotals(ports, { entity, channel: 'activeEnergyExport', periods, now }),
    sensorId === null || periods.length === 0
      ? []
      : (ports.telemetry?.aggregate({ sensorIds: [sensorId], kind: 'activePower', ...whole }) ?? []),
  ]);
  const head = feederLoad(samples, whole);
  // How often a sensor reports nobody declares: its fullest interval shows it. [proposed: nine tenths of that are a mean]
  const fullest = head.reduce((most, { samplesPresent }) => Math.max(most, samplesPresent), 0);
  return periods.map(({ start, end }, index) => {
    const { value = null, samplesPresent = 0 } = head[index] ?? {};
    const isKnown = value !== null && samplesPresent >= fullest * 0.9;
    return {
      start,
      end,
      headWh: isKnown ? Math.round((value * 1000 * (end - start)) / HOUR_MS) : null,
      consumed: consumed[index] as BalanceSpan['consumed'],
      exported: exported[index] as BalanceSpan['exported'],
    };
  });
}

const kwh = (energyWh: number | null): number | null => (energyWh === null ? null : kilowattHours(energyWh));

function answered(balance: FeederBalance, singleMeters: boolean): FeederLossPeriod {
  const { basis, enteredWh, exportedWh, consumedWh, lostWh, spansExpected, spansCounted } = balance;
  const period = {
    start: new Date(balance.start).toISOString(),
    end: new Date(balance.end).toISOString(),
    basis,
    intervalsExpected: spansExpected,
    intervalsCounted: spansCounted,
  };
  const inWh = (enteredWh ?? 0) + (exportedWh ?? 0);
  // What enters less what is lost is what customers consume.
  if (basis !== null && !singleMeters && !isReleasable(balance.consumption)) {
    return { ...period, entered: null, exported: null, consumed: null, loss: null, lossPercent: null, withheld: true };
  }
  return {
    ...period,
    entered: kwh(enteredWh),
    exported: kwh(exportedWh),
    consumed: kwh(consumedWh),
    loss: kwh(lostWh),
    lossPercent: lostWh === null || inWh <= 0 ? null : (lostWh / inWh) * 100,
  };
}
