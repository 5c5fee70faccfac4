import { createHash } from 'node:crypto';
import type { OutageSettings } from '../../contracts/outages/settings.ts';
import { MINUTE_MS } from '../readings/calendar-day.ts';
import { type Interruption, interruptionsOf, type MeterEvidence } from './interruptions.ts';

/** An energised meter and what it hangs on. */
export interface ServedMeter {
  meterNo: number;
  usagePointId: string;
  transformerId: string;
  feederId: string;
  /** In service [from, to), epoch ms; null: still. */
  from: number;
  to: number | null;
}

export type OutageLevel = 'usagePoint' | 'transformer' | 'feeder';

/**
 * `suspected`: open, one source says so; `confirmed`: open, and certain; `restored`: was confirmed, everybody is back;
 * `dismissed`: was only ever suspected, and supply is back.
 */
export type OutageStatus = 'suspected' | 'confirmed' | 'restored' | 'dismissed';

/** One customer's part of an outage. */
export interface CustomerInterruption extends Interruption {
  meterNo: number;
  usagePointId: string;
  transformerId: string;
}

export interface Outage {
  /** Of what is out and since when: the same evidence gives the same id, whenever it arrives. */
  outageId: string;
  level: OutageLevel;
  /** The usage point, transformer or feeder. */
  entityId: string;
  feederId: string;
  status: OutageStatus;
  from: number;
  to: number | null;
  interruptions: readonly CustomerInterruption[];
}

/** Interruptions of single meters become outages of what they have in common, as high up as enough of it is out. */
export interface OutageEvidence {
  meters: readonly ServedMeter[];
  /** By meter number; a meter without an entry is not known to be out. */
  evidence: ReadonlyMap<number, MeterEvidence>;
  settings: OutageSettings;
}

export function outagesOf({ meters, evidence, settings }: OutageEvidence): Outage[] {
  const reported = meters
    .flatMap((meter) => {
      const known = evidence.get(meter.meterNo);
      return (known ? interruptionsOf(known) : [])
        .filter(({ from }) => from >= meter.from && (meter.to === null || from < meter.to))
        .map((interruption) => ({ ...interruption, ...whereIs(meter) }));
    })
    .sort(byTime);
  const single: CustomerInterruption[] = [];
  const ofTransformers: Outage[] = [];
  for (const [transformerId, group] of Map.groupBy(reported, (one) => one.transformerId)) {
    for (const cluster of together(group, settings)) {
      const { from } = cluster[0] as CustomerInterruption;
      const energised = meters.filter((meter) => meter.transformerId === transformerId && isServed(meter, from));
      const out = new Set(cluster.map(({ usagePointId }) => usagePointId)).size;
      if (!isEnough(out, energised.length, settings)) single.push(...cluster);
      else {
        const members = withImplied(cluster, energised, evidence);
        ofTransformers.push(outage({ level: 'transformer', entityId: transformerId, members, shared: true, meters }));
      }
    }
  }
  const silent = silentTransformers({ meters, evidence, settings }, new Set(reported.map((one) => one.transformerId)));
  return [...raised(ofTransformers, meters, settings), ...single.map((one) => alone(one, meters)), ...silent].sort(
    (a, b) => a.from - b.from || a.outageId.localeCompare(b.outageId),
  );
}

/** Outages of enough transformers of a feeder that begin together are one of the feeder. */
function raised(ofTransformers: readonly Outage[], meters: readonly ServedMeter[], settings: OutageSettings): Outage[] {
  const result: Outage[] = [];
  const sorted = [...ofTransformers].sort((a, b) => a.from - b.from || a.entityId.localeCompare(b.entityId));
  for (const [feederId, group] of Map.groupBy(sorted, (one) => one.feederId)) {
    for (const cluster of together(group, settings)) {
      const { from } = cluster[0] as Outage;
      const energised = meters.filter((meter) => meter.feederId === feederId && isServed(meter, from));
      const transformers = new Set(energised.map(({ transformerId }) => transformerId)).size;
      if (!isEnough(new Set(cluster.map(({ entityId }) => entityId)).size, transformers, settings)) {
        result.push(...cluster);
        continue;
      }
      const members = cluster.flatMap(({ interruptions }) => interruptions);
      result.push(outage({ level: 'feeder', entityId: feederId, members, shared: true, meters }));
    }
  }
  return result;
}

/** Meters of one transformer that all fell silent with the same interval, and none of which said why: suspected only. */
function silentTransformers({ meters, evidence, settings }: OutageEvidence, spoken: ReadonlySet<string>): Outage[] {
  return [...Map.groupBy(meters, (meter) => meter.transformerId)].flatMap(([transformerId, own]) => {
    if (spoken.has(transformerId)) return [];
    const silences = own.map((meter) => silentSince(meter, evidence.get(meter.meterNo)));
    const served = silences.filter((since) => since !== 'not served');
    const from = served[0];
    if (typeof from !== 'number' || served.length < settings.minMembers) return [];
    if (served.some((since) => since !== from)) return [];
    const members = own
      .filter((meter) => isServed(meter, from))
      .map((meter) => ({ ...whereIs(meter), from, to: null, reported: false, certain: false, disputed: false }));
    return [outage({ level: 'transformer', entityId: transformerId, members, shared: false, meters })];
  });
}

/** Two intervals that ought to have arrived are not there, and nothing after them. */
function silentSince(meter: ServedMeter, known: MeterEvidence | undefined): number | 'heard' | 'not served' {
  if (!known || !isServed(meter, known.silentBy)) return 'not served';
  const last = known.intervals.at(-1)?.end;
  if (last === undefined || known.silentBy - last < 2 * known.intervalMinutes * MINUTE_MS) return 'heard';
  return last;
}

const whereIs = ({ meterNo, usagePointId, transformerId }: ServedMeter) => ({ meterNo, usagePointId, transformerId });
const isServed = (meter: ServedMeter, at: number): boolean => meter.from <= at && (meter.to === null || at < meter.to);
const isEnough = (out: number, energised: number, { minMembers, memberShare }: OutageSettings): boolean =>
  out >= minMembers && out >= energised * memberShare;

/** Cuts what is in order of time into those that begin within `togetherSeconds` of the first of them. */
function together<Item extends { from: number }>(sorted: readonly Item[], settings: OutageSettings): Item[][] {
  const clusters: Item[][] = [];
  for (const item of sorted) {
    const cluster = clusters.at(-1);
    if (cluster && item.from - (cluster[0] as Item).from <= settings.togetherSeconds * 1000) cluster.push(item);
    else clusters.push([item]);
  }
  return clusters;
}

/**
 * The other customers of the transformer lost supply with it, though nothing was heard of them: a last gasp is one
 * message, sent once. Not those in whose case energy was measured in an interval wholly inside.
 */
function withImplied(
  cluster: readonly CustomerInterruption[],
  energised: readonly ServedMeter[],
  evidence: ReadonlyMap<number, MeterEvidence>,
): CustomerInterruption[] {
  const heard = new Set(cluster.map(({ meterNo }) => meterNo));
  const { from } = cluster[0] as CustomerInterruption;
  const to = endOf(cluster);
  const implied = energised
    .filter(({ meterNo }) => !heard.has(meterNo))
    .filter(({ meterNo }) => {
      const intervals = evidence.get(meterNo)?.intervals ?? [];
      return !intervals.some((one) => one.energyWh > 0 && one.start >= from && (to === null || one.end <= to));
    })
    .map((meter) => ({ ...whereIs(meter), from, to, reported: false, certain: false, disputed: false }));
  return [...cluster, ...implied].sort(byTime);
}

const byTime = (a: CustomerInterruption, b: CustomerInterruption): number => a.from - b.from || a.meterNo - b.meterNo;

/** The last return; null while one is out. */
const endOf = (members: readonly CustomerInterruption[]): number | null =>
  members.some(({ to }) => to === null) ? null : Math.max(...members.map(({ to }) => to as number));

function alone(one: CustomerInterruption, meters: readonly ServedMeter[]): Outage {
  return outage({ level: 'usagePoint', entityId: one.usagePointId, members: [one], shared: false, meters });
}

function outage(of: {
  level: OutageLevel;
  entityId: string;
  members: readonly CustomerInterruption[];
  shared: boolean;
  meters: readonly ServedMeter[];
}): Outage {
  const { level, entityId, members } = of;
  const first = members[0] as CustomerInterruption;
  const to = endOf(members);
  // Several meters that say so within minutes confirm each other; one needs its own return or silence.
  const confirmed = of.shared || members.some(({ certain, disputed }) => certain && !disputed);
  const outageId = `out-${createHash('sha256').update(`${level}/${entityId}/${first.from}`).digest('hex').slice(0, 24)}`;
  const feederId = of.meters.find(({ meterNo }) => meterNo === first.meterNo)?.feederId ?? '';
  const open = confirmed ? 'confirmed' : 'suspected';
  const ended = confirmed ? 'restored' : 'dismissed';
  return {
    outageId,
    level,
    entityId,
    feederId,
    status: to === null ? open : ended,
    from: first.from,
    to,
    interruptions: members,
  };
}

/** How many customers came back when, in order: restoration in steps counts each customer's own time (IEEE 1366). */
export function restorationSteps({ interruptions }: Outage): { at: number; customers: number }[] {
  const back = new Map<number, Set<string>>();
  for (const { to, usagePointId } of interruptions) {
    if (to !== null) back.set(to, (back.get(to) ?? new Set()).add(usagePointId));
  }
  return [...back].map(([at, customers]) => ({ at, customers: customers.size })).sort((a, b) => a.at - b.at);
}
