import fc from 'fast-check';
import { DEFAULT_VEE_SETTINGS } from '../../../layers/contracts/vee/settings.ts';
import {
  alignedSegments,
  type RegisterForm,
  type RegisterReading,
  registerEnergy,
} from '../../../layers/domain/registers/register-energy.ts';
import { registerIntervals } from '../../../layers/domain/registers/register-intervals.ts';

const HOUR = 3_600_000;
const settings = DEFAULT_VEE_SETTINGS.registers;
const form: RegisterForm = { from: 0, to: null, digits: 5, resolutionWh: 1, multiplier: 1 };
const read = (hour: number, shownWh: number, over: Partial<RegisterReading> = {}): RegisterReading => ({
  readAt: hour * HOUR,
  shownWh,
  revision: 0,
  ...over,
});
const brief = (readings: RegisterReading[], forms = [form]) =>
  registerEnergy(readings, { forms }, settings).map(({ from, to, energyWh, why }) => [
    from / HOUR,
    to / HOUR,
    energyWh,
    why,
  ]);

describe('energy from registers', () => {
  test('reads out of order and in batches give what reads in order give', () => {
    const reads = [read(0, 100), read(24, 900), read(48, 1500)];
    const expected = [
      [0, 24, 800, 'advance'],
      [24, 48, 600, 'advance'],
    ];
    expect(brief(reads)).toEqual(expected);
    expect(brief(reads.toReversed())).toEqual(expected);
  });
  test('any order and any repetition of any reads give the same', () => {
    const reads = fc.array(
      fc.record({
        readAt: fc.integer({ min: 0, max: 20 }).map((hour) => hour * HOUR),
        shownWh: fc.integer({ min: 0, max: 99_999 }),
        revision: fc.integer({ min: 0, max: 2 }),
        exchange: fc.constantFrom(undefined, undefined, 'final' as const, 'initial' as const),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(reads, fc.infiniteStream(fc.nat()), (given, order) => {
        const ranks = given.map(() => order.next().value as number);
        const shuffled = given.map((_, n) => n).sort((a, b) => (ranks[a] as number) - (ranks[b] as number));
        const again = [...shuffled, ...shuffled].map((n) => given[n] as RegisterReading);
        expect(brief(again)).toEqual(brief(given));
      }),
    );
  });
  test('a rollover of five digits: 99,999.5 → 0.7 kWh is 1.2 kWh', () => {
    expect(brief([read(0, 99_999_500), read(24, 700)])).toEqual([[0, 24, 1200, 'rollover']]);
  });
  test('a fall that would be 50,000 kWh in a day is no rollover but a rollback', () => {
    expect(brief([read(0, 60_000_000), read(24, 10_000_000)])).toEqual([[0, 24, null, 'rollback']]);
  });
  test('an exchange: nothing is computed from one meter to the other; each has its own segments', () => {
    const reads = [
      read(0, 5000),
      read(10, 6000, { exchange: 'final', serial: 'A' }),
      read(10, 0, { exchange: 'initial', serial: 'B' }),
      read(24, 700),
    ];
    expect(brief(reads)).toEqual([
      [0, 10, 1000, 'advance'],
      [10, 24, 700, 'advance'],
    ]);
  });
  test('an exchange with hours in between states those hours as not known', () => {
    const reads = [read(0, 5000), read(10, 6000, { exchange: 'final' }), read(12, 0, { exchange: 'initial' })];
    expect(brief(reads)).toEqual([
      [0, 10, 1000, 'advance'],
      [10, 12, null, 'exchange'],
    ]);
  });
  test('another serial number is an exchange that nobody told of', () => {
    expect(brief([read(0, 5000, { serial: 'A' }), read(24, 9000, { serial: 'B' })])).toEqual([
      [0, 24, null, 'exchange'],
    ]);
  });
  test('a repeated snapshot makes no false peak: 100, 100, 102 is 2 over both intervals, not 0 and 2', () => {
    expect(brief([read(0, 100), read(0.5, 100), read(1, 102)])).toEqual([[0, 1, 2, 'advance']]);
  });
  test('a register that stands still for two hours stood still', () => {
    expect(brief([read(0, 100), read(2, 100), read(3, 102)])).toEqual([
      [0, 2, 0, 'advance'],
      [2, 3, 2, 'advance'],
    ]);
  });
  test('the multiplier counts once, from when it holds; a read that spans its change says nothing', () => {
    const forms = [
      { ...form, to: 24 * HOUR, multiplier: 40 },
      { ...form, from: 24 * HOUR, multiplier: 80 },
    ];
    expect(brief([read(0, 100), read(24, 110), read(48, 120)], forms)).toEqual([
      [0, 24, 400, 'advance'],
      [24, 48, 800, 'advance'],
    ]);
    expect(brief([read(12, 100), read(36, 110)], forms)).toEqual([[12, 36, null, 'form']]);
  });
  test('a higher revision replaces a read; two values in one revision leave both sides unknown', () => {
    expect(brief([read(0, 100), read(24, 900), read(24, 800, { revision: 1 })])).toEqual([[0, 24, 700, 'advance']]);
    expect(brief([read(0, 100), read(24, 900), read(24, 800), read(48, 1000)])).toEqual([
      [0, 24, null, 'conflict'],
      [24, 48, null, 'conflict'],
    ]);
  });
  test('no register advances by more than the service carries: 100 kW for an hour', () => {
    expect(brief([read(0, 0), read(1, 100_001)])).toEqual([[0, 1, 100_001, 'advance']]);
    expect(brief([read(0, 0), read(1, 100_002)])).toEqual([[0, 1, null, 'implausible']]);
  });
});

describe('intervals from register reads', () => {
  test('an interval has energy only if it was read at both ends; a longer time is a gap with its energy, never split', () => {
    const segments = registerEnergy([read(1, 100), read(2, 130), read(5, 190)], { forms: [form] }, settings);
    expect(registerIntervals(segments, { from: 0, to: 6 * HOUR, intervalMs: HOUR })).toEqual({
      intervals: [{ start: HOUR, energyWh: 30 }],
      gaps: [
        { from: 0, to: HOUR, energyWh: null },
        { from: 2 * HOUR, to: 5 * HOUR, energyWh: 60 },
        { from: 5 * HOUR, to: 6 * HOUR, energyWh: null },
      ],
    });
  });
  test('a read three minutes off a boundary stands on it, one four minutes off does not', () => {
    const segments = registerEnergy([read(0, 0), read(1.05, 10), read(2 + 4 / 60, 20)], { forms: [form] }, settings);
    const aligned = alignedSegments(segments, HOUR / 2, settings.alignmentSeconds * 1000);
    expect(aligned.map(({ from, to }) => [from / HOUR, to / HOUR])).toEqual([[0, 1]]);
  });
});
