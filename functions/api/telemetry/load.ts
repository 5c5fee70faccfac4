import { isoRange, type Range } from '../../../layers/domain/calendar/range.ts';
import { feederLoad, systemLoad } from '../../../layers/domain/network/feeder-load.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';
import type { TelemetryPorts } from './telemetry-routes.ts';

/** Periods of an answer; a month of quarter-hours, or of an hour's samples a day. [proposed] */
const MAX_LOAD_PERIODS = 5_000;

/** Range and resolution of a load query, or the problem. */
const loadRange = (
  query: { resolutionMinutes: string; from?: string | undefined; to?: string | undefined },
  now: number,
): (Range & { minutes: number }) | ApiProblem => {
  const range = requestedRange(query, now);
  if (range instanceof ApiProblem) return range;
  const minutes = Number(query.resolutionMinutes);
  // Whole periods: a mean of half a period would be called the mean of all of it.
  const lengthMs = minutes * 60_000;
  const whole = {
    from: Math.floor(range.from / lengthMs) * lengthMs,
    to: Math.ceil(range.to / lengthMs) * lengthMs,
  };
  if ((whole.to - whole.from) / lengthMs <= MAX_LOAD_PERIODS) return { ...whole, minutes };
  return apiProblem('invalid-request', 'See violations', [
    {
      path: 'query.resolutionMinutes',
      message: `the range holds more than ${MAX_LOAD_PERIODS} periods`,
      value: minutes,
    },
  ]);
};

const withIsoTimes = <P extends { start: number; end: number }>(period: P) => ({
  ...period,
  start: new Date(period.start).toISOString(),
  end: new Date(period.end).toISOString(),
});

export const getFeederLoad = async (
  ports: TelemetryPorts,
  { params: { feederId }, query, now }: Parameters<UseCase<'getFeederLoad'>>[0],
): ReturnType<UseCase<'getFeederLoad'>> => {
  const range = loadRange(query, now);
  if (range instanceof ApiProblem) return range;
  const feeder = await ports.registry.findFeeder(feederId);
  if (!feeder) return apiProblem('not-found', `There is no feeder ${feederId}`);
  const { sensorId } = feeder;
  if (sensorId === null) return apiProblem('not-found', `Feeder ${feederId} has no sensor`);
  const aggregates = await ports.telemetry.aggregate({ sensorIds: [sensorId], kind: 'activePower', ...range });
  return {
    feederId,
    sensorId,
    unit: 'kW',
    resolutionMinutes: range.minutes,
    ...isoRange(range),
    periods: feederLoad(aggregates, range).map(withIsoTimes),
  };
};

export const getSystemLoad = async (
  ports: TelemetryPorts,
  { query, now }: Parameters<UseCase<'getSystemLoad'>>[0],
): ReturnType<UseCase<'getSystemLoad'>> => {
  const range = loadRange(query, now);
  if (range instanceof ApiProblem) return range;
  const { feeders } = await ports.registry.list();
  const sensorIds = feeders.flatMap(({ sensorId }) => sensorId ?? []);
  const aggregates =
    sensorIds.length === 0 ? [] : await ports.telemetry.aggregate({ sensorIds, kind: 'activePower', ...range });
  const bySensor = Map.groupBy(aggregates, ({ sensorId }) => sensorId);
  const loads = sensorIds.map((sensorId) => feederLoad(bySensor.get(sensorId) ?? [], range));
  return {
    unit: 'kW',
    resolutionMinutes: range.minutes,
    ...isoRange(range),
    periods: systemLoad(loads, range).map(withIsoTimes),
  };
};
