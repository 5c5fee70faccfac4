import type { QuarantinedMessage } from '../../../layers/contracts/messages/quarantined-message.ts';
import type { FutureTimeSource } from '../../../layers/domain/messages/latest-time.ts';
import type { MeterEvent } from '../../../layers/domain/readings/meter-facts.ts';
import type { ReadingColumns, ReadingVersion } from '../../../layers/domain/readings/reading-columns.ts';
import { storeReadings } from '../../../layers/domain/readings/store-readings.ts';

const NOW = Date.parse('2012-10-02T00:00:00Z');
const TOPIC = 'meters/m1/interval-readings';
const good = {
  meterId: 'm1',
  channel: 'activeEnergyImport',
  unit: 'kWh',
  intervalMinutes: 30,
  start: '2012-09-30T00:30:00Z',
  value: 0.112,
};

const record = (topic: string, payload: unknown): Uint8Array => {
  const bytes = payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload));
  const envelope = {
    payload: Buffer.from(bytes).toString('base64'),
    topic,
    clientId: 'm1',
    receivedAt: NOW,
    traceId: 't',
  };
  return Buffer.from(JSON.stringify(envelope));
};

/** The use case over stores in memory. */
function setUp(registered: string[], futureTime?: FutureTimeSource) {
  const stored: ReadingVersion[] = [];
  const events: MeterEvent[] = [];
  const poison: QuarantinedMessage[] = [];
  const asked: string[][] = [];
  const store = storeReadings({
    readings: {
      async appendDeltas(batch: ReadingColumns) {
        for (let row = 0; row < batch.length; row++) stored.push(batch.at(row));
      },
      compact: () => Promise.reject(new Error('not here')),
      readIntervals: () => Promise.reject(new Error('not here')),
      readMany: () => Promise.reject(new Error('not here')),
    },
    facts: {
      async storeRegisterReads() {},
      async storeMeterEvents(more) {
        events.push(...more);
      },
    },
    registry: {
      async find(ids) {
        asked.push([...ids]);
        const found = ids.filter((id) => registered.includes(id));
        return new Map(
          found.map((id) => [id, { meterNo: registered.indexOf(id), intervalMinutes: [0, 30], concentratorId: 'c1' }]),
        );
      },
      registers: async () => new Map(),
    },
    quarantine: {
      async put(messages) {
        poison.push(...messages);
      },
    },
    ...(futureTime ? { futureTime } : {}),
    clock: () => NOW,
  });
  return { store, stored, events, poison, asked };
}

test('the good of a batch is stored, the bad is in quarantine with its reasons', async () => {
  const { store, stored, events, poison } = setUp(['m1']);
  const event = { meterId: 'm1', time: '2012-10-01T00:00:00Z', event: 'LAST_GASP' };
  const outcome = await store([
    record(TOPIC, good),
    record(TOPIC, { ...good, value: -1 }),
    record(TOPIC, Uint8Array.from([0xff, 0x8b, 8])),
    record('meters/m2/interval-readings', good),
    record('meters/m1/meter-events', event),
    record('meters/m1/meter-events', { ...event, event: 'NOPE' }),
    record('meters/m1/unheard', good),
    Buffer.from('junk'),
  ]);
  expect(outcome.counts).toEqual({
    ReadingsStored: 1,
    RegisterReadsStored: 0,
    MeterEventsStored: 1,
    MessagesQuarantined: 6,
  });
  expect([stored.length, events.length]).toEqual([1, 1]);
  expect(poison.map(({ kind, reasons }) => `${kind} ${reasons.map(({ code }) => code)}`).sort()).toEqual([
    'interval-readings ID_MISMATCH',
    'interval-readings INVALID_UTF8',
    'interval-readings NEGATIVE',
    'meter-events UNKNOWN_EVENT',
    'unknown INVALID_ENVELOPE',
    'unknown UNKNOWN_TOPIC',
  ]);
});

test('a known meter is not asked for again; one imported a moment ago is stored', async () => {
  const registered = ['m1'];
  const { store, stored, poison, asked } = setUp(registered);
  await store([record(TOPIC, good)]);
  await store([record(TOPIC, good)]);
  expect(asked).toEqual([['m1']]);
  const other = record('meters/m2/interval-readings', { ...good, meterId: 'm2' });
  await store([other]);
  expect(poison.map(({ reasons }) => reasons[0]?.code)).toEqual(['UNKNOWN_METER']);
  registered.push('m2');
  await store([other]);
  expect(stored.map(({ meterNo }) => meterNo)).toEqual([0, 0, 1]);
});

test('the same message twice is one object in quarantine', async () => {
  const { store, poison } = setUp(['m1']);
  await store([record(TOPIC, { ...good, value: -1 }), record(TOPIC, { ...good, value: -1 })]);
  expect(poison).toHaveLength(2);
  expect(poison[0]?.id).toBe(poison[1]?.id);
});

test('a columnar message of meters not seen before takes one question and is stored; a bad row goes aside', async () => {
  const { store, stored, poison, asked } = setUp(['m1', 'm2', 'm3']);
  const { meterId: _, value: __, ...head } = good;
  const columns = { ...head, scale: -3, intervals: 2, meters: ['m1', 'm2'], values: [1, 2, 3, null] };
  await store([
    record('concentrators/c1/interval-columns', columns),
    record('headend/h1/interval-columns', { ...columns, meters: ['m3', 'm9'] }),
  ]);
  expect(asked).toEqual([['m1', 'm2', 'm3', 'm9']]);
  expect(stored.map(({ meterNo, slot, energyWh }) => [meterNo, slot, energyWh])).toEqual([
    [0, 1, 1],
    [0, 2, 2],
    [1, 1, 3],
    [2, 1, 1],
    [2, 2, 2],
  ]);
  expect(poison.map(({ kind, reasons }) => [kind, reasons.map(({ code, path }) => `${code} ${path}`)])).toEqual([
    ['interval-columns', ['UNKNOWN_METER meters[1]']],
  ]);
});

/** Messages that break their schema and the registry, the topic or the clock as well; each reason with where it is. */
const brokenInMoreWays: readonly [string, string, object | readonly object[], readonly string[]][] = [
  [
    'a reading: below zero, of another meter, in the future, in the unit of another channel, of another length, off the grid',
    TOPIC,
    { ...good, meterId: 'm2', unit: 'kvarh', intervalMinutes: 15, start: '2012-10-03T00:07:00Z', value: -1 },
    [
      'NEGATIVE value',
      'ID_MISMATCH meterId',
      'WRONG_UNIT unit',
      'INTERVAL_SIZE intervalMinutes',
      'MISALIGNED start',
      'FUTURE_TIME start',
    ],
  ],
  [
    'a reading: without a length, with a field too many, of a meter that nobody registered',
    'headend/h1/interval-readings',
    { ...good, meterId: 'm9', intervalMinutes: undefined, colour: 'red', value: 0.0001 },
    ['MISSING_FIELD intervalMinutes', 'UNKNOWN_FIELD colour', 'UNKNOWN_METER meterId', 'EXCESS_PRECISION value'],
  ],
  [
    'a block: its head and each of its intervals in its own way',
    TOPIC,
    {
      meterId: 'm9',
      channel: 'activeEnergyImport',
      unit: 'kWh',
      intervalMinutes: 7,
      intervals: [{ start: good.start, value: 1 }, { start: '2031-01-01T00:00:00Z', value: '1' }, 'no interval'],
    },
    [
      'INTERVAL_SIZE intervalMinutes',
      'ID_MISMATCH meterId',
      'UNKNOWN_METER meterId',
      'WRONG_TYPE intervals[1].value',
      'FUTURE_TIME intervals[1].start',
      'WRONG_TYPE intervals[2]',
    ],
  ],
  [
    'an OBIS code of no channel, and a meter of somebody else',
    TOPIC,
    { ...good, channel: undefined, obis: '1-0:99.9.9', meterId: 'm2', value: -2 },
    ['UNKNOWN_CHANNEL obis', 'NEGATIVE value', 'ID_MISMATCH meterId'],
  ],
  [
    'columns: a word that is no scale, a meter twice, one unknown, a value below zero, and half of it in the future',
    'concentrators/c1/interval-columns',
    {
      channel: 'activeEnergyImport',
      unit: 'kWh',
      scale: 'milli',
      intervalMinutes: 30,
      start: '2012-10-01T23:30:00Z',
      intervals: 2,
      meters: ['m1', 'm1', 'm9'],
      values: [1, 2, 3, 4, -5, 6],
    },
    [
      'WRONG_TYPE scale',
      'DUPLICATE_METER meters[0]',
      'DUPLICATE_METER meters[1]',
      'UNKNOWN_METER meters[2]',
      'FUTURE_TIME intervals',
      'NEGATIVE values[4]',
    ],
  ],
  [
    'a register read: no number, of another meter, in the future, in a wrong unit',
    'meters/m1/register-reads',
    { meterId: 'm2', channel: 'activeEnergyImport', unit: 'kvarh', time: '2012-10-02T00:06:00Z', value: 'many' },
    ['WRONG_TYPE value', 'ID_MISMATCH meterId', 'FUTURE_TIME time', 'WRONG_UNIT unit'],
  ],
  [
    'an event: no word of ours, of a meter that nobody registered, before there were meters',
    'meters/m1/meter-events',
    { meterId: 'm9', time: '1812-10-01T00:00:00Z', event: 'NOPE' },
    ['UNKNOWN_EVENT event', 'ID_MISMATCH meterId', 'UNKNOWN_METER meterId', 'TOO_OLD time'],
  ],
];

test.each(brokenInMoreWays)('every violation is named: %s', async (_, topic, payload, expected) => {
  const { store, stored, events, poison } = setUp(['m1', 'm2']);
  await store([record(topic, payload)]);
  expect(poison.map(({ reasons }) => reasons.map(({ code, path }) => `${code} ${path}`).sort())).toEqual([
    [...expected].sort(),
  ]);
  expect([stored, events]).toEqual([[], []]);
});

test.each([
  [60, false],
  [1799, false],
  [1800, true],
  [3600, true],
])(
  'rule 17 is what operators set: with %i s a half hour that ends 1800 s ahead is stored: %s',
  async (seconds, isStored) => {
    const { meterId: _, value: __, ...head } = { ...good, start: new Date(NOW).toISOString() };
    const columns = { ...head, scale: -3, intervals: 1, meters: ['m1'], values: [7] };
    const { store, stored, events, poison } = setUp(['m1'], async () => ({ seconds }));
    await store([
      record(TOPIC, { ...good, start: head.start }),
      // OBIS codes are not for the fast path.
      record(TOPIC, { ...good, start: head.start, channel: undefined, obis: '1-0:1.8.0' }),
      record('headend/h1/interval-columns', columns),
      record('meters/m1/meter-events', {
        meterId: 'm1',
        time: new Date(NOW + 1_800_000).toISOString(),
        event: 'LAST_GASP',
      }),
    ]);
    expect([stored.length, events.length, poison.flatMap(({ reasons }) => reasons.map(({ code }) => code))]).toEqual(
      isStored ? [3, 1, []] : [0, 0, Array.from({ length: 4 }, () => 'FUTURE_TIME')],
    );
  },
);
