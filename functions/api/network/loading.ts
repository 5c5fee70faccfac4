import { isoRange } from '../../../layers/domain/calendar/range.ts';
import { spans } from '../../../layers/domain/network/feeder-load.ts';
import { ASSUMED_POWER_FACTOR, transformerLoad } from '../../../layers/domain/network/transformer-loading.ts';
import { dayOf } from '../../../layers/domain/readings/calendar-day.ts';
import { entityTotals } from '../../../layers/domain/windows/entity-totals.ts';
import { type WindowTotals, windowTotals } from '../../../layers/domain/windows/window-totals.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor, INSTANT_POSITION } from '../../../layers/runtime/cursor.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';
import { readsSingleMeters } from '../../../layers/runtime/single-meters.ts';
import type { NetworkPorts } from './network-routes.ts';

/** The map shows nothing older. */
const LATEST_WITHIN_MS = 6 * 3_600_000;

const DEFAULT_INTERVAL_MINUTES = 30;

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** The longest interval of the meters: shorter ones are summed into it. */
export const commonMinutes = (groups: readonly { intervalMinutes: number }[]): number =>
  groups.reduce((longest, { intervalMinutes }) => Math.max(longest, intervalMinutes), 0) || DEFAULT_INTERVAL_MINUTES;

/** Whole intervals of [from, to). */
const wholeSpans = (range: { from: number; to: number; minutes: number }) =>
  spans(range).filter(({ start, end }) => start >= range.from && end <= range.to);

const withTimes = (period: WindowTotals, of: Parameters<typeof transformerLoad>[1]) => ({
  start: iso(period.start),
  end: iso(period.end),
  ...transformerLoad(period, of),
});

export const transformerLoading = async (
  ports: NetworkPorts,
  { params: { transformerId }, query, caller, now }: Parameters<UseCase<'getTransformerLoading'>>[0],
): ReturnType<UseCase<'getTransformerLoading'>> => {
  const range = requestedRange(query, now);
  if (range instanceof ApiProblem) return range;
  const position = decodeCursor(query.cursor, INSTANT_POSITION);
  if (position instanceof ApiProblem) return position;
  const [transformer] = await ports.topology.transformers(transformerId);
  if (!transformer) return apiProblem('not-found', `There is no transformer ${transformerId}`);
  const entity = { kind: 'transformer', id: transformerId } as const;
  const channel = 'activeEnergyImport';
  const minutes = commonMinutes(await ports.topology.serviceGroups({ entity, channel, ...range }));
  const from = position === undefined ? range.from : Math.max(range.from, Number(position));
  const pageEnd = Math.min(range.to, from + (query.limit + 1) * minutes * 60_000);
  const wanted = wholeSpans({ from, to: pageEnd, minutes }).slice(0, query.limit);
  const periods = await entityTotals(ports, { entity, channel, periods: wanted, now });
  const end = wanted.at(-1)?.end ?? range.to;
  return {
    transformerId,
    unit: 'kVA',
    ratingKva: transformer.ratingKva,
    powerFactor: ASSUMED_POWER_FACTOR,
    intervalMinutes: minutes,
    ...isoRange(range),
    intervals: periods.map((period) =>
      withTimes(period, { ratingKva: transformer.ratingKva, singleMeters: readsSingleMeters(caller) }),
    ),
    next: end + minutes * 60_000 <= range.to ? encodeCursor(String(end)) : null,
  };
};

export const networkLoading = async (
  ports: NetworkPorts,
  { query, caller, now }: Parameters<UseCase<'getNetworkLoading'>>[0],
): ReturnType<UseCase<'getNetworkLoading'>> => {
  const at = query.at === undefined ? now : Date.parse(query.at);
  const transformers = await ports.topology.transformers();
  const span = { from: at - LATEST_WITHIN_MS, to: at };
  const channel = 'activeEnergyImport';
  // Every transformer at once: a query for each would be thousands.
  const groups = await ports.topology.serviceGroups({ entity: { kind: 'system' }, channel, ...span });
  const groupsOf = Map.groupBy(groups, ({ transformerId }) => transformerId);
  const daysOf = await ports.windows.daysOfTransformers({
    channel,
    fromDay: dayOf(span.from),
    toDay: dayOf(span.to) + 1,
  });
  const singleMeters = readsSingleMeters(caller);
  const loadings = [];
  for (const { transformerId, feederId, ratingKva } of transformers) {
    const serving = groupsOf.get(transformerId) ?? [];
    const periods = windowTotals({
      periods: wholeSpans({ ...span, minutes: commonMinutes(serving) }),
      summaries: daysOf.get(transformerId) ?? [],
      groups: serving,
      now,
    });
    const latest = periods.findLast(({ intervalsPresent }) => intervalsPresent > 0);
    const metersExpected = Math.max(0, ...periods.map((period) => period.metersExpected));
    const silent = { ...silentLoad, metersExpected };
    loadings.push({
      transformerId,
      feederId,
      ratingKva,
      ...(latest ? withTimes(latest, { ratingKva, singleMeters }) : silent),
    });
  }
  return { at: iso(at), unit: 'kVA', powerFactor: ASSUMED_POWER_FACTOR, transformers: loadings };
};

const silentLoad = { start: null, end: null, loadKva: null, loadingPercent: null, band: null, metersPresent: 0 };
