import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Topology } from '../../../layers/contracts/messages/topology.ts';
import { indexAt, startOfIndex, startOfLocalDay } from '../../../local/fleet/calendar.ts';
import { BLANK, parseSource, readSource, SOURCE_INTERVALS } from '../../../local/fleet/data/source.ts';
import { meterSource, sensorSource } from '../../../local/fleet/messages.ts';
import { boundedPlan, chooseShift } from '../../../local/fleet/plan.ts';
import { feederMeasurements } from '../../../local/fleet/sensors.ts';
import { planFeeders, topologyDocument } from '../../../local/fleet/topology.ts';

const meters = readSource();
const feeders = planFeeders(meters);
const ORIGINAL =
  process.env.METERS_CSV ?? join(import.meta.dirname, '../../../../shared/data/forecast/dev/meters.csv.gz');
const beside = existsSync(ORIGINAL) ? test : test.skip;

beside('the copy is the original, value by value', () => {
  const original = parseSource(gunzipSync(readFileSync(ORIGINAL)).toString());
  expect(meters).toHaveLength(50);
  meters.forEach((meter, n) => {
    expect(
      Buffer.compare(
        Buffer.from(meter.valuesWh.buffer),
        Buffer.from(original[n]?.valuesWh.buffer ?? new ArrayBuffer(0)),
      ),
    ).toBe(0);
  });
});

test('local days of Sydney have 46, 48 and 50 half hours', () => {
  const halfHours = (date: string) => indexAt(startOfLocalDay(date, 1)) - indexAt(startOfLocalDay(date));
  expect(['2012-10-06', '2012-10-07', '2013-04-07'].map(halfHours)).toEqual([48, 46, 50]);
  expect(new Date(startOfIndex(indexAt(startOfLocalDay('2012-09-30')))).toISOString()).toBe('2012-09-29T14:00:00.000Z');
});

test('a bounded plan is cut at local midnights', () => {
  const plan = boundedPlan('2012-09-30', 14);
  expect(plan.end - plan.from).toBe(14 * 48 - 2);
  expect(plan.cuts).toHaveLength(14);
  expect(() => boundedPlan('2020-01-01', 3)).toThrow(/no readings/);
  expect(() => startOfLocalDay('30.9.2012')).toThrow(/not a date/);
});

test('the live shift is whole weeks, with data ahead and most meters in service', () => {
  const now = Date.UTC(2026, 10, 23, 12);
  const { weeks, from } = chooseShift(meters, now);
  const serving = meters.filter((meter) => meter.first <= from && meter.end > from + 60 * 48);
  expect(Number.isInteger(weeks)).toBe(true);
  expect(serving.length).toBeGreaterThanOrEqual(40);
  expect(from + (35 + 180) * 48).toBeLessThanOrEqual(SOURCE_INTERVALS);
});

test('the topology fits its contract and names every meter once', () => {
  const document = Topology.parse(topologyDocument({ meters, feeders, shiftMs: 0, now: Number.POSITIVE_INFINITY }));
  expect(new Set(document.meters?.map((meter) => meter.meterId)).size).toBe(50);
  expect(document.transformers).toHaveLength(12);
  expect(document.feeders).toHaveLength(4);
});

test('a feeder shows its meters plus losses of a few per cent', () => {
  const index = indexAt(Date.UTC(2013, 6, 1, 9));
  for (const feeder of feeders) {
    const sumKw =
      feeder.transformers
        .flatMap((transformer) => transformer.meters)
        .reduce(
          (sum, meter) => sum + (meter.valuesWh[index] === BLANK ? 0 : (meter.valuesWh[index] as number) * 2),
          0,
        ) / 1000;
    const shownKw = feederMeasurements(feeder, index).find(({ kind }) => kind === 'activePower')?.value ?? 0;
    expect(shownKw).toBeGreaterThan(sumKw);
    expect(shownKw).toBeLessThan(sumKw * 1.15 + 1);
  }
});

test('the largest messages stay below 128 KiB', () => {
  for (const meter of meters) {
    const source = meterSource(meter, 'local');
    const message = source.message(meter.first, Math.min(meter.end, meter.first + source.maxIntervals), 0);
    expect(message?.length).toBeLessThanOrEqual(131_072);
  }
  for (const feeder of feeders) {
    const source = sensorSource(feeder, 'local');
    const from = indexAt(Date.UTC(2013, 6, 1));
    expect(source.message(from, from + source.maxIntervals, 0)?.length).toBeLessThanOrEqual(131_072);
  }
});
