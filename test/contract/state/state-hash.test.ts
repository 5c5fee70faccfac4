import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { postgresMeterFacts } from '../../../layers/adapters/postgres/meter-facts.ts';
import { postgresMeterRegistry } from '../../../layers/adapters/postgres/meter-registry.ts';
import { postgresOutageStore, postgresSupplyEvidence } from '../../../layers/adapters/postgres/outage-detection.ts';
import { postgresReadingStore } from '../../../layers/adapters/postgres/reading-store.ts';
import {
  postgresSettlementFacts,
  postgresSettlementMasterData,
} from '../../../layers/adapters/postgres/settlement-master-data.ts';
import { postgresSettlementStore } from '../../../layers/adapters/postgres/settlement-store.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { postgresWindowAggregation } from '../../../layers/adapters/postgres/window-aggregation.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import type { QuarantinedMessage } from '../../../layers/contracts/messages/quarantined-message.ts';
import { DEFAULT_OUTAGE_SETTINGS } from '../../../layers/contracts/outages/settings.ts';
import { DEFAULT_VEE_SETTINGS } from '../../../layers/contracts/vee/settings.ts';
import { messageId } from '../../../layers/domain/messages/quarantine.ts';
import { detectOutages } from '../../../layers/domain/outages/detect-outages.ts';
import { storeReadings } from '../../../layers/domain/readings/store-readings.ts';
import { runSettlement } from '../../../layers/domain/settlement/run-settlement.ts';
import { aggregateWindows } from '../../../layers/domain/windows/aggregate-windows.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';
import { householdData } from '../../harness/household-data.ts';
import { seededRandom } from '../../harness/seeded-random.ts';
import { smallGrid } from '../../harness/small-grid.ts';
import { stateHash, stateLines } from '../../harness/state-hash.ts';
import { DAY_MS, FIRST_DAY, planOf } from '../../simulation/plan.ts';

interface Message {
  topic: string;
  payload: Uint8Array;
}

const NOW = FIRST_DAY * DAY_MS;
const record = ({ topic, payload }: Message, receivedAt: number): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      payload: Buffer.from(payload).toString('base64'),
      topic,
      clientId: topic.split('/')[1],
      receivedAt,
      traceId: '',
    }),
  );

/** Register reads and an event beside the plan's readings, one of each kind twice and one of them wrong. */
const facts: Message[] = [
  ['meters/m1/register-reads', { meterId: 'm1', channel: 'activeEnergyImport', unit: 'kWh', value: 12.5 }],
  ['meters/m1/register-reads', { meterId: 'm1', channel: 'activeEnergyImport', unit: 'kWh', value: 13 }],
  ['meters/m2/register-reads', { meterId: 'm2', channel: 'activeEnergyImport', unit: 'kvarh', value: 13 }],
  ['meters/m3/meter-events', { meterId: 'm3', event: 'LAST_GASP' }],
  ['meters/m5/meter-events', { meterId: 'm5', event: 'POWER_RETURNED' }],
  ['meters/m5/meter-events', { meterId: 'm5', event: 'POWER_FAILURE' }],
].map(([topic, fields], index) => ({
  topic: String(topic),
  payload: Buffer.from(JSON.stringify({ ...(fields as object), time: new Date(NOW - index * 60_000).toISOString() })),
}));

const PORT = 21_950;
for (const { name, open } of testDatabases(PORT)) {
  (open ? describe : describe.skip)(`state hash on ${name}`, () => {
    let opened: TestDatabase;
    let quarantine = new Map<string, QuarantinedMessage>();

    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
      const imported = await topologyWriter(opened.database).importTopology(
        smallGrid(new Date(NOW - 2 * DAY_MS).toISOString()),
      );
      expect(imported).toHaveProperty('changes');
    }, 120_000);
    afterAll(() => opened.stop());

    const clear = async () => {
      quarantine = new Map();
      await opened.database.query(`TRUNCATE reading_delta, reading_block, reading_version, register_read, meter_event,
        window_day, window_due, window_mark, window_known_day, settlement_run, settled_day, settlement_determinant,
        settlement_adjustment, vee_exception, outage, outage_interruption, outage_cause, outage_detection,
        confirmed_interruption`);
    };
    /** A new environment of the function, which knows nothing of what others did. */
    const consumer = () =>
      storeReadings({
        readings: postgresReadingStore(opened.database),
        facts: postgresMeterFacts(opened.database),
        registry: postgresMeterRegistry(opened.database),
        quarantine: {
          async put(messages) {
            for (const message of messages) quarantine.set(message.id, message);
          },
        },
        clock: () => NOW,
      });
    const compact = (everything: boolean) => postgresReadingStore(opened.database).compact({ everything });
    const aggregate = () => aggregateWindows(postgresWindowAggregation(opened.database));
    const detect = () =>
      detectOutages({
        evidence: postgresSupplyEvidence(opened.database),
        outages: postgresOutageStore(opened.database),
        readings: postgresReadingStore(opened.database),
        settings: async () => DEFAULT_OUTAGE_SETTINGS,
        clock: () => NOW + 2 * DAY_MS,
      })();
    /** Both regions at a cutoff after every receipt. */
    const settle = async () => {
      for (const regionId of ['R1', 'R2']) {
        for (const localDay of [FIRST_DAY - 2, FIRST_DAY - 1]) {
          const run = await runSettlement(
            {
              readings: postgresReadingStore(opened.database),
              facts: postgresSettlementFacts(opened.database),
              master: postgresSettlementMasterData(opened.database),
              store: postgresSettlementStore(opened.database),
              settings: { current: async () => ({ version: 'default', settings: DEFAULT_VEE_SETTINGS }) },
              clock: () => NOW + 4 * DAY_MS,
            },
            { regionId, localDay, final: false, cutoff: NOW + 3 * DAY_MS, budgetMs: Number.POSITIVE_INFINITY },
          );
          expect(run).toMatchObject({ complete: true });
        }
      }
    };
    const state = async () => {
      while ((await compact(true)).more);
      await aggregate();
      await detect();
      await settle();
      return stateLines(opened.database, quarantine.values());
    };
    /** One consumer, each message once, in order. */
    const inOrder = async (messages: readonly Message[]) => {
      await clear();
      const consume = consumer();
      for (const [index, message] of messages.entries()) await consume([record(message, NOW + index)]);
      return state();
    };

    test('shuffled, repeated, split, delayed up to 48 h, by eight consumers with restarts: the state of one in order', async () => {
      const runs = opened.sessions > 1 ? 12 : 4;
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
          const random = seededRandom(seed);
          const below = (limit: number) => Math.floor(random() * limit);
          const messages: Message[] = [...planOf(seed).messages, ...facts];
          const expected = await inOrder(messages);
          await clear();
          // Everything three times, in any order; each delivery with a receipt of its own.
          const deliveries = [...messages, ...messages, ...messages]
            .map((message) => ({ message, rank: random(), receivedAt: NOW + below(48 * 3_600_000) }))
            .sort((a, b) => a.rank - b.rank);
          let at = 0;
          await Promise.all(
            Array.from({ length: 8 }, async () => {
              let consume = consumer();
              while (at < deliveries.length) {
                const batch = deliveries.slice(at, at + 1 + below(25));
                at += batch.length;
                const given = new Set(batch.map(({ message }) => messageId(message)));
                const { quarantined } = await consume(
                  batch.map(({ message, receivedAt }) => record(message, receivedAt)),
                );
                for (const { id } of quarantined) expect(given).toContain(id);
                const chance = below(10);
                if (chance === 0) consume = consumer();
                if (chance === 1) await compact(true);
                if (chance < 4) await aggregate();
              }
            }),
          );
          const found = await state();
          expect(found).toEqual(expected);
          expect(stateHash(found)).toBe(stateHash(expected));
        }),
        { numRuns: runs, seed: 48, endOnFailure: true },
      );
    }, 300_000);

    test('whole days three times with lost sessions between: the same hash, and every feeder the sum of its meters', async () => {
      const data = householdData();
      const first = data.starts.findIndex((start) => start >= NOW - 2 * DAY_MS);
      const messages = Array.from({ length: 8 }, (_, meter): Message[] => {
        const wh = data.wh.get(data.meterIds[meter] ?? '') ?? [];
        const meterId = `m${meter + 1}`;
        const minutes = meter === 3 ? 15 : 30;
        return [0, 1].map((day) => ({
          topic: `meters/${meterId}/interval-readings`,
          payload: Buffer.from(
            JSON.stringify({
              meterId,
              channel: 'activeEnergyImport',
              unit: 'kWh',
              intervalMinutes: minutes,
              intervals: Array.from({ length: 48 }, (_, slot) => ({
                start: new Date(NOW - (2 - day) * DAY_MS + slot * minutes * 60_000).toISOString(),
                value: (wh[first + day * 48 + slot] ?? 0) / 1000,
              })),
            }),
          ),
        }));
      }).flat();
      const expected = await inOrder(messages);
      expect(expected.length).toBeGreaterThan(8 * 96 * 2);
      expect(expected.filter((line) => line.startsWith('settled_day ')).length).toBeGreaterThan(0);
      await clear();
      for (let replay = 0; replay < 3; replay += 1) {
        const consume = consumer();
        for (const message of messages.toReversed()) await consume([record(message, NOW + replay * DAY_MS)]);
        await aggregate();
        if (opened.sessions > 1) {
          await opened.database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()`);
        }
        if (replay === 1) await compact(true);
      }
      expect(stateHash(await state())).toBe(stateHash(expected));
      const reader = postgresWindowReader(opened.database);
      const sumOf = async (entity: Parameters<typeof reader.daysOf>[0]['entity']) => {
        const span = { fromDay: FIRST_DAY - 3, toDay: FIRST_DAY + 1 };
        const days = await reader.daysOf({ entity, channel: 'activeEnergyImport', ...span });
        return days.reduce((sum, { sumWh }) => sum + sumWh.reduce((total, wh) => total + wh, 0), 0);
      };
      const meters = await Promise.all(Array.from({ length: 8 }, (_, i) => sumOf({ kind: 'meter', id: `m${i + 1}` })));
      const [m1 = 0, m2 = 0, m3 = 0, m4 = 0, m5 = 0, m6 = 0, m7 = 0, m8 = 0] = meters;
      expect(await sumOf({ kind: 'feeder', id: 'F1' })).toBe(m1 + m2 + m3 + m4);
      expect(await sumOf({ kind: 'feeder', id: 'F2' })).toBe(m5 + m6);
      expect(await sumOf({ kind: 'feeder', id: 'F3' })).toBe(m7 + m8);
      expect(await sumOf({ kind: 'system' })).toBe(meters.reduce((sum, wh) => sum + wh, 0));
      expect(m1).toBeGreaterThan(0);
    }, 120_000);

    /** A process of the function; `store` resolves with whether it has said that the batch is stored. */
    const startProcess = () => {
      const script = join(import.meta.dirname, 'consumer-process.ts');
      const child: ChildProcess = spawn(process.execPath, [script, String(PORT), String(NOW)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      child.stdin?.on('error', () => {});
      const ended = new Promise<false>((resolve) => child.once('close', () => resolve(false)));
      let said: (() => void) | undefined;
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        if (line === 'done') said?.();
        else {
          const message = JSON.parse(line) as QuarantinedMessage;
          quarantine.set(message.id, message);
        }
      });
      return {
        store: (batch: readonly Uint8Array[]) => {
          const done = new Promise<true>((resolve) => {
            said = () => resolve(true);
          });
          child.stdin?.write(`${JSON.stringify(batch.map((data) => Buffer.from(data).toString('base64')))}\n`);
          return Promise.race([done, ended]);
        },
        kill: async () => {
          child.kill('SIGKILL');
          await ended;
        },
      };
    };

    test('processes killed within and between batches, which come again: the state of one in order', async () => {
      // One backend serves no second process.
      if (opened.sessions === 1) return;
      const random = seededRandom(5);
      const below = (limit: number) => Math.floor(random() * limit);
      const messages: Message[] = [...planOf(5).messages, ...facts];
      const expected = await inOrder(messages);
      await clear();
      const deliveries = [...messages, ...messages, ...messages]
        .map((message) => ({ message, rank: random(), receivedAt: NOW + below(48 * 3_600_000) }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ message, receivedAt }) => record(message, receivedAt));
      let running = startProcess();
      const kills = { within: 0, between: 0 };
      for (let at = 0; at < deliveries.length; ) {
        const batch = deliveries.slice(at, at + 1 + below(12));
        const chance = below(5);
        const stored = running.store(batch);
        if (chance === 0) {
          await new Promise((resolve) => setTimeout(resolve, below(40)));
          await running.kill();
        }
        if (await stored) at += batch.length;
        else kills.within += 1;
        if (chance === 1) {
          await running.kill();
          kills.between += 1;
        }
        if (chance < 2) running = startProcess();
      }
      await running.kill();
      expect(kills.within).toBeGreaterThan(0);
      expect(kills.between).toBeGreaterThan(0);
      const found = await state();
      expect(found).toEqual(expected);
    }, 300_000);

    test('the hash sees a value, a quality, a quarantined message and a sum that differ', async () => {
      const message = (value: number, quality = 'raw'): Message => ({
        topic: 'meters/m1/interval-readings',
        payload: Buffer.from(
          JSON.stringify({
            meterId: 'm1',
            channel: 'activeEnergyImport',
            unit: 'kWh',
            intervalMinutes: 30,
            start: new Date(NOW - DAY_MS).toISOString(),
            value,
            quality,
          }),
        ),
      });
      const hashes = [];
      for (const messages of [[message(1)], [message(2)], [message(1, 'edited')], [message(1), message(-1)]]) {
        hashes.push(stateHash(await inOrder(messages)));
      }
      await inOrder([message(1)]);
      await opened.database.query(`DELETE FROM window_day WHERE level = 4`);
      hashes.push(stateHash(await stateLines(opened.database, [])));
      expect(new Set(hashes).size).toBe(5);
    });
  });
}
