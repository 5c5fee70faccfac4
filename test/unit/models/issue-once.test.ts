import { buildRequests } from '../../../functions/learn/build-forecast-requests/build-requests.ts';
import type { StoredForecast } from '../../../layers/domain/models/forecast-store.ts';
import { DAY_MS } from '../../../layers/domain/readings/calendar-day.ts';

const DAY = 20_000;
const ORIGIN = DAY * DAY_MS + 6 * 3_600_000;

/** A system of one region that has been read up to 06:20. */
const ports = (issued: number | undefined) => {
  const asked: string[] = [];
  const present = new Float64Array(144).fill(5, 0, 38);
  const day = { channel: 1, intervalMinutes: 10, day: DAY, present, sumWh: present.map((meters) => 100 * meters) };
  return {
    asked,
    meters: false,
    windows: { daysOf: async () => [day] as never },
    latestDay: async () => DAY,
    topology: {
      network: async () =>
        ({
          regions: [{ regionId: 'R', name: 'R', timeZone: 'UTC' }],
          substations: [],
          feeders: [],
          transformers: [],
        }) as never,
      listMeters: async () => [],
    },
    forecasts: {
      latest: async ({ asOf }: { asOf: number }) =>
        (issued !== undefined && issued <= asOf ? [{ issuedAt: issued }] : []) as unknown as StoredForecast[],
    },
    objects: {
      bucket: 'b',
      put: async (key: string) => void asked.push(key),
      read: async () => new Uint8Array(),
      uri: (key: string) => key,
    },
  };
};

test.each<[string, number | undefined, boolean | undefined, boolean]>([
  ['the first readings are forecast at once', undefined, true, true],
  ['an hour that has been read since is forecast', ORIGIN - 3_600_000, true, true],
  ['an hour that has its forecast is not asked of again', ORIGIN, true, false],
  ['but for an operator, who says so', ORIGIN, undefined, true],
])('%s', async (_, issued, onlyNew, asks) => {
  const known = ports(issued);
  const request = onlyNew === undefined ? {} : { onlyNew };
  const { output } = await buildRequests(known)({ execution: 'e', request });
  expect(output.issuedAt).toBe(new Date(ORIGIN).toISOString());
  expect([output.shardCount > 0, known.asked.length > 0]).toEqual([asks, asks]);
});
