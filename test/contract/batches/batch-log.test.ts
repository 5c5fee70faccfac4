import { getBatch } from '../../../functions/api/batches/get-batch.ts';
import { acceptBatch } from '../../../functions/ingest/accept-batch/accept-batch.ts';
import {
  forgetOldBatches,
  postgresBatchLog,
  postgresBatchLogReader,
} from '../../../layers/adapters/postgres/batch-log.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import type { QuarantinedMessage } from '../../../layers/contracts/messages/quarantined-message.ts';
import type { AcceptedBatch } from '../../../layers/domain/batches/batch-log.ts';
import { storeReadings } from '../../../layers/domain/readings/store-readings.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi, claimsFor } from '../../harness/api-events.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const head = { channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 };
const reading = (meterId: string, value: number) => ({ meterId, ...head, start: '2012-09-30T00:00:00Z', value });
const columns = (...meters: string[]) => ({
  ...head,
  scale: -3,
  start: '2012-09-30T00:00:00Z',
  intervals: 2,
  meters,
  values: meters.flatMap(() => [1, null]),
});

for (const { name, open } of testDatabases(21_200)) {
  (open ? describe : describe.skip)(`batches on ${name}`, () => {
    let opened: TestDatabase;
    const register = new Map<string, AcceptedBatch>();
    const records: Uint8Array[] = [];
    const poison = new Map<string, QuarantinedMessage>();
    let stored = 0;
    let accept: unknown;
    let status: unknown;
    let store: ReturnType<typeof storeReadings>;

    beforeAll(async () => {
      process.env.API_CLIENT_IDS = CLIENT_IDS;
      opened = await (open as () => Promise<TestDatabase>)();
      store = storeReadings({
        readings: {
          appendDeltas: async ({ length }) => {
            stored += length;
          },
          compact: () => Promise.reject(new Error('not here')),
          readIntervals: () => Promise.reject(new Error('not here')),
          readMany: () => Promise.reject(new Error('not here')),
        },
        facts: { storeRegisterReads: async () => {}, storeMeterEvents: async () => {} },
        registry: {
          find: async (ids) => {
            const known = ids.filter((id) => id.startsWith('m'));
            return new Map(known.map((id) => [id, { meterNo: Number(id.slice(1)), intervalMinutes: [0, 30] }]));
          },
          registers: async () => new Map(),
        },
        quarantine: { put: async (messages) => messages.forEach((each) => void poison.set(each.id, each)) },
        batches: postgresBatchLog(opened.database),
        clock: Date.now,
      });
      accept = apiHandler({
        acceptBatch: acceptBatch({
          stream: { putAll: async (more) => records.push(...more.map(({ data }) => data)) > 0 },
          idempotency: {
            claim: async ({ token }) => ({ state: 'claimed', token }),
            complete: async () => {},
            release: async () => {},
          },
          register: { put: async (batch) => void register.set(batch.batchId, batch) },
        }),
      });
      const log = postgresBatchLogReader(opened.database);
      status = apiHandler({ getBatch: getBatch({ register: { find: async (id) => register.get(id) }, log }) });
    }, 120_000);
    afterAll(() => opened.stop());

    const post = async (readings: unknown[]) => {
      records.length = 0;
      const answer = await callApi(accept, routesById.acceptBatch, {
        body: { readings },
        headers: { 'Idempotency-Key': crypto.randomUUID() },
      });
      expect(answer.status).toBe(202);
      return String(answer.body.batchId);
    };
    const ask = async (batchId: string) => (await callApi(status, routesById.getBatch, { params: { batchId } })).body;
    const statuses = async (batchId: string) =>
      ((await ask(batchId)).items as { status: string }[]).map((item) => item.status);

    test('each item is pending, then stored or in quarantine with its reasons; redelivery changes nothing', async () => {
      const batchId = await post([
        reading('m1', 0.5),
        reading('x9', 0.5),
        { ...reading('m1', 0.5), unit: 'kW' },
        columns('m2', 'x8', 'm3'),
        reading('m1', 0.5),
        columns('m4'),
      ]);
      const before = ['pending', 'pending', 'rejected', 'pending', 'pending', 'pending'];
      expect(await statuses(batchId)).toEqual(before);
      expect(records).toHaveLength(4);
      await store(records.slice(0, 2));
      expect(await statuses(batchId)).toEqual(['stored', 'quarantined', 'rejected', 'pending', 'stored', 'pending']);
      for (let i = 0; i < 2; i++) await store(i === 0 ? records : [...records].reverse());
      const answer = await ask(batchId);
      expect(answer).toMatchObject({ batchId, stored: 3, quarantined: 2, pending: 0, rejected: 1 });
      const found = answer.items as { index: number; quarantineId?: string; reasons?: unknown; duplicateOf?: number }[];
      expect(found[1]).toMatchObject({ reasons: [{ path: 'meterId', message: 'UNKNOWN_METER: no meter x9' }] });
      expect(found[3]).toMatchObject({ reasons: [{ path: 'meters[1]', message: 'UNKNOWN_METER: no meter x8' }] });
      expect(found[4]?.duplicateOf).toBe(0);
      for (const index of [1, 3]) expect(poison.has(found[index]?.quarantineId ?? '')).toBe(true);
      expect(poison.size).toBe(2);
    });

    test('a large columnar item goes through the stream compressed', async () => {
      const meters = Array.from({ length: 20_000 }, (_, index) => `m${index + 10}`);
      const batchId = await post([columns(...meters)]);
      expect(records[0]?.length).toBeLessThan(1_000_000);
      const already = stored;
      await store(records);
      expect([await statuses(batchId), stored - already]).toEqual([['stored'], 20_000]);
    });

    test('a number that says more than a double holds is refused, not rounded', async () => {
      const text = JSON.stringify({ readings: [reading('m1', 0.5), reading('m2', 0.25)] });
      const answer = await callApi(accept, routesById.acceptBatch, {
        body: text.replace('0.25', '0.2500000000000000001'),
        headers: { 'Idempotency-Key': 'k' },
      });
      expect(answer.body).toMatchObject({ accepted: 1, rejected: 1 });
      expect(JSON.stringify(answer.body.items)).toContain('EXCESS_PRECISION');
    });

    test("another client's batch, and none, are not found", async () => {
      const batchId = await post([reading('m1', 0.5)]);
      const claims = { ...claimsFor(routesById.getBatch), client_id: 'dashboard' };
      expect((await callApi(status, routesById.getBatch, { params: { batchId }, claims })).status).toBe(404);
      const none = { params: { batchId: crypto.randomUUID() } };
      expect((await callApi(status, routesById.getBatch, none)).status).toBe(404);
    });

    test('what is older than can be asked after is forgotten', async () => {
      const { database } = opened;
      const [old, young] = [crypto.randomUUID(), crypto.randomUUID()];
      await postgresBatchLog(database).record([old, young].map((batchId) => ({ batchId, item: 0 })));
      await database.query(`UPDATE batch_outcome SET updated_at = now() - interval '15 days' WHERE batch_id = $1`, [
        old,
      ]);
      await forgetOldBatches(database);
      const log = postgresBatchLogReader(database);
      expect((await log.outcomes(old)).handled.size).toBe(0);
      expect((await log.outcomes(young)).handled.size).toBe(1);
    });
  });
}
