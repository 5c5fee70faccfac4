/** What is stored: the same bytes for every contender. */
export interface Load {
  /** Stream records (envelopes as the topic rules write them), by batch as one invocation gets them. */
  batches: Uint8Array[][];
  /** Already stored when the measurement begins. */
  before: Uint8Array[][];
  /** Readings in `batches`. */
  readings: number;
  /** Energy in Wh by meter and slot, of everything. */
  expected: Int32Array[];
}

export const LOAD_DAY = 15_613;
export const SLOTS = 48;
const RECEIVED_AT = (LOAD_DAY + 2) * 86_400_000;
const READINGS_PER_MESSAGE = 25;
const METER_DAYS_PER_BATCH = 400;

export const meterIdOf = (meter: number): string => `m${String(meter).padStart(6, '0')}`;
const startOf = (slot: number): string =>
  new Date(LOAD_DAY * 86_400_000 + slot * 1_800_000).toISOString().replace('.000Z', 'Z');
const STARTS = Array.from({ length: SLOTS }, (_, slot) => startOf(slot));
const HEAD = { channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 };

const record = (payload: unknown): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      payload: Buffer.from(JSON.stringify(payload)).toString('base64'),
      topic: 'headend/bench/interval-readings',
      clientId: 'bench',
      receivedAt: RECEIVED_AT,
      traceId: '6f1c0f0e-0000-4000-8000-000000000000',
    }),
  );

/** Household-like half-hours, Wh: mostly small, now and then a kettle. A seeded generator: the same in every run. */
function energies(meters: number): Int32Array[] {
  let state = 12_345;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: meters }, () =>
    Int32Array.from({ length: SLOTS }, () => Math.floor(next() ** 4 * 3000 + next() * 120)),
  );
}

const chunked = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** Whole meter-days: 48 intervals of one meter in one message. */
export function meterDayLoad(meters: number): Load {
  const expected = energies(meters);
  const records = expected.map((day, meter) =>
    record({
      meterId: meterIdOf(meter),
      ...HEAD,
      intervals: STARTS.map((start, slot) => ({ start, value: (day[slot] as number) / 1000 })),
    }),
  );
  return { batches: chunked(records, METER_DAYS_PER_BATCH), before: [], readings: meters * SLOTS, expected };
}

/** One interval of every meter per batch, 25 readings per message, into days that hold their first half already. */
export function timeMajorLoad(meters: number, intervals: number): Load {
  const expected = energies(meters).map((day) => day.fill(-1, SLOTS / 2 + intervals));
  const batchOf = (slot: number): Uint8Array[] =>
    chunked([...expected.keys()], READINGS_PER_MESSAGE).map((group) =>
      record(
        group.map((meter) => ({
          meterId: meterIdOf(meter),
          ...HEAD,
          start: STARTS[slot],
          value: ((expected[meter] as Int32Array)[slot] as number) / 1000,
        })),
      ),
    );
  const slots = Array.from({ length: SLOTS / 2 + intervals }, (_, slot) => slot);
  return {
    before: slots.slice(0, SLOTS / 2).map(batchOf),
    batches: slots.slice(SLOTS / 2).map(batchOf),
    readings: meters * intervals,
    expected,
  };
}
