import { networkRoutes } from '../../../functions/api/network/network-routes.ts';
import { telemetryRoutes } from '../../../functions/api/telemetry/telemetry-routes.ts';
import { groups } from '../../../layers/contracts/api/access.ts';
import type { Route } from '../../../layers/contracts/api/route.ts';
import { routes, routesById } from '../../../layers/contracts/api/routes.ts';
import { DaySummaries } from '../../../layers/domain/windows/day-summary.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi, claimsFor } from '../../harness/api-events.ts';
import { dayOfReadings } from '../../harness/day-of-readings.ts';

const DAY = 15_613;
const iso = (timeMs: number) => new Date(timeMs).toISOString();
const FROM = DAY * 86_400_000;
const range = { from: iso(FROM), to: iso(FROM + 86_400_000) };

/** Wh of each meter in every half hour of the day. 14 × 850 + 2100 = 14,000, of which 2100 are 15 %. */
const AT_THE_LIMIT = [...Array.from({ length: 14 }, () => 850), 2100];
const ONE_WH_MORE = [...Array.from({ length: 14 }, () => 850), 2101];
/** 14 × 1000: nobody has more than 7.2 %, and they are one too few. */
const ONE_TOO_FEW = Array.from({ length: 14 }, () => 1000);

/** A network of one transformer with meters that use so much in each of the day's half hours. */
function networkOf(usedWh: readonly (readonly number[])[]) {
  const sum = new DaySummaries();
  usedWh.forEach((used, meterNo) => {
    const readings = used.map((energyWh, slot) => ({ slot, energyWh }));
    sum.addMeterDay(dayOfReadings({ meterNo, day: DAY, intervalMinutes: 30 }, readings), [{ from: 0, to: null }]);
  });
  const group = { from: 0, to: null, intervalMinutes: 30, meters: usedWh.length, transformerId: 'T1' };
  const summariesIn = ({ fromDay, toDay }: { fromDay: number; toDay: number }) =>
    sum.list().filter(({ day }) => day >= fromDay && day < toDay);
  return apiHandler(
    networkRoutes({
      windows: {
        daysOf: async (query) => summariesIn(query),
        daysOfTransformers: async (query) => new Map([['T1', summariesIn(query)]]),
      },
      topology: {
        exists: async () => true,
        feeder: async () => ({ declaredLossPercent: 5, sensorId: null }),
        serviceGroups: async () => [group],
        timeZones: async () => ['UTC'],
        transformers: async () => [{ transformerId: 'T1', feederId: 'F1', ratingKva: 100 }],
        network: () => Promise.reject(new Error('not asked')),
      },
    }),
    () => FROM + 86_400_000,
  );
}

const everySlot = (meters: readonly number[]) => meters.map((wh) => Array.from({ length: 48 }, () => wh));

/** What meters add up to: every route of the network but its map. */
const aggregates = routes.filter((route) => route.function === 'network' && route.id !== 'getNetwork');
const QUERIES: Readonly<Record<string, Record<string, string>>> = {
  getNetworkLoading: { at: range.to },
  getTransformerConsumption: { granularity: 'hour', ...range },
  getFeederConsumption: { granularity: 'hour', ...range },
  getFeederLosses: { granularity: 'hour', ...range },
  getRegionConsumption: { granularity: 'month', ...range },
  getSystemConsumption: { granularity: 'day', ...range },
};

/** Energies and powers that an answer tells, in its windows, periods, intervals or transformers. */
async function told(route: Route, group: string, meters: readonly (readonly number[])[]) {
  const query = QUERIES[route.id] ?? range;
  const params = Object.fromEntries([...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, 'X1']));
  const claims = { ...claimsFor(route), 'cognito:groups': group };
  const { status, body } = await callApi(networkOf(meters), route, { params, query, claims });
  expect(status).toBe(200);
  const { windows, periods, intervals, transformers } = body as Record<string, Record<string, unknown>[]>;
  const parts = windows ?? periods ?? intervals ?? transformers ?? [];
  expect(parts.length).toBeGreaterThan(0);
  const sums = parts.map(({ sum, value, loadKva, consumed }) => sum ?? value ?? loadKva ?? consumed ?? null);
  return { parts, told: sums.filter((sum) => sum !== null).length, withheld: parts.filter((p) => p.withheld).length };
}

beforeAll(() => {
  process.env.API_CLIENT_IDS = CLIENT_IDS;
});

test('these routes tell what meters add up to, and everybody else tells nothing of energy to viewers', () => {
  expect(aggregates.map(({ id }) => id).sort()).toEqual([
    'getFeederConsumption',
    'getFeederLosses',
    'getFeederWindows',
    'getNetworkLoading',
    'getRegionConsumption',
    'getRegionWindows',
    'getSystemConsumption',
    'getSystemWindows',
    'getTransformerConsumption',
    'getTransformerLoading',
    'getTransformerWindows',
  ]);
  const others = routes.filter(
    (route) =>
      !aggregates.includes(route) && !('public' in route.access) && route.access.groups.some((one) => one === 'viewer'),
  );
  expect(others.map(({ id }) => id).sort()).toEqual([
    'getFeederLoad',
    'getNetwork',
    'getReliability',
    'getSensor',
    'getSensorTelemetry',
    'getSystemLoad',
    'listOutages',
    'listSensors',
  ]);
});

describe.each(aggregates.map((route) => [route.id, route] as const))('%s', (_, route) => {
  test.each(groups)('%s at the limit: 15 customers, the greatest with 15 %%', async (group) => {
    const { parts, told: sums, withheld } = await told(route, group, everySlot(AT_THE_LIMIT));
    expect([sums, withheld]).toEqual([parts.length, 0]);
  });
  test.each([
    ['one Wh more for the greatest', ONE_WH_MORE],
    ['one customer less', ONE_TOO_FEW],
  ])('%s: withheld from viewers, and said so; told to those who may read single meters', async (_name, meters) => {
    const viewer = await told(route, 'viewer', everySlot(meters));
    expect([viewer.told, viewer.withheld]).toEqual([0, viewer.parts.length]);
    for (const part of viewer.parts) {
      // Times, counts and shares of intervals; of a loss only what it was computed by.
      const { start, end, withheld: _withheld, basis, ...rest } = part;
      const { transformerId, feederId, ratingKva, completeness, estimatedShare, ...others } = rest;
      const energies = Object.entries(others).filter(([name]) => !/^(intervals|meters)[A-Z]/.test(name));
      expect(energies.length).toBeGreaterThan(0);
      for (const [, one] of energies) expect(one).toBeNull();
    }
    for (const group of groups.filter((one) => one !== 'viewer')) {
      const full = await told(route, group, everySlot(meters));
      expect([full.told, full.withheld]).toEqual([full.parts.length, 0]);
    }
  });
});

const windowRoutes = aggregates.filter(({ id }) => id.endsWith('Windows'));

test.each(windowRoutes.map((route) => [route.id, route] as const))('%s: extremes are one meter’s', async (_, route) => {
  const meters = everySlot(AT_THE_LIMIT);
  const extremes = async (group: string) =>
    (await told(route, group, meters)).parts.map(({ minimum, maximum }) => [minimum, maximum]);
  expect(new Set((await extremes('viewer')).flat())).toEqual(new Set([null]));
  expect(new Set((await extremes('analyst')).flat())).toEqual(new Set([1.7, 4.2]));
});

test('a peak is of one interval, and withheld where that alone would be: the day is told', async () => {
  // In the first half hour one meter has 10,000 of 24,000 Wh; of the day none has more than 50,000 / 714,000 = 7 %.
  const meters = everySlot(Array.from({ length: 15 }, () => 1000)).map((slots, meter) =>
    meter === 0 ? [10_000, ...slots.slice(1)] : slots,
  );
  const route = routesById.getFeederWindows;
  const ask = async (group: string) => {
    const { body } = await callApi(networkOf(meters), route, {
      params: { feederId: 'F1' },
      query: { size: '1d', ...range },
      claims: { ...claimsFor(route), 'cognito:groups': group } as Record<string, string>,
    });
    return (body as { windows: Record<string, unknown>[] }).windows[0];
  };
  expect(await ask('viewer')).toMatchObject({ sum: 729, peak: null });
  expect(await ask('analyst')).toMatchObject({ sum: 729, peak: 48 });
});

test('with nobody reporting there is nothing to withhold', async () => {
  const { parts, withheld } = await told(routesById.getFeederWindows, 'viewer', []);
  expect(withheld).toBe(0);
  expect(parts[0]).toMatchObject({ sum: null, intervalsPresent: 0 });
});

test.each(groups)('%s: what a transformer’s sensor measures may be one customer’s', async (group) => {
  const sensor = (transformerId: string | null) => ({
    sensorId: 'S1',
    name: 'S1',
    feederId: 'F1',
    transformerId,
    kinds: [],
  });
  const route = routesById.getSensorTelemetry;
  const ask = async (transformerId: string | null) => {
    const handler = apiHandler(
      telemetryRoutes({
        telemetry: { read: async () => [], aggregate: async () => [] },
        registry: {
          findSensors: async () => new Map([['S1', sensor(transformerId)]]),
          findFeeder: async () => undefined,
          list: async () => ({ sensors: [], feeders: [] }),
        },
      }),
    );
    const claims = { ...claimsFor(route), 'cognito:groups': group } as Record<string, string>;
    return (await callApi(handler, route, { params: { sensorId: 'S1' }, query: range, claims })).status;
  };
  expect(await ask(null)).toBe(200);
  expect(await ask('T1')).toBe(group === 'viewer' ? 403 : 200);
});
