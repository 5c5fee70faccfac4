import type { DaySummary } from '../../layers/domain/windows/day-summary.ts';
import { DaySummaries, encodeSummary } from '../../layers/domain/windows/day-summary.ts';
import {
  type EntityDay,
  LEVELS,
  type Level,
  type Member,
  SYSTEM_ID,
  type WindowAggregation,
  type WindowWork,
} from '../../layers/domain/windows/window-store.ts';
import { type MemoryReadings, metersOfBucket } from './memory-readings.ts';

export type Mark = { bucket: number; day: number } | { level: Level; id: string };

/** Where meters hang, and what hangs on what. */
export interface MemoryTopology {
  members: Member[];
  feederOf: Map<string, string>;
  regionOf: Map<string, string>;
}

const keyOf = ({ level, day, id }: EntityDay): string => `${level}/${day}/${id}`;
const summaryKey = (entityDay: EntityDay, { channel, intervalMinutes }: DaySummary): string =>
  `${keyOf(entityDay)}/${channel}/${intervalMinutes}`;

const DAY_MS = 86_400_000;

/** Called around each step of a transaction: `apply` takes effect at once and whole. */
export type Around = <Result>(name: string, apply: () => Result | Promise<Result>) => Promise<Result>;
const directly: Around = async (_, apply) => apply();

/** The tables of windows in memory: passes the contract suite of the aggregation. Transactions are read committed. */
export class MemoryWindows {
  marks: Mark[] = [];
  readonly due = new Map<string, EntityDay>();
  readonly knownDays = new Set<number>();
  readonly stored = new Map<string, { entityDay: EntityDay; summary: DaySummary }>();
  readonly topology: MemoryTopology;
  readonly #readings: MemoryReadings;
  readonly #claimed = new Set<string>();
  #noting = false;

  constructor(readings: MemoryReadings, topology: MemoryTopology) {
    this.#readings = readings;
    this.topology = topology;
  }

  readonly mark = (touched: readonly Mark[]): void => {
    this.marks.push(...touched);
  };

  /** @param onAbort is given what undoes an open transaction, should its process be killed */
  aggregation(around: Around = directly, onAbort: (undo: () => void) => void = () => {}): WindowAggregation {
    return {
      transaction: async (work) => {
        const open = new OpenTransaction();
        onAbort(() => open.abort());
        try {
          const result = await work(this.#work(open, around));
          await around('commit windows', () => open.commit());
          return result;
        } catch (failure) {
          open.abort();
          throw failure;
        }
      },
    };
  }

  #work(open: OpenTransaction, around: Around): WindowWork {
    return {
      noteDue: () => around('note due', () => this.#noteDue(open)),
      claim: (limit, from) => around('claim', () => this.#claim(open, limit, from)),
      sumsOf: async (ids, day) => {
        const members = await around('members', () => this.#membersOf(ids, day));
        return around('meter days', () => this.#sumsOf(members, day));
      },
      partsOf: (level, ids, day) => around('parts', () => this.#partsOf(level, ids, day)),
      put: (days) => around('put windows', () => this.#put(open, days)),
      noteParentsDue: (days) =>
        around('note parents', () => {
          const parents = days.flatMap((entityDay) => this.#parentOf(entityDay));
          open.onCommit(() => this.#noteAll(parents));
        }),
    };
  }

  #noteDue(open: OpenTransaction): number {
    if (this.#noting) return 0;
    this.#noting = true;
    open.onEnd(() => {
      this.#noting = false;
    });
    const taken = [...this.marks];
    const due: EntityDay[] = [];
    const days = new Set(this.knownDays);
    for (const mark of taken) if ('bucket' in mark) days.add(mark.day);
    for (const mark of taken) {
      if ('level' in mark) {
        for (const day of days) due.push({ level: mark.level, id: mark.id, day });
        continue;
      }
      const [first, end] = metersOfBucket(mark.bucket);
      const members = this.topology.members.filter(
        (member) => member.meterNo >= first && member.meterNo < end && servesOn(member, mark.day),
      );
      for (const { transformerId } of members) {
        due.push({ level: LEVELS.transformer, id: transformerId, day: mark.day });
      }
    }
    open.onCommit(() => {
      this.marks = this.marks.filter((mark) => !taken.includes(mark));
      for (const day of days) this.knownDays.add(day);
      this.#noteAll(due);
    });
    return taken.length;
  }

  /** A claimed day is noted as well: it cannot be claimed again before the claim ends. */
  #noteAll(days: readonly EntityDay[]): void {
    for (const entityDay of days) this.due.set(keyOf(entityDay), entityDay);
  }

  #claim(open: OpenTransaction, limit: number, from: Level): EntityDay[] {
    const lowest = Math.min(...[...this.due.values()].map(({ level }) => level).filter((level) => level >= from));
    const mine = [...this.due.entries()]
      .filter(([key, { level }]) => level === lowest && !this.isClaimed(key))
      .slice(0, limit);
    for (const [key, entityDay] of mine) {
      this.due.delete(key);
      this.#claimed.add(key);
      open.onEnd(() => this.#claimed.delete(key));
      open.onAbort(() => this.due.set(key, entityDay));
    }
    return mine.map(([, entityDay]) => entityDay);
  }

  protected isClaimed(key: string): boolean {
    return this.#claimed.has(key);
  }

  #membersOf(ids: readonly string[], day: number): Member[] {
    return this.topology.members.filter((member) => ids.includes(member.transformerId) && servesOn(member, day));
  }

  /** Meter by meter, as the readings are said to lie: what the columns of the real store are held against. */
  async #sumsOf(members: readonly Member[], day: number): Promise<ReadonlyMap<string, DaySummaries>> {
    const meterNos = [...new Set(members.map(({ meterNo }) => meterNo))];
    const sums = new Map(members.map(({ transformerId }) => [transformerId, new DaySummaries()]));
    for (const channel of this.#readings.channelsOf(meterNos, day)) {
      for (const meterDay of await this.#readings.readMany({ meterNos, channel, fromDay: day, toDay: day + 1 })) {
        for (const member of members) {
          if (member.meterNo === meterDay.meterNo) sums.get(member.transformerId)?.addMeterDay(meterDay, [member]);
        }
      }
    }
    return sums;
  }

  #parentOf({ level, id, day }: EntityDay): EntityDay[] {
    if (level === LEVELS.transformer) {
      return [{ level: LEVELS.feeder, id: this.topology.feederOf.get(id) ?? '', day }];
    }
    if (level === LEVELS.feeder) return [{ level: LEVELS.region, id: this.topology.regionOf.get(id) ?? '', day }];
    return level === LEVELS.region ? [{ level: LEVELS.system, id: SYSTEM_ID, day }] : [];
  }

  #partsOf(level: Level, ids: readonly string[], day: number): { id: string; summary: DaySummary }[] {
    return [...this.stored.values()].flatMap(({ entityDay, summary }) => {
      if (entityDay.level !== level - 1 || entityDay.day !== day) return [];
      const parent = this.#parentOf(entityDay)[0]?.id ?? '';
      return ids.includes(parent) ? [{ id: parent, summary }] : [];
    });
  }

  #put(open: OpenTransaction, days: readonly (EntityDay & { summaries: readonly DaySummary[] })[]): EntityDay[] {
    const changed: EntityDay[] = [];
    for (const { summaries, ...entityDay } of days) {
      const before = [...this.stored.entries()].filter(([, each]) => keyOf(each.entityDay) === keyOf(entityDay));
      const after = new Map(summaries.map((summary) => [summaryKey(entityDay, summary), summary]));
      const same =
        before.length === after.size &&
        before.every(([key, { summary }]) => {
          const fresh = after.get(key);
          return fresh !== undefined && Buffer.compare(encodeSummary(fresh), encodeSummary(summary)) === 0;
        });
      if (same) continue;
      changed.push(entityDay);
      open.onCommit(() => {
        const next = [...after].map(([key, summary]) => [key, this.toStore(key, summary)] as const);
        for (const [key] of before) this.stored.delete(key);
        for (const [key, summary] of next) this.stored.set(key, { entityDay, summary });
      });
    }
    return changed;
  }

  protected toStore(_key: string, summary: DaySummary): DaySummary {
    return summary;
  }
}

const servesOn = ({ from, to }: Member, day: number): boolean =>
  from < (day + 1) * DAY_MS && (to === null || to > day * DAY_MS);

/** What a transaction does when it commits, when it aborts, and in either case. */
class OpenTransaction {
  #ended = false;
  readonly #commit: (() => void)[] = [];
  readonly #abort: (() => void)[] = [];
  readonly #end: (() => void)[] = [];

  onCommit(then: () => void): void {
    this.#commit.push(then);
  }
  onAbort(then: () => void): void {
    this.#abort.push(then);
  }
  onEnd(then: () => void): void {
    this.#end.push(then);
  }

  commit(): void {
    this.#finish(this.#commit);
  }
  abort(): void {
    this.#finish(this.#abort);
  }

  #finish(steps: readonly (() => void)[]): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const then of [...steps, ...this.#end]) then();
  }
}
