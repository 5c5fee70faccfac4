import type { QuarantinedMessage } from '../../../layers/contracts/messages/quarantined-message.ts';
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
function setUp(registered: string[]) {
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
