import fc from 'fast-check';
import { DEFAULT_OUTAGE_SETTINGS } from '../../../layers/contracts/outages/settings.ts';
import {
  interruptionsOf,
  type MeasuredInterval,
  type MeterEvidence,
  type PowerEvent,
} from '../../../layers/domain/outages/interruptions.ts';
import { outagesOf, restorationSteps, type ServedMeter } from '../../../layers/domain/outages/outages.ts';

const DAY = Date.parse('2026-03-04T00:00:00Z');
/** `10:07` or `10:07:30` of the day. */
const at = (clock: string): number => {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  return DAY + ((hours * 60 + minutes) * 60 + seconds) * 1000;
};
const off = (clock: string): PowerEvent => ({ at: at(clock), kind: 'off' });
const on = (clock: string): PowerEvent => ({ at: at(clock), kind: 'on' });
/** Half-hours with energy from one time to another, but for those named. */
const measured = (from: string, to: string, without: readonly string[] = []): MeasuredInterval[] => {
  const missing = new Set(without.map(at));
  const starts: number[] = [];
  for (let start = at(from); start < at(to); start += 1_800_000) if (!missing.has(start)) starts.push(start);
  return starts.map((start) => ({ start, end: start + 1_800_000, energyWh: 200 }));
};
const known = (
  events: readonly PowerEvent[],
  intervals: readonly MeasuredInterval[],
  silentBy = '14:00',
): MeterEvidence => ({ events, intervals, intervalMinutes: 30, silentBy: at(silentBy) });
const times = (evidence: MeterEvidence) =>
  interruptionsOf(evidence).map(({ from, to, certain, disputed }) => [
    new Date(from).toISOString().slice(11, 16),
    to === null ? 'open' : new Date(to).toISOString().slice(11, 16),
    ...(certain ? ['certain'] : []),
    ...(disputed ? ['disputed'] : []),
  ]);

describe('the supply of one meter', () => {
  const gap = ['10:30', '11:00', '11:30'];
  test.each<[string, MeterEvidence, string[][]]>([
    ['nothing happened', known([], measured('08:00', '14:00')), []],
    [
      'a last gasp and a return',
      known([off('10:07'), on('11:52')], measured('08:00', '14:00', ['10:00', ...gap])),
      [['10:07', '11:52', 'certain']],
    ],
    [
      'last gasp and power failure are one',
      known([off('10:07'), off('10:08'), on('11:52')], measured('08:00', '14:00', ['10:00', ...gap])),
      [['10:07', '11:52', 'certain']],
    ],
    [
      'a last gasp alone, a minute ago',
      known([off('10:07')], measured('08:00', '10:00'), '10:00'),
      [['10:07', 'open']],
    ],
    // Due: 10:30–11:00 is the first whole interval after 10:07; it would have arrived by 11:00.
    [
      'a last gasp, and silence since',
      known([off('10:07')], measured('08:00', '10:00'), '11:00'),
      [['10:07', 'open', 'certain']],
    ],
    ['a last gasp, and readings as ever', known([off('10:07')], measured('08:00', '14:00')), [['10:07', '10:30']]],
    // 10:30–12:00 is missing, 12:00–12:30 has energy: supply was back by then.
    [
      'a return that was never reported',
      known([off('10:07')], measured('08:00', '14:00', gap)),
      [['10:07', '12:00', 'certain']],
    ],
    [
      'a last gasp that was lost',
      known([on('11:52')], measured('08:00', '14:00', gap)),
      [['10:30', '11:52', 'certain']],
    ],
    [
      'a return said twice',
      known([on('11:52'), on('11:53')], measured('08:00', '14:00', gap)),
      [['10:30', '11:52', 'certain']],
    ],
    ['a return out of nothing', known([on('11:52')], measured('08:00', '14:00')), []],
    [
      'measured all the while',
      known([off('10:07'), on('11:52')], measured('08:00', '14:00')),
      [['10:07', '11:52', 'certain', 'disputed']],
    ],
    // The return of the first was lost; energy of 10:30 lies between.
    [
      'two of which only the second returned',
      known(
        [off('09:07'), off('12:10'), on('12:40')],
        measured('08:00', '14:00', ['09:00', '09:30', '10:00', '12:00']),
      ),
      [
        ['09:07', '10:30', 'certain'],
        ['12:10', '12:40', 'certain'],
      ],
    ],
    // 10:30 never came, so supply was gone between the return at 10:14 and the one at 11:00: since when, only 10:14 says.
    [
      'gone and back in one instant, and another return after silence',
      known([off('10:14'), on('10:14'), on('11:00')], measured('08:00', '14:00', ['10:00', '10:30'])),
      [['10:14', '11:00', 'certain']],
    ],
    [
      'off and on in one second',
      known([off('10:07'), on('10:07')], measured('08:00', '14:00')),
      [['10:07', '10:07', 'certain']],
    ],
    [
      'back for a moment within one second',
      known([off('10:07'), on('10:20'), off('10:20'), on('10:25')], measured('08:00', '14:00')),
      [
        ['10:07', '10:20', 'certain'],
        ['10:20', '10:25', 'certain'],
      ],
    ],
  ])('%s', (_, evidence, expected) => expect(times(evidence)).toEqual(expected));
});

const served = (count: number, transformerId = 'T1', feederId = 'F1', firstNo = 1): ServedMeter[] =>
  Array.from({ length: count }, (_, i) => ({
    meterNo: firstNo + i,
    usagePointId: `U${firstNo + i}`,
    transformerId,
    feederId,
    from: at('00:00'),
    to: null,
  }));
const settings = DEFAULT_OUTAGE_SETTINGS;
const shortly = (meters: readonly ServedMeter[], evidence: ReadonlyMap<number, MeterEvidence>) =>
  outagesOf({ meters, evidence, settings }).map((one) => [
    one.level,
    one.entityId,
    one.status,
    new Date(one.from).toISOString().slice(11, 16),
    one.to === null ? 'open' : new Date(one.to).toISOString().slice(11, 16),
    one.interruptions.length,
  ]);

describe('outages by what meters have in common', () => {
  const gap = ['10:00', '10:30', '11:00', '11:30'];
  const out = known([off('10:07'), on('11:52')], measured('08:00', '14:00', gap));
  const fine = known([], measured('08:00', '14:00'));

  test('one meter of ten is an outage of its usage point', () => {
    const evidence = new Map(served(10).map(({ meterNo }) => [meterNo, meterNo === 3 ? out : fine]));
    expect(shortly(served(10), evidence)).toEqual([['usagePoint', 'U3', 'restored', '10:07', '11:52', 1]]);
  });

  test('half of a transformer is an outage of the transformer: those who were silent are out too, those who measured are not', () => {
    const silent = known([], measured('08:00', '14:00', gap));
    const evidence = new Map([
      [1, out],
      [2, { ...out, events: [off('10:09'), on('11:40')] }],
      [3, silent],
      [4, fine],
    ]);
    const [outage] = outagesOf({ meters: served(4), evidence, settings });
    expect(outage).toMatchObject({ level: 'transformer', entityId: 'T1', status: 'restored' });
    expect(outage?.interruptions.map(({ usagePointId, reported }) => [usagePointId, reported])).toEqual([
      ['U1', true],
      ['U3', false],
      ['U2', true],
    ]);
    expect(outage && restorationSteps(outage)).toEqual([
      { at: at('11:40'), customers: 1 },
      { at: at('11:52'), customers: 2 },
    ]);
  });

  test('two gasps of two meters within five minutes confirm each other at once', () => {
    const gasp = (clock: string) => known([off(clock)], measured('08:00', '10:00'), '10:00');
    expect(
      shortly(
        served(2),
        new Map([
          [1, gasp('10:07')],
          [2, gasp('10:11')],
        ]),
      ),
    ).toEqual([['transformer', 'T1', 'confirmed', '10:07', 'open', 2]]);
    expect(
      shortly(
        served(2),
        new Map([
          [1, gasp('10:01')],
          [2, gasp('10:07')],
        ]),
      ),
    ).toEqual([
      ['usagePoint', 'U1', 'suspected', '10:01', 'open', 1],
      ['usagePoint', 'U2', 'suspected', '10:07', 'open', 1],
    ]);
  });

  test('transformers of one feeder that go together are an outage of the feeder', () => {
    const meters = [...served(2, 'T1'), ...served(2, 'T2', 'F1', 11), ...served(2, 'T3', 'F2', 21)];
    const evidence = new Map(meters.map(({ meterNo }) => [meterNo, out]));
    expect(shortly(meters, evidence)).toEqual(
      expect.arrayContaining([
        ['transformer', 'T3', 'restored', '10:07', '11:52', 2],
        ['feeder', 'F1', 'restored', '10:07', '11:52', 4],
      ]),
    );
    expect(shortly(meters, evidence)).toHaveLength(2);
  });

  test('a transformer whose meters all fell silent together is suspected, one with a meter still heard is not', () => {
    const silent = known([], measured('08:00', '10:00'), '11:00');
    const heard = known([], measured('08:00', '11:00'), '11:00');
    expect(
      shortly(
        served(3),
        new Map([
          [1, silent],
          [2, silent],
          [3, silent],
        ]),
      ),
    ).toEqual([['transformer', 'T1', 'suspected', '10:00', 'open', 3]]);
    expect(
      shortly(
        served(3),
        new Map([
          [1, silent],
          [2, silent],
          [3, heard],
        ]),
      ),
    ).toEqual([]);
  });

  test('a meter that was not in service then is not a customer of it', () => {
    const meters = served(3).map((meter) => (meter.meterNo === 3 ? { ...meter, to: at('09:00') } : meter));
    const evidence = new Map(meters.map(({ meterNo }) => [meterNo, out]));
    expect(shortly(meters, evidence)).toEqual([['transformer', 'T1', 'restored', '10:07', '11:52', 2]]);
  });

  test('any order and any repetition of the events gives the same outages under the same ids', () => {
    const meters = [...served(4, 'T1'), ...served(3, 'T2', 'F1', 11), ...served(2, 'T3', 'F2', 21)];
    const minute = fc.integer({ min: 480, max: 840 });
    const event = fc.record({ at: minute.map((m) => DAY + m * 60_000), kind: fc.constantFrom('off', 'on') });
    const histories = fc.array(fc.array(event, { maxLength: 6 }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (all, random) => {
        const evidenceOf = (mix: (events: PowerEvent[]) => PowerEvent[]) =>
          new Map(
            meters.map(({ meterNo }, i) => [
              meterNo,
              known(mix([...(all[i] as PowerEvent[])]), measured('08:00', '14:00', i % 2 ? ['10:00', '10:30'] : [])),
            ]),
          );
        const shuffled = (events: PowerEvent[]) =>
          [...events, ...events.slice(0, 2)]
            .map((one) => ({ one, key: random.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ one }) => one);
        const plain = outagesOf({ meters, evidence: evidenceOf((events) => events), settings });
        expect(outagesOf({ meters: [...meters].reverse(), evidence: evidenceOf(shuffled), settings })).toEqual(plain);
        expect(new Set(plain.map(({ outageId }) => outageId)).size).toBe(plain.length);
      }),
      { numRuns: 300 },
    );
  });
});
