import { createHash } from 'node:crypto';
import { quarantineRoutes } from '../../../functions/api/quarantine/quarantine-routes.ts';
import { dynamoAuditLog } from '../../../layers/adapters/dynamodb/audit-log.ts';
import { dynamoQuarantineIndex } from '../../../layers/adapters/dynamodb/quarantine-index.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import type { QuarantinedMessage } from '../../../layers/contracts/messages/quarantined-message.ts';
import { quarantined } from '../../../layers/domain/messages/quarantine.ts';
import { indexedQuarantine } from '../../../layers/domain/quarantine/indexed-quarantine.ts';
import type { OperateQuarantinePorts } from '../../../layers/domain/quarantine/operate-quarantine.ts';
import type { QuarantineArrival } from '../../../layers/domain/quarantine/quarantine-index.ts';
import type { Correction, FailedRecord } from '../../../layers/domain/quarantine/quarantine-objects.ts';
import { watchQuarantine } from '../../../layers/domain/quarantine/watch-quarantine.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { CLIENT_IDS, callApi } from '../../harness/api-events.ts';
import { type TestTables, testTables } from '../../harness/dynamodb.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

let tables: TestTables;
let made = 0;
beforeAll(async () => {
  process.env.API_CLIENT_IDS = CLIENT_IDS;
  tables = await testTables({
    index: { key: ['pk'], indexes: { queue: ['queue', 'position'] } },
    listed: { key: ['pk'], indexes: { queue: ['queue', 'position'] } },
    audit: { key: ['pk', 'number:sequence'] },
  });
});
afterAll(() => tables.stop());

const arrival = (id: string, over: Partial<QuarantineArrival> = {}): QuarantineArrival => ({
  id,
  kind: 'interval-readings',
  topic: 'meters/m001/interval-readings',
  clientId: 'm001',
  traceId: '',
  receivedAt: T0,
  reasonCodes: ['NEGATIVE'],
  ...over,
});
const operator = { subject: 'op', clientId: 'dashboard' };

describe('the index', () => {
  const index = () => dynamoQuarantineIndex(tables.client, 'index');
  const change = async (id: string, status: 'replayed' | 'discarded', at: number) => {
    const entry = await index().find(id);
    if (!entry) throw new Error(id);
    return index().change({ entry, status, by: { at, action: 'replay', actor: operator, reason: 'because' } });
  };

  test('a redelivered message is one entry and changes nothing', async () => {
    const id = hash('redelivered');
    await index().arrive([arrival(id)]);
    await Promise.all(Array.from({ length: 8 }, () => index().arrive([arrival(id)])));
    expect(await index().find(id)).toMatchObject({ status: 'open', version: 1, since: T0, history: [] });
  });

  test('what is refused again after a replay or a discard is open again; an old receipt is not', async () => {
    const id = hash('again');
    await index().arrive([arrival(id)]);
    await change(id, 'replayed', T0 + 10);
    await index().arrive([arrival(id)]);
    expect(await index().find(id)).toMatchObject({ status: 'replayed' });
    await index().arrive([arrival(id, { receivedAt: T0 + 20, reasonCodes: ['UNKNOWN_METER'] })]);
    const reopened = { status: 'open', since: T0 + 20, reasonCodes: ['UNKNOWN_METER'] };
    expect(await index().find(id)).toMatchObject(reopened);
    await change(id, 'discarded', T0 + 30);
    await index().arrive([arrival(id, { receivedAt: T0 + 40 })]);
    expect(await index().find(id)).toMatchObject({ status: 'open', since: T0 + 40 });
  });

  test('a change on an old version is not made', async () => {
    const id = hash('raced');
    await index().arrive([arrival(id)]);
    const entry = await index().find(id);
    if (!entry) throw new Error('not there');
    const by = { at: T0, action: 'discard' as const, actor: operator, reason: 'because' };
    const both = await Promise.all([1, 2].map(() => index().change({ entry, status: 'discarded', by })));
    expect(both.filter(Boolean)).toHaveLength(1);
    expect((await index().find(id))?.history).toHaveLength(1);
  });

  test('lists newest first, by filter, page by page, each once; counts what waits and since when', async () => {
    const listed = dynamoQuarantineIndex(tables.client, 'listed');
    const arrivals = Array.from({ length: 330 }, (_, i) =>
      arrival(hash(`listed ${i}`), {
        receivedAt: T0 + i * 1000,
        ...(i % 3 === 0 ? { kind: 'meter-events', reasonCodes: ['UNKNOWN_EVENT', 'INVALID_TIME'] } : {}),
      }),
    );
    await listed.arrive(arrivals);
    const newestFirst = arrivals.map(({ id }) => id).reverse();
    const pages: string[][] = [];
    let before: string | undefined;
    do {
      const { entries, next } = await listed.list({ status: 'open', limit: 100, before });
      pages.push(entries.map(({ id }) => id));
      before = next;
    } while (before);
    expect(pages.map(({ length }) => length)).toEqual([100, 100, 100, 30]);
    expect(pages.flat()).toEqual(newestFirst);
    const events = await listed.list({ status: 'open', limit: 1000, kind: 'meter-events', reason: 'INVALID_TIME' });
    expect(events.entries.map(({ id }) => id)).toEqual(newestFirst.filter((_, i) => (329 - i) % 3 === 0));
    const some = await listed.list({ status: 'open', limit: 1000, from: T0 + 5000, to: T0 + 8000 });
    expect(some.entries.map(({ since }) => since - T0)).toEqual([7000, 6000, 5000]);
    expect((await listed.list({ status: 'replayed', limit: 10 })).entries).toEqual([]);
    expect(await listed.depth(10_000)).toEqual({ open: 330, oldestSince: T0 });
    expect(await listed.depth(100)).toEqual({ open: 100, oldestSince: T0 });
  });
});

test('the audit log takes a record once, and no other in its place', async () => {
  const audit = dynamoAuditLog(tables.client, 'audit');
  const record = {
    entity: 'x',
    sequence: 2,
    at: T0,
    actor: operator,
    action: 'a',
    reason: 'r',
    details: { b: 1, a: 2 },
  };
  await audit.append([record]);
  await audit.append([{ ...record, details: { a: 2, b: 1 } }]);
  await expect(audit.append([{ ...record, reason: 'another' }])).rejects.toThrow('another record 2 of x');
  expect(await audit.of('x')).toEqual([record]);
});

describe('routes', () => {
  /** A stage with its own streams and bodies; what the stream takes is kept. */
  const stage = () => {
    const bodies = new Map<string, QuarantinedMessage>();
    const corrections = new Map<string, Correction>();
    const batches = new Map<string, { streamName: string; records: FailedRecord[] }>();
    const put: { stream: string; records: readonly FailedRecord[] }[] = [];
    const index = dynamoQuarantineIndex(tables.client, 'index');
    const audit = dynamoAuditLog(tables.client, 'audit');
    const hooks = { beforePut: async (): Promise<void> => {}, takes: true };
    const ports: OperateQuarantinePorts = {
      index,
      audit,
      objects: {
        message: async ({ id }) => bodies.get(id),
        putCorrection: async (_, correction) => void corrections.set(correction.id, correction),
        correction: async ({ correctionId }) => corrections.get(correctionId ?? ''),
        failedBatch: async ({ topic }) => batches.get(topic),
      },
      async put(stream, records) {
        await hooks.beforePut();
        if (hooks.takes) put.push({ stream, records });
        return hooks.takes;
      },
      streamNamed: (name) => (name === 'smart-grid-readings' ? 'readings' : undefined),
    };
    const quarantine = indexedQuarantine({
      objects: { put: async (messages) => messages.forEach((message) => void bodies.set(message.id, message)) },
      index,
    });
    const handler = apiHandler(quarantineRoutes(ports));
    const call = (route: keyof typeof routesById, quarantineId: string, request: object = {}) =>
      callApi(handler, routesById[route], { params: { quarantineId }, ...request });
    return { put, batches, index, audit, hooks, quarantine, handler, call };
  };
  const message = (text = '{"value":-1}', topic = 'meters/m001/interval-readings') => {
    made += 1;
    const payload = Buffer.from(`${text}${' '.repeat(made)}`);
    return quarantined({ topic, clientId: 'm001', receivedAt: T0, traceId: 't', payload }, 'interval-readings', [
      { code: 'NEGATIVE', path: 'value', message: 'below zero' },
      { code: 'NEGATIVE', path: 'other', message: 'below zero' },
    ]);
  };
  const why = { body: { reason: 'meter registered late' } };
  const envelopes = (put: { records: readonly FailedRecord[] }[]) =>
    put.flatMap(({ records }) => records.map(({ data }) => JSON.parse(Buffer.from(data).toString())));

  test('shows every reason; unknown ids and requests without a reason are refused', async () => {
    const { call, quarantine } = stage();
    const bad = message();
    await quarantine.put([bad]);
    const { status, body } = await call('getQuarantined', bad.id);
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        status: 'open',
        reasonCodes: ['NEGATIVE'],
        reasons: bad.reasons,
        payload: bad.payload,
      }),
    ]);
    expect((await call('getQuarantined', hash('nothing'))).status).toBe(404);
    expect((await call('replayQuarantined', bad.id, { body: {} })).status).toBe(400);
    expect((await call('discardQuarantined', bad.id)).status).toBe(400);
  });

  test('a replay sends the message once, however often it is asked for, and is audited once', async () => {
    const { call, quarantine, put, audit } = stage();
    const bad = message();
    await quarantine.put([bad]);
    for (let i = 0; i < 3; i += 1) {
      expect((await call('replayQuarantined', bad.id, why)).body).toMatchObject({
        status: 'replayed',
        replayedAs: bad.id,
      });
    }
    expect(put.map(({ stream }) => stream)).toEqual(['readings']);
    expect(envelopes(put)).toEqual([
      expect.objectContaining({ topic: bad.topic, payload: bad.payload, clientId: 'm001', traceId: 't' }),
    ]);
    expect(await audit.of(`quarantine#${bad.id}`)).toEqual([
      expect.objectContaining({
        action: 'quarantine.replay',
        reason: why.body.reason,
        actor: { subject: 'someone', clientId: 'dashboard' },
      }),
    ]);
  });

  test('refused again while the replay is being noted: it stays open', async () => {
    const { call, quarantine, hooks, put } = stage();
    const bad = message();
    await quarantine.put([bad]);
    hooks.beforePut = async () => {
      // The consumer is faster than the note: it refuses the message at a later receipt.
      await quarantine.put([{ ...bad, receivedAt: Date.now() + 1000 }]);
    };
    const { body } = await call('replayQuarantined', bad.id, why);
    expect(body).toMatchObject({ status: 'open' });
    expect((body.history as unknown[]).length).toBe(1);
    expect(put).toHaveLength(1);
  });

  test('a corrected payload is kept beside the original and is what a replay sends', async () => {
    const { call, quarantine, put, audit } = stage();
    const bad = message('{}', 'meters/m001/nonsense');
    await quarantine.put([bad]);
    expect((await call('replayQuarantined', bad.id, why)).status).toBe(409);
    const payload = Buffer.from('{"value":1}').toString('base64');
    const topic = 'meters/m001/interval-readings';
    const correction = { body: { payload, topic, reason: 'sign was wrong' } };
    const corrected = await call('correctQuarantined', bad.id, correction);
    expect(corrected.body).toMatchObject({ corrected: true, payload: bad.payload, correction: { payload, topic } });
    await call('correctQuarantined', bad.id, correction);
    const replay = await call('replayQuarantined', bad.id, why);
    expect(replay.body).toMatchObject({ replayedAs: hash(`${topic}\0{"value":1}`) });
    expect(envelopes(put)).toEqual([expect.objectContaining({ topic, payload })]);
    expect((await audit.of(`quarantine#${bad.id}`)).map(({ action }) => action)).toEqual([
      'quarantine.correct',
      'quarantine.replay',
    ]);
  });

  test('what the stream does not take stays open and says when to try again', async () => {
    const { call, quarantine, hooks, index } = stage();
    const bad = message();
    await quarantine.put([bad]);
    hooks.takes = false;
    expect((await call('replayQuarantined', bad.id, why)).status).toBe(503);
    expect(await index.find(bad.id)).toMatchObject({ status: 'open', history: [] });
  });

  test('what is discarded is not replayed, and stays readable', async () => {
    const { call, quarantine } = stage();
    const bad = message();
    await quarantine.put([bad]);
    expect((await call('discardQuarantined', bad.id, { query: { reason: 'test device' } })).status).toBe(200);
    expect((await call('replayQuarantined', bad.id, why)).status).toBe(409);
    expect((await call('getQuarantined', bad.id)).body).toMatchObject({ status: 'discarded', payload: bad.payload });
  });

  test('failed batches are found, listed and put back as they were', async () => {
    const { batches, index, put, call, handler } = stage();
    const key = 'aws/lambda/1/shardId-000000000000/2026/03/01/2026-03-01T00.00.00-1';
    const records = [{ partitionKey: 'm001', data: Buffer.from('{}') }];
    batches.set(key, { streamName: 'smart-grid-readings', records });
    const found = arrival(hash(key), { kind: 'failed-batch', topic: key, reasonCodes: ['RETRIES_EXHAUSTED'] });
    const watch = watchQuarantine({
      index,
      batches: {
        async *list() {
          yield [found];
        },
      },
      clock: () => T0 + 3 * 3_600_000,
    });
    await watch();
    expect(await watch()).toMatchObject({ QuarantineOldestHours: 3 });
    const { body } = await callApi(handler, routesById.listQuarantine, { query: { kind: 'failed-batch' } });
    expect(body.items).toEqual([expect.objectContaining({ id: found.id, topic: key })]);
    expect((await call('replayQuarantined', found.id, why)).body).toMatchObject({ status: 'replayed' });
    expect(put).toEqual([{ stream: 'readings', records }]);
    await watch();
    expect(await index.find(found.id)).toMatchObject({ status: 'replayed' });
  });
});
