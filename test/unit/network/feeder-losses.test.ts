import fc from 'fast-check';
import { networkRoutes } from '../../../functions/api/network/network-routes.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import { type BalanceSpan, feederBalances } from '../../../layers/domain/network/feeder-losses.ts';
import { DaySummaries } from '../../../layers/domain/windows/day-summary.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi, claimsFor } from '../../harness/api-events.ts';
import { dayOfReadings } from '../../harness/day-of-readings.ts';
import { seededRandom } from '../../harness/seeded-random.ts';

const HALF_HOUR = 1_800_000;
const DAY = 15_613;
const START = DAY * 86_400_000;

interface SpanCase {
  headWh: number | null;
  consumedWh: number;
  exportedWh?: number;
  meters?: number;
  missing?: number;
}

const spansOf = (cases: readonly SpanCase[]): BalanceSpan[] =>
  cases.map(({ headWh, consumedWh, exportedWh = 0, meters = 4, missing = 0 }, index) => {
    const counts = { intervalsExpected: meters, intervalsPresent: meters - missing, metersPresent: meters - missing };
    return {
      start: index * HALF_HOUR,
      end: (index + 1) * HALF_HOUR,
      headWh,
      consumed: { energyWh: consumedWh, mostOfOneWh: consumedWh / 2, ...counts },
      exported: { energyWh: exportedWh, mostOfOneWh: exportedWh, ...counts },
    };
  });
const over = (cases: readonly SpanCase[], declared: number | null = null) =>
  feederBalances([{ start: 0, end: cases.length * HALF_HOUR }], spansOf(cases), declared)[0];

test('measured: 1050 + 200 fed in − 1150 consumed are 100 Wh lost', () => {
  expect(over([{ headWh: 1050, consumedWh: 1150, exportedWh: 200 }])).toMatchObject({
    basis: 'measured',
    enteredWh: 1050,
    exportedWh: 200,
    consumedWh: 1150,
    lostWh: 100,
    spansExpected: 1,
    spansCounted: 1,
  });
});

test('an interval that a meter or the head lacks is in no balance: else its energy would be called a loss', () => {
  const found = over([
    { headWh: 1050, consumedWh: 1000 },
    { headWh: 1050, consumedWh: 750, missing: 1 },
    { headWh: null, consumedWh: 1000 },
  ]);
  expect(found).toMatchObject({ basis: 'measured', lostWh: 50, spansExpected: 3, spansCounted: 1 });
});

test('declared 5 %: 950 Wh consumed are 95 % of what entered and was fed in, so 50 are lost; labelled so', () => {
  const found = over([{ headWh: null, consumedWh: 950, exportedWh: 300 }], 5);
  expect(found).toMatchObject({ basis: 'declared', lostWh: 50, enteredWh: 700, exportedWh: 300, consumedWh: 950 });
});

test('what the head measured comes before what is declared', () => {
  expect(over([{ headWh: 1050, consumedWh: 1000 }], 20)).toMatchObject({ basis: 'measured', lostWh: 50 });
});

test('without a head, a declaration or a complete interval there is no loss, not zero', () => {
  const nothing = { basis: null, lostWh: null, enteredWh: null, consumedWh: null };
  expect(over([{ headWh: null, consumedWh: 1000 }])).toMatchObject(nothing);
  expect(over([{ headWh: 900, consumedWh: 700, missing: 1 }], 5)).toMatchObject(nothing);
  expect(over([{ headWh: 900, consumedWh: 0, meters: 0 }], 5)).toMatchObject(nothing);
});

/**
 * A feeder of one day: meters with whole Wh, a loss of whole Wh in every half hour, and a head that measures both. Every route and
 * granularity has to give back the losses that were put in, whatever is missing and however often the head reports.
 */
function feederOf(seed: number) {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const meters = 1 + below(20);
  const isMissing = Array.from({ length: 48 }, () => (below(5) === 0 ? below(meters) : -1));
  const headSilent = Array.from({ length: 48 }, () => below(6) === 0);
  const lossWh = Array.from({ length: 48 }, () => below(500));
  const sum = new DaySummaries();
  const totalWh = new Float64Array(48);
  for (let meterNo = 0; meterNo < meters; meterNo++) {
    const readings = Array.from({ length: 48 }, (_, slot) => ({ slot, energyWh: below(3000) }));
    for (const { slot, energyWh } of readings) totalWh[slot] = (totalWh[slot] as number) + energyWh;
    const key = { meterNo, day: DAY, intervalMinutes: 30 };
    const present = readings.filter(({ slot }) => isMissing[slot] !== meterNo);
    sum.addMeterDay(dayOfReadings(key, present), [{ from: 0, to: null }]);
  }
  const samples = Array.from({ length: 48 }, (_, slot) => slot)
    .filter((slot) => !headSilent[slot])
    .map((slot) => {
      const kw = (((totalWh[slot] as number) + (lossWh[slot] as number)) * 2) / 1000;
      const start = START + slot * HALF_HOUR;
      return { sensorId: 'F1-S', start, mean: kw, minimum: kw, maximum: kw, count: 30 };
    });
  const handler = apiHandler(
    networkRoutes({
      windows: {
        daysOf: async ({ channel, fromDay, toDay }) =>
          channel === 'activeEnergyImport' ? sum.list().filter(({ day }) => day >= fromDay && day < toDay) : [],
        daysOfTransformers: async () => new Map(),
      },
      telemetry: { aggregate: async ({ from, to }) => samples.filter(({ start }) => start >= from && start < to) },
      topology: {
        exists: async () => true,
        feeder: async () => ({ declaredLossPercent: null, sensorId: 'F1-S' }),
        serviceGroups: async ({ channel }) =>
          channel === 'activeEnergyImport'
            ? [{ from: 0, to: null, intervalMinutes: 30, meters, transformerId: 'T1' }]
            : [],
        timeZones: async () => ['UTC'],
        transformers: async () => [],
        network: () => Promise.reject(new Error('not asked')),
      },
    }),
    () => START + 2 * 86_400_000,
  );
  const counted = Array.from({ length: 48 }, (_, slot) => slot).filter((s) => isMissing[s] === -1 && !headSilent[s]);
  return { handler, counted, lossWh, totalWh };
}

test('feeder = Σ meters + losses, in every hour and the whole day, whatever is missing', async () => {
  process.env.API_CLIENT_IDS = CLIENT_IDS;
  const route = routesById.getFeederLosses;
  let balanced = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
      const { handler, counted, lossWh, totalWh } = feederOf(seed);
      for (const granularity of ['hour', 'day']) {
        const { status, body } = await callApi(handler, route, {
          params: { feederId: 'F1' },
          query: {
            granularity,
            from: new Date(START).toISOString(),
            to: new Date(START + 86_400_000).toISOString(),
          },
          claims: { ...claimsFor(route), 'cognito:groups': 'analyst' } as Record<string, string>,
        });
        expect(status).toBe(200);
        const periods = (body as { periods: Record<string, number | string | null>[] }).periods;
        const slots = 48 / periods.length;
        expect(periods.length).toBe(granularity === 'day' ? 1 : 24);
        periods.forEach((period, index) => {
          const own = counted.filter((slot) => Math.floor(slot / slots) === index);
          expect(period.intervalsCounted).toBe(own.length);
          if (own.length === 0) {
            expect(period).toMatchObject({ basis: null, loss: null, consumed: null });
            return;
          }
          const sum = (of: ArrayLike<number>) => own.reduce((total, slot) => total + (of[slot] as number), 0);
          expect(period).toMatchObject({
            basis: 'measured',
            entered: (sum(totalWh) + sum(lossWh)) / 1000,
            consumed: sum(totalWh) / 1000,
            loss: sum(lossWh) / 1000,
          });
          balanced += 1;
        });
      }
    }),
    { numRuns: 40, seed: 7 },
  );
  expect(balanced).toBeGreaterThan(500);
});
