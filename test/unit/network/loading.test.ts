import { feederLoad, systemLoad } from '../../../layers/domain/network/feeder-load.ts';
import { loadingBand, transformerLoad } from '../../../layers/domain/network/transformer-loading.ts';

const period = {
  start: 0,
  end: 1_800_000,
  energyWh: 47_500,
  intervalsExpected: 4,
  intervalsPresent: 3,
  intervalsEstimated: 0,
  metersPresent: 3,
  metersExpected: 4,
  mostOfOneWh: 30_000,
};
const of = { ratingKva: 100, singleMeters: true };

test('47.5 kWh in half an hour are 100 kVA at a power factor of 0.95', () => {
  expect(transformerLoad(period, of)).toEqual({
    loadKva: 100,
    loadingPercent: 100,
    band: 'high',
    metersExpected: 4,
    metersPresent: 3,
  });
});

test('without a reading there is no load, not zero', () => {
  expect(transformerLoad({ ...period, energyWh: 0, metersPresent: 0 }, of).loadKva).toBeNull();
});

test.each([
  [79.99, 'normal'],
  [80, 'warn'],
  [100, 'high'],
  [120, 'critical'],
] as const)('%d %% is %s', (percent, band) => {
  expect(loadingBand(percent)).toBe(band);
});

describe('feeder and system load', () => {
  const range = { from: 0, to: 3_600_000, minutes: 30 };
  const sample = { start: 0, mean: 10, minimum: 7, maximum: 12, count: 5 };

  test('a total counts before phases, phases add up, silence is null', () => {
    const phases = (['L1', 'L2'] as const).map((phase) => ({ ...sample, sensorId: 'S', phase }));
    expect(feederLoad([...phases, { ...sample, sensorId: 'S' }], range).map(({ value }) => value)).toEqual([10, null]);
    expect(feederLoad(phases, range)[0]).toMatchObject({ value: 20, minimum: 14, maximum: 24, samplesPresent: 5 });
  });

  test('the system is the sum of the feeders that reported', () => {
    const one = feederLoad([{ ...sample, sensorId: 'S' }], range);
    const silent = feederLoad([], range);
    expect(systemLoad([one, silent], range)).toEqual([
      { start: 0, end: 1_800_000, value: 10, feedersExpected: 2, feedersPresent: 1 },
      { start: 1_800_000, end: 3_600_000, value: null, feedersExpected: 2, feedersPresent: 0 },
    ]);
  });
});
