import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { postgresWindowAggregation } from '../../../layers/adapters/postgres/window-aggregation.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import type { Topology } from '../../../layers/contracts/messages/topology.ts';
import type { ReadingStore } from '../../../layers/domain/readings/reading-store.ts';
import { encodeSummary } from '../../../layers/domain/windows/day-summary.ts';
import {
  LEVELS,
  type Member,
  type WindowAggregation,
  type WindowReader,
} from '../../../layers/domain/windows/window-store.ts';
import { testDatabases } from '../../harness/databases.ts';
import { MemoryReadings } from '../../simulation/memory-readings.ts';
import { MemoryWindows } from '../../simulation/memory-windows.ts';

/** Stores under test, with what the test needs to set them up and to look into them. */
export interface Bench {
  readings: ReadingStore;
  windows: WindowAggregation;
  /** Only where API functions read from it. */
  reader?: WindowReader;
  /** One transaction can begin while another is open. */
  concurrent: boolean;
  /** Nothing stored but this topology. @returns meter numbers by id */
  reset(topology: Topology): Promise<Map<string, number>>;
  importTopology(part: Topology): Promise<void>;
  /** Every meter's service begins so much earlier. */
  extendServices(days: number): Promise<void>;
  /** Forgets readings and sums. */
  clear(): Promise<void>;
  /** Level, entity, day, channel, interval length and packed sums, in order. */
  stored(): Promise<string[]>;
  stop(): Promise<void>;
}

/** The meters lie on both sides of a bucket's edge. */
const LAST_NUMBER_BEFORE = 251;

const TABLES = 'reading_delta, reading_block, reading_version, window_day, window_due, window_mark, window_known_day';

export function benches(port: number): { name: string; open: (() => Promise<Bench>) | undefined }[] {
  return [
    { name: 'memory', open: async () => memoryBench() },
    ...testDatabases(port).map(({ name, open }) => ({ name, open: open && (() => postgresBench(open)) })),
  ];
}

type Open = NonNullable<ReturnType<typeof testDatabases>[number]['open']>;

async function postgresBench(open: Open): Promise<Bench> {
  const { database, sessions, stop } = await open();
  await database.query(`SELECT setval(pg_get_serial_sequence('meter', 'meter_no'), ${LAST_NUMBER_BEFORE})`);
  const importTopology = async (part: Topology) => {
    const outcome = await topologyWriter(database).importTopology(part);
    if ('dangling' in outcome) throw new Error('dangling references');
  };
  return {
    readings: postgresReadingStore(database),
    windows: postgresWindowAggregation(database),
    reader: postgresWindowReader(database),
    concurrent: sessions > 1,
    async reset(topology) {
      await database.query(
        `TRUNCATE ${TABLES}, meter_installation, usage_point, transformer, feeder, substation, region CASCADE`,
      );
      await importTopology(topology);
      const { rows } = await database.query('SELECT meter_id, meter_no FROM meter');
      return new Map(rows.map((row) => [String(row.meter_id), Number(row.meter_no)]));
    },
    importTopology,
    async extendServices(days) {
      await database.query('UPDATE meter_installation SET valid_from = valid_from - make_interval(days => $1::int)', [
        days,
      ]);
    },
    async clear() {
      await database.query(`TRUNCATE ${TABLES}`);
    },
    async stored() {
      const { rows } = await database.query(`SELECT level, entity_id, day, channel, interval_minutes,
        encode(body, 'hex') AS body FROM window_day`);
      return rows.map((row) => Object.values(row).join('/')).sort();
    },
    stop,
  };
}

function memoryBench(): Bench {
  let merged: Topology = {};
  const numbers = new Map<string, number>();
  const installed: (Member & { usagePointId: string })[] = [];
  const topology = {
    members: [] as Member[],
    feederOf: new Map<string, string>(),
    regionOf: new Map<string, string>(),
  };
  const readings = new MemoryReadings({ now: Date.now, onAppend: (touched) => windows.mark(touched) });
  const windows: MemoryWindows = new MemoryWindows(readings, topology);
  const everythingChanged = () => {
    const places = new Map(merged.usagePoints?.map((each) => [each.usagePointId, each.transformerId]));
    topology.members = installed.map((each) => ({ ...each, transformerId: places.get(each.usagePointId) ?? '' }));
    topology.feederOf = new Map(merged.transformers?.map((each) => [each.transformerId, each.feederId]));
    const regions = new Map(merged.substations?.map((each) => [each.substationId, each.regionId]));
    topology.regionOf = new Map(merged.feeders?.map((each) => [each.feederId, regions.get(each.substationId) ?? '']));
    const entities = [
      ...(merged.transformers ?? []).map(({ transformerId: id }) => ({ level: LEVELS.transformer, id })),
      ...(merged.feeders ?? []).map(({ feederId: id }) => ({ level: LEVELS.feeder, id })),
      ...(merged.regions ?? []).map(({ regionId: id }) => ({ level: LEVELS.region, id })),
    ];
    windows.mark(entities);
  };
  const importTopology = async (part: Topology) => {
    merged = {
      regions: upserted(merged.regions, part.regions, ({ regionId }) => regionId),
      substations: upserted(merged.substations, part.substations, ({ substationId }) => substationId),
      feeders: upserted(merged.feeders, part.feeders, ({ feederId }) => feederId),
      transformers: upserted(merged.transformers, part.transformers, ({ transformerId }) => transformerId),
      usagePoints: upserted(merged.usagePoints, part.usagePoints, ({ usagePointId }) => usagePointId),
    };
    for (const { meterId, usagePointId, from } of part.meters ?? []) {
      const meterNo = numbers.get(meterId) ?? LAST_NUMBER_BEFORE + 1 + numbers.size;
      numbers.set(meterId, meterNo);
      const before = installed.find((each) => each.meterNo === meterNo && each.to === null);
      if (before) before.to = Date.parse(from);
      installed.push({ meterNo, usagePointId, transformerId: '', from: Date.parse(from), to: null });
    }
    everythingChanged();
  };
  const clear = async () => {
    readings.deltas = [];
    readings.compacted.clear();
    windows.marks = [];
    for (const table of [windows.due, windows.stored, windows.knownDays]) table.clear();
  };
  return {
    readings,
    windows: windows.aggregation(),
    concurrent: true,
    async reset(fresh) {
      merged = {};
      installed.length = 0;
      await clear();
      await importTopology(fresh);
      return numbers;
    },
    importTopology,
    async extendServices(days) {
      for (const each of installed) each.from -= days * 86_400_000;
      everythingChanged();
    },
    clear,
    async stored() {
      const rows = [...windows.stored.values()].map(({ entityDay: { level, id, day }, summary }) => {
        const body = Buffer.from(encodeSummary(summary)).toString('hex');
        return [level, id, day, summary.channel, summary.intervalMinutes, body].join('/');
      });
      return rows.sort();
    },
    async stop() {},
  };
}

const upserted = <Item>(before: Item[] | undefined, given: Item[] | undefined, id: (item: Item) => string): Item[] => {
  const byId = new Map([...(before ?? []), ...(given ?? [])].map((item) => [id(item), item]));
  return [...byId.values()];
};
