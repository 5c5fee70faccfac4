import { DEFAULT_VEE_SETTINGS } from '../../../layers/contracts/vee/settings.ts';
import { boundaryRead } from '../../../layers/domain/registers/boundary-reads.ts';
import { type RegisterReading, registerEnergy } from '../../../layers/domain/registers/register-energy.ts';

const HOUR = 3_600_000;
const MIDNIGHT = Date.parse('2026-03-04T00:00:00Z');
const form = { from: 0, to: null, digits: 5, resolutionWh: 1, multiplier: 1 };

interface Case {
  reads: Partial<RegisterReading>[];
  multiplier?: number;
  digits?: number;
  /** Wh from the read before to the boundary; null: an interval is missing. */
  between?: number | null;
  side?: 'opening' | 'closing';
}

function boundary({ reads, multiplier = 1, digits = 5, between = null, side = 'opening' }: Case) {
  const given = reads.map((read) => ({ readAt: MIDNIGHT, shownWh: 0, revision: 0, ...read }));
  const forms = [{ ...form, multiplier, digits }];
  const segments = registerEnergy(given, { forms }, DEFAULT_VEE_SETTINGS.registers);
  const sources = { reads: given, forms, segments, toleranceMs: 180_000, energyBetween: () => between };
  return boundaryRead(sources, MIDNIGHT, side);
}

test('a read three minutes off the boundary is the boundary read, measured; one four minutes off is not', () => {
  const at = (minutes: number) => boundary({ reads: [{ readAt: MIDNIGHT - minutes * 60_000, shownWh: 5000 }] });
  expect(at(3)).toEqual({ at: MIDNIGHT, shownWh: 5000, basis: 'measured' });
  expect(at(4)).toBeNull();
});

test('estimated: the read before, 5000, and the 1200 Wh of the intervals since', () => {
  expect(boundary({ reads: [{ readAt: MIDNIGHT - 6 * HOUR, shownWh: 5000 }], between: 1200 })).toEqual({
    at: MIDNIGHT,
    shownWh: 6200,
    basis: 'estimated',
  });
});

test('the display counts before the transformers: 1200 Wh are 60 on a display of multiplier 20', () => {
  const reads = [{ readAt: MIDNIGHT - 6 * HOUR, shownWh: 5000 }];
  expect(boundary({ reads, between: 1200, multiplier: 20 })?.shownWh).toBe(5060);
});

test('with a missing interval, the part of the advance that the time is: 6 of 24 hours of 4000', () => {
  const reads = [
    { readAt: MIDNIGHT - 6 * HOUR, shownWh: 5000 },
    { readAt: MIDNIGHT + 18 * HOUR, shownWh: 9000 },
  ];
  expect(boundary({ reads })).toEqual({ at: MIDNIGHT, shownWh: 6000, basis: 'estimated' });
});

test('an estimate over a rollover of five digits: 99,999 + 3 kWh is 2', () => {
  const reads = [{ readAt: MIDNIGHT - 6 * HOUR, shownWh: 99_999_000 }];
  expect(boundary({ reads, between: 3000 })?.shownWh).toBe(2000);
});

test('at the instant of an exchange the day that ends has the old meter, the day that begins the new one', () => {
  const reads = [
    { shownWh: 80_000_000, exchange: 'final' as const, serial: 'A' },
    { shownWh: 7, exchange: 'initial' as const, serial: 'B' },
  ];
  expect(boundary({ reads, side: 'closing' })?.shownWh).toBe(80_000_000);
  expect(boundary({ reads, side: 'opening' })?.shownWh).toBe(7);
});

test('nothing follows from a meter that has left, from two values of one read, or from no read', () => {
  const left = { readAt: MIDNIGHT - HOUR, shownWh: 5000, exchange: 'final' as const };
  expect(boundary({ reads: [left], between: 10 })).toBeNull();
  expect(boundary({ reads: [{ shownWh: 5000 }, { shownWh: 5001 }], between: 10 })).toBeNull();
  expect(boundary({ reads: [], between: 10 })).toBeNull();
});
