import type { Topology } from '../../../layers/contracts/messages/topology.ts';
import type { Entity } from '../../../layers/domain/network/topology-store.ts';
import { ReadingColumns, type ReadingVersion } from '../../../layers/domain/readings/reading-columns.ts';
import { aggregateWindows } from '../../../layers/domain/windows/aggregate-windows.ts';
import { decodeSummary } from '../../../layers/domain/windows/day-summary.ts';
import { LEVELS } from '../../../layers/domain/windows/window-store.ts';
import { seededRandom } from '../../harness/seeded-random.ts';
import { smallGrid } from '../../harness/small-grid.ts';
import { chains, expectedSlots, type Placement, slotsOf } from '../../harness/window-oracle.ts';
import { type Bench, benches } from './benches.ts';

const DAY = 15_613;
const DAY_MS = 86_400_000;
const at = (day: number, hour = 0) => day * DAY_MS + hour * 3_600_000;
const iso = (timeMs: number) => new Date(timeMs).toISOString();

const ENTITIES: Entity[] = [
  { kind: 'system' },
  ...['R1', 'R2'].map((id) => ({ kind: 'region' as const, id })),
  ...['F1', 'F2', 'F3'].map((id) => ({ kind: 'feeder' as const, id })),
  ...['T1', 'T2', 'T3', 'T4'].map((id) => ({ kind: 'transformer' as const, id })),
  ...['m1', 'm4', 'm8'].map((id) => ({ kind: 'meter' as const, id })),
];

for (const { name, open } of benches(21_900)) {
  (open ? describe : describe.skip)(`windows on ${name}`, () => {
    let bench: Bench;
    let numbers: Map<string, number>;
    let topology: Topology;

    beforeAll(async () => {
      bench = await (open as () => Promise<Bench>)();
    }, 120_000);
    afterAll(() => bench.stop());

    beforeEach(async () => {
      topology = smallGrid(iso(at(DAY, -24)));
      numbers = await bench.reset(topology);
    });

    const placements = (): Placement[] =>
      (topology.meters ?? []).map(({ meterId, usagePointId }) => ({
        meterNo: numbers.get(meterId) as number,
        meterId,
        transformerId: topology.usagePoints?.find((each) => each.usagePointId === usagePointId)?.transformerId ?? '',
        from: at(DAY, -24),
        to: null,
      }));

    const someReadings = (seed: number, count: number): ReadingVersion[] => {
      const random = seededRandom(seed);
      const below = (limit: number) => Math.floor(random() * limit);
      return Array.from({ length: count }, () => {
        const meter = 1 + below(8);
        const intervalMinutes = meter === 4 ? 15 : 30;
        return {
          meterNo: numbers.get(`m${meter}`) as number,
          channel: meter < 3 && random() < 0.2 ? 2 : 1,
          intervalMinutes,
          day: DAY - 2 + below(4),
          slot: below(1440 / intervalMinutes),
          energyWh: below(5000),
          revision: below(2),
          quality: 1 + below(3),
          recordedAt: at(DAY, 48),
        };
      });
    };

    const append = (versions: readonly ReadingVersion[]) => bench.readings.appendDeltas(ReadingColumns.of(versions));
    const aggregate = () => aggregateWindows(bench.windows);

    /** What a reader is answered at any time, and what is stored once everything is summed. */
    const check = async (
      versions: readonly ReadingVersion[],
      {
        where = placements(),
        chainOf = chains(topology),
        summed = false,
      }: { where?: Placement[]; chainOf?: ReturnType<typeof chains>; summed?: boolean } = {},
    ) => {
      const span = { fromDay: DAY - 5, toDay: DAY + 5 };
      const stored = summed ? await storedSlots() : undefined;
      for (const entity of ENTITIES) {
        for (const [channel, code] of [
          ['activeEnergyImport', 1],
          ['activeEnergyExport', 2],
        ] as const) {
          const expected = expectedSlots({ versions, placements: where, chainOf, entity, channel: code });
          const days = await bench.reader?.daysOf({ entity, channel, ...span });
          if (days) expect([entity, channel, slotsOf(days)]).toEqual([entity, channel, expected]);
          if (!stored || entity.kind === 'meter') continue;
          const key = `${LEVELS[entity.kind]}/${entity.kind === 'system' ? '' : entity.id}/${code}`;
          expect([key, stored.get(key) ?? []]).toEqual([key, expected]);
        }
      }
      const all = await bench.reader?.daysOfTransformers({ channel: 'activeEnergyImport', ...span });
      for (const id of ['T1', 'T2', 'T3', 'T4']) {
        const entity = { kind: 'transformer', id } as const;
        const expected = expectedSlots({ versions, placements: where, chainOf, entity, channel: 1 });
        expect(expected.length).toBeGreaterThan(0);
        if (all) expect(slotsOf(all.get(id) ?? [])).toEqual(expected);
      }
    };

    /** By level, entity and channel. */
    const storedSlots = async (): Promise<Map<string, string[]>> => {
      const slots = new Map<string, string[]>();
      for (const row of await bench.stored()) {
        const [level, id, day, channel, intervalMinutes, body = ''] = row.split('/');
        const key = { channel: Number(channel), intervalMinutes: Number(intervalMinutes), day: Number(day) };
        const name = `${level}/${id}/${channel}`;
        slots.set(
          name,
          [...(slots.get(name) ?? []), ...slotsOf([decodeSummary(Buffer.from(body, 'hex'), key)])].sort(),
        );
      }
      return slots;
    };

    test('every level equals the sum over its meters, before and after aggregation and compaction', async () => {
      const versions = someReadings(1, 600);
      await append(versions);
      await check(versions);
      expect(await bench.stored()).toEqual([]);
      const report = await aggregate();
      expect(report.changed).toBeGreaterThan(20);
      await check(versions);
      await bench.readings.compact({ everything: true });
      await check(versions);
      expect(await aggregate()).toEqual({ summed: 0, changed: 0, more: false });
      const later = someReadings(2, 40);
      await append(later);
      await check([...versions, ...later]);
      await aggregate();
      await check([...versions, ...later], { summed: true });
    });

    test('a replay of the same readings changes no row and ends at the transformers', async () => {
      const versions = someReadings(3, 300);
      await append(versions);
      await aggregate();
      const before = await bench.stored();
      await append(versions);
      const again = await aggregate();
      expect(again).toMatchObject({ changed: 0, more: false });
      expect(again.summed).toBeGreaterThan(0);
      expect(await bench.stored()).toEqual(before);
    });

    test('any order, split and repetition, eight appending and aggregating at once, gives the same rows', async () => {
      const versions = someReadings(4, 500);
      await append(versions);
      await aggregate();
      const expected = await bench.stored();
      await bench.clear();
      const random = seededRandom(4);
      const shuffled = [...versions, ...versions.slice(0, 200)]
        .map((version) => ({ version, rank: random() }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ version }) => version);
      await Promise.all(
        Array.from({ length: 8 }, async (_, worker) => {
          for (let from = worker * 20; from < shuffled.length; from += 160) {
            await append(shuffled.slice(from, from + 20));
            await aggregate();
            if (worker === 0) await bench.readings.compact({ everything: true });
          }
        }),
      );
      await aggregate();
      expect(await bench.stored()).toEqual(expected);
      await check(versions);
    }, 120_000);

    test('a meter that moves, and a transformer, a feeder and a substation that change their parent', async () => {
      const versions = someReadings(5, 600);
      await append(versions);
      await aggregate();
      const moved = at(DAY, 11);
      const moving = (topology.meters ?? []).filter(({ meterId }) => meterId === 'm1');
      await bench.importTopology({
        meters: moving.map((meter) => ({ ...meter, usagePointId: 'U7', from: iso(moved) })),
      });
      const where = placements().flatMap((placement) =>
        placement.meterId === 'm1'
          ? [
              { ...placement, to: moved },
              { ...placement, transformerId: 'T4', from: moved },
            ]
          : [placement],
      );
      await check(versions, { where });
      await aggregate();
      await check(versions, { where, summed: true });
      const elsewhere: Topology = {
        transformers: (topology.transformers ?? []).map((each) =>
          each.transformerId === 'T2' ? { ...each, feederId: 'F3' } : each,
        ),
        feeders: (topology.feeders ?? []).map((each) =>
          each.feederId === 'F2' ? { ...each, substationId: 'S2' } : each,
        ),
        substations: topology.substations ?? [],
      };
      await bench.importTopology(elsewhere);
      await check(versions, { where, chainOf: chains(elsewhere) });
      await aggregate();
      await check(versions, { where, chainOf: chains(elsewhere), summed: true });
    });

    test('readings outside of the service count nowhere, and count when the service is extended to them', async () => {
      const early = { ...(someReadings(6, 1)[0] as ReadingVersion), day: DAY - 3, channel: 1, quality: 2 };
      const versions = [...someReadings(7, 200), early];
      await append(versions);
      await aggregate();
      await check(versions, { summed: true });
      await bench.extendServices(2);
      const where = placements().map((placement) => ({ ...placement, from: at(DAY, -72) }));
      await check(versions, { where });
      await aggregate();
      await check(versions, { where, summed: true });
      // What was summed for a service that is taken back goes again.
      await bench.extendServices(-2);
      await check(versions);
      await aggregate();
      await check(versions, { summed: true });
    });

    test('a run ends with its budget and says so; the next ones do the rest', async () => {
      const versions = someReadings(9, 300);
      await append(versions);
      let runs = 0;
      while ((await aggregateWindows(bench.windows, { budgetMs: -1 })).more) runs += 1;
      expect(runs).toBeGreaterThan(1);
      await check(versions, { summed: true });
    });

    test('a claim that is rolled back leaves the day due, and a claimed day is not claimed twice', async () => {
      const versions = someReadings(8, 100);
      await append(versions);
      const { windows } = bench;
      await windows.transaction((step) => step.noteDue());
      const crash = windows.transaction(async (step) => {
        expect((await step.claim(1000, LEVELS.transformer)).length).toBeGreaterThan(0);
        throw new Error('the process ends here');
      });
      await expect(crash).rejects.toThrow('ends here');
      await check(versions);
      if (bench.concurrent) {
        await windows
          .transaction(async (step) => {
            expect((await step.claim(1000, LEVELS.transformer)).length).toBeGreaterThan(0);
            expect(await windows.transaction((other) => other.claim(1000, LEVELS.transformer))).toEqual([]);
            throw new Error('rolled back');
          })
          .catch(() => {});
      }
      await aggregate();
      await check(versions, { summed: true });
    });
  });
}
