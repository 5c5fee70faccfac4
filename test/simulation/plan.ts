import type { ReasonCode } from '../../layers/contracts/codes/reasons.ts';
import type { ReadingVersion } from '../../layers/domain/readings/reading-columns.ts';
import type { Member } from '../../layers/domain/windows/window-store.ts';
import { seededRandom } from '../harness/seeded-random.ts';

export const DAY_MS = 86_400_000;
/** Virtual time begins here. */
export const FIRST_DAY = 15_613;
/** Readings are of this many days before, so that all of them have ended. */
const DAYS_BACK = 3;

/** A meter of the simulated fleet. */
export interface SimulatedMeter {
  meterId: string;
  meterNo: number;
  intervalMinutes: number;
  transformerId: string;
}

/** In six buckets, two of them on both sides of an edge. */
const METER_NUMBERS = [254, 255, 256, 600, 900, 1200, 1201, 1500];

export const METERS: readonly SimulatedMeter[] = METER_NUMBERS.map((meterNo, i) => ({
  meterId: `m${i + 1}`,
  meterNo,
  intervalMinutes: i === 3 ? 15 : 30,
  transformerId: `T${(i >> 1) + 1}`,
}));
export const FEEDER_OF = new Map([
  ['T1', 'F1'],
  ['T2', 'F1'],
  ['T3', 'F2'],
  ['T4', 'F3'],
]);
export const REGION_OF = new Map([
  ['F1', 'R1'],
  ['F2', 'R1'],
  ['F3', 'R2'],
]);

/** What a published message must come to. */
export interface PlannedMessage {
  topic: string;
  partitionKey: string;
  payload: Uint8Array;
  /** Versions that it holds, without their receipt. */
  versions: Omit<ReadingVersion, 'recordedAt'>[];
  /** Codes with which it must be in quarantine; empty: it must not. */
  codes: ReasonCode[];
  /** ms after the start. */
  publishedAfter: number;
  /** A head-end posts it, in a batch with others. */
  byHeadEnd: boolean;
  /** The answer to that batch must reject it: it is neither stored nor in quarantine. */
  rejected: boolean;
}

export interface Plan {
  messages: PlannedMessage[];
  members: Member[];
  /** A meter that moves: it is imported so late, effective in the past. */
  move: { after: number; meterNo: number; to: string; from: number };
}

const QUALITIES = ['estimated', 'raw', 'edited'] as const;

/** What the fleet of a seed publishes, with repetitions, corrections, conflicts, delays of up to 48 h and messages that are wrong. */
export function planOf(seed: number): Plan {
  const random = seededRandom(seed ^ 0x5eed);
  const below = (limit: number) => Math.floor(random() * limit);
  const messages: PlannedMessage[] = [];
  const count = 15 + below(25);
  while (messages.length < count) {
    const earlier = messages[below(Math.max(1, messages.length))];
    // Published again as it is: by an impatient device, or days later by a replay.
    if (earlier && random() < 0.2) messages.push({ ...earlier, publishedAfter: delay(below) });
    else messages.push(messageOf(METERS[below(METERS.length)] as SimulatedMeter, below, random));
  }
  const moving = METERS[below(METERS.length)] as SimulatedMeter;
  const members = METERS.map(({ meterNo, transformerId }) => ({
    meterNo,
    transformerId,
    from: (FIRST_DAY - DAYS_BACK + (meterNo === 255 ? 1 : 0)) * DAY_MS,
    to: null,
  }));
  const from = (FIRST_DAY - 1 - below(2)) * DAY_MS + below(48) * 1_800_000;
  const to = `T${1 + below(4)}`;
  return { messages, members, move: { after: delay(below), meterNo: moving.meterNo, to, from } };
}

/** Most at once, some after hours, some after two days. */
const delay = (below: (limit: number) => number): number => {
  const kind = below(10);
  if (kind < 6) return below(60_000);
  return below(kind < 9 ? 6 * 3_600_000 : 48 * 3_600_000);
};

function messageOf(meter: SimulatedMeter, below: (limit: number) => number, random: () => number): PlannedMessage {
  const { meterId, intervalMinutes } = meter;
  const readings = Array.from({ length: 1 + below(6) }, () => {
    const day = FIRST_DAY - 1 - below(DAYS_BACK);
    // Few intervals, so that many messages meet in them.
    const slot = below(12);
    const energyWh = below(4);
    const quality = random() < 0.8 ? 1 : below(3);
    return { day, slot, energyWh, revision: random() < 0.7 ? 0 : 1 + below(2), quality: quality + 1 };
  });
  const fields = readings.map(({ day, slot, energyWh, revision, quality }) => ({
    start: new Date(day * DAY_MS + slot * intervalMinutes * 60_000).toISOString().replace('.000Z', 'Z'),
    value: energyWh / 1000,
    ...(revision === 0 ? {} : { revision }),
    ...(quality === 2 ? {} : { quality: QUALITIES[quality - 1] }),
  }));
  const head = { meterId, channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes };
  const versions = readings.map((reading) => ({
    ...reading,
    meterNo: meter.meterNo,
    channel: 1,
    intervalMinutes,
  }));
  const byHeadEnd = random() < 0.25;
  const planned = {
    topic: byHeadEnd ? 'headend/hes/interval-readings' : `meters/${meterId}/interval-readings`,
    partitionKey: meterId,
    publishedAfter: delay(below),
    byHeadEnd,
    rejected: false,
  };
  const bytes = (payload: unknown) => Buffer.from(JSON.stringify(payload));
  const list = fields.map((field) => ({ ...head, ...field }));
  // A head-end posts objects: neither broken JSON nor lists.
  const kind = below(12);
  switch (byHeadEnd && (kind === 0 || (kind > 5 && kind < 9)) ? 9 : kind) {
    case 0:
      return { ...planned, payload: bytes(list).subarray(0, -1 - below(5)), versions: [], codes: ['INVALID_JSON'] };
    case 1:
      return {
        ...planned,
        payload: bytes({ ...list[0], meterId: 'm99' }),
        versions: [],
        codes: unknownMeter(byHeadEnd),
      };
    case 2: {
      // One interval is wrong; the others of the message are stored.
      const wrong = { start: '2012-09-01T00:07:00Z', value: 1 };
      const payload = bytes({ ...head, intervals: [...fields, wrong] });
      if (byHeadEnd) return { ...planned, payload, versions: [], codes: [], rejected: true };
      return { ...planned, payload, versions, codes: ['MISALIGNED'] };
    }
    case 3:
      return {
        ...planned,
        payload: bytes({ ...list[0], value: -1 }),
        versions: [],
        codes: byHeadEnd ? [] : ['NEGATIVE'],
        rejected: byHeadEnd,
      };
    case 4:
    case 5:
      return { ...planned, payload: bytes(list[0]), versions: versions.slice(0, 1), codes: [] };
    case 6:
    case 7:
    case 8:
      return { ...planned, payload: bytes(list), versions, codes: [] };
    default:
      return { ...planned, payload: bytes({ ...head, intervals: fields }), versions, codes: [] };
  }
}

const unknownMeter = (byHeadEnd: boolean): ReasonCode[] =>
  byHeadEnd ? ['UNKNOWN_METER'] : ['ID_MISMATCH', 'UNKNOWN_METER'];
