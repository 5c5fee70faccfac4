import { measurementOfObis } from '../../../layers/contracts/messages/obis.ts';
import type { QuarantinedMessage } from '../../../layers/contracts/messages/quarantined-message.ts';
import type { RegisteredSensor } from '../../../layers/domain/network/topology-store.ts';
import { storeTelemetry } from '../../../layers/domain/telemetry/store-telemetry.ts';
import { type RejectedSample, RetryLater, type Sample } from '../../../layers/domain/telemetry/telemetry-store.ts';

const RECEIVED = Date.parse('2012-10-06T14:00:10Z');
const sensor: RegisteredSensor = {
  sensorId: 'F1-S',
  name: 'Head',
  feederId: 'F1',
  transformerId: null,
  kinds: [
    { kind: 'activePower', unit: 'kW' },
    { kind: 'current', unit: 'A', phases: ['L1', 'L2'] },
  ],
};
const power = { kind: 'activePower', unit: 'kW', value: 12.3 };
const message = (over: object = {}) => ({
  sensorId: 'F1-S',
  time: '2012-10-06T14:00:00Z',
  measurements: [power],
  ...over,
});
const record = (payload: unknown, topic = 'sensors/F1-S/sensor-telemetry') =>
  Buffer.from(
    JSON.stringify({
      payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)).toString('base64'),
      topic,
      clientId: 'F1-S',
      receivedAt: RECEIVED,
      traceId: 'trace',
    }),
  );

const run = async (records: Uint8Array[], rejected: RejectedSample[] = []) => {
  const samples: Sample[] = [];
  const poison: QuarantinedMessage[] = [];
  const store = storeTelemetry({
    telemetry: {
      async write(given) {
        samples.push(...given);
        return rejected;
      },
    },
    registry: { findSensors: async (ids) => new Map(ids.includes('F1-S') ? [['F1-S', sensor]] : []) },
    quarantine: { put: async (given) => void poison.push(...given) },
  });
  const { counts } = await store(records);
  return { samples, codes: poison.map(({ reasons }) => reasons.map(({ code }) => code)), counts };
};

test('a measurement becomes a sample; its receipt is its version', async () => {
  const { samples, codes, counts } = await run([record(message())]);
  expect(samples).toEqual([
    {
      sensorId: 'F1-S',
      feederId: 'F1',
      kind: 'activePower',
      time: Date.parse('2012-10-06T14:00:00Z'),
      value: 12.3,
      version: RECEIVED,
    },
  ]);
  expect([codes, counts]).toEqual([[], { SamplesStored: 1, MessagesQuarantined: 0 }]);
});

const bad: [string, Uint8Array, string[]][] = [
  ['no envelope', Buffer.from('{}'), ['INVALID_ENVELOPE']],
  ['no topic of sensors', record(message(), 'meters/m1/interval-readings'), ['UNKNOWN_TOPIC']],
  ['no JSON', record('{"sensorId":'), ['INVALID_JSON']],
  ['a key twice', record('{"sensorId":"F1-S","sensorId":"F1-S"}'), ['DUPLICATE_KEY']],
  ['NaN', record('{"value":NaN}'), ['NOT_FINITE']],
  ['nothing', record([]), ['EMPTY']],
  ['another id than the topic', record(message({ sensorId: 'F2-S' })), ['ID_MISMATCH', 'UNKNOWN_SENSOR']],
  ['the future', record(message({ time: '2030-01-01T00:00:00Z' })), ['FUTURE_TIME']],
  [
    'a measurement twice',
    record(message({ measurements: [power, { ...power, value: 1 }] })),
    ['DUPLICATE_MEASUREMENT'],
  ],
  [
    'a phase that is not measured',
    record(message({ measurements: [{ kind: 'current', unit: 'A', phase: 'L3', value: 1 }] })),
    ['UNKNOWN_PHASE'],
  ],
  ['a phase of what has none', record(message({ measurements: [{ ...power, phase: 'L1' }] })), ['UNKNOWN_PHASE']],
  [
    'an OBIS code of energy',
    record(message({ measurements: [{ obis: '1-0:1.8.0', unit: 'kW', value: 1 }] })),
    ['UNKNOWN_KIND'],
  ],
  ['a kind named twice', record(message({ measurements: [{ ...power, obis: '1-0:1.7.0' }] })), ['UNKNOWN_FIELD']],
  [
    'everything wrong with a measurement',
    record(message({ measurements: [{ kind: 'voltage', unit: 'kV', value: 1e9 }] })),
    ['WRONG_UNIT', 'OUT_OF_RANGE', 'UNKNOWN_KIND'],
  ],
];

test.each(bad)('%s is quarantined with every reason, and its batch is stored', async (_, poison, expected) => {
  const { samples, codes } = await run([record(message()), poison]);
  expect(codes).toEqual([expected]);
  expect(samples).toHaveLength(expected[0] === 'DUPLICATE_MEASUREMENT' ? 2 : 1);
});

test('what breaks the schema is named beside what breaks the registry, the topic and the clock', async () => {
  const found = await run([
    record(
      {
        sensorId: 'F9-S',
        time: '2012-10-07T14:00:00Z',
        colour: 'red',
        measurements: [
          { kind: 'activePower', unit: 'W', value: 'much' },
          { ...power, unit: 'MW' },
        ],
      },
      'sensors/F1-S/sensor-telemetry',
    ),
  ]);
  expect(found.samples).toEqual([]);
  expect(found.codes.map((codes) => [...codes].sort())).toEqual([
    ['FUTURE_TIME', 'ID_MISMATCH', 'UNKNOWN_FIELD', 'UNKNOWN_SENSOR', 'WRONG_TYPE', 'WRONG_UNIT'],
  ]);
});

test('OBIS codes name kind and phase; power both ways is one signed value', async () => {
  const coded = (obis: string, unit: string, value: number) => ({ obis, unit, value });
  const given = async (...measurements: object[]) => {
    const { samples, codes } = await run([record(message({ measurements }))]);
    expect(codes).toEqual([]);
    return samples.map(({ kind, phase, value }) => [kind, phase, value]);
  };
  expect(await given(coded('1-0:2.7.0', 'kW', 3))).toEqual([['activePower', undefined, -3]]);
  expect(await given(coded('1-0:1.7.0*255', 'kW', 0), coded('1-0:2.7.0', 'kW', 3))).toEqual([
    ['activePower', undefined, -3],
  ]);
  expect(await given(coded('1-0:1.7.0', 'kW', 2), coded('1-0:2.7.0', 'kW', 0))).toEqual([
    ['activePower', undefined, 2],
  ]);
  expect(await given(coded('1-0:31.7.0', 'A', 5), coded('1-0:51.7.0', 'A', 6))).toEqual([
    ['current', 'L1', 5],
    ['current', 'L2', 6],
  ]);
});

test.each([
  ['1-0:32.7.0', { kind: 'voltage', phase: 'L1', reverse: false }],
  ['1-0:52.7.0', { kind: 'voltage', phase: 'L2', reverse: false }],
  ['1-0:72.7.0', { kind: 'voltage', phase: 'L3', reverse: false }],
  ['1-0:71.7.0', { kind: 'current', phase: 'L3', reverse: false }],
  ['1-0:62.7.0', { kind: 'activePower', phase: 'L3', reverse: true }],
  ['1-0:14.7.0', { kind: 'frequency', reverse: false }],
  ['1-0:34.7.0', undefined],
  ['1-0:92.7.0', undefined],
  ['1-0:1.8.0', undefined],
])('%s', (code, measurement) => expect(measurementOfObis(code)).toEqual(measurement));

test('the good measurements of a message with a bad one are stored', async () => {
  const { samples, codes } = await run([record(message({ measurements: [{ ...power, unit: 'W' }, power] }))]);
  expect([samples.length, codes]).toEqual([1, [['WRONG_UNIT']]]);
});

test('what the store refuses goes to the quarantine, the rest counts as stored', async () => {
  const rejection = [{ index: 0, reason: 'outside the retention' }];
  const { codes, counts } = await run([record(message()), record(message())], rejection);
  expect([codes, counts.SamplesStored]).toEqual([[['TOO_OLD']], 1]);
});

test('a throttled store fails the batch, so that it is tried again', async () => {
  const store = storeTelemetry({
    telemetry: { write: async () => Promise.reject(new RetryLater('TIMESTREAM_THROTTLED')) },
    registry: { findSensors: async () => new Map([['F1-S', sensor]]) },
    quarantine: { put: async () => {} },
  });
  await expect(store([record(message())])).rejects.toThrow('TIMESTREAM_THROTTLED');
});
