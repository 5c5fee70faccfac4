import type { APIGatewayProxyEvent } from 'aws-lambda';
import { acceptBatch, type BatchResult } from '../../../functions/ingest/accept-batch/accept-batch.ts';
import type { Claim } from '../../../layers/adapters/dynamodb/idempotency.ts';
import type { StreamRecord } from '../../../layers/adapters/kinesis/stream-writer.ts';
import { openApiDescription } from '../../../layers/contracts/api/openapi.ts';
import { routesById } from '../../../layers/contracts/api/routes.ts';
import type { AcceptedBatch } from '../../../layers/domain/batches/batch-log.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem } from '../../../layers/runtime/api-problem.ts';
import { parseRequest } from '../../../layers/runtime/api-request.ts';
import { CLIENT_IDS, callApi } from '../../harness/api-events.ts';

beforeAll(() => {
  process.env.API_CLIENT_IDS = CLIENT_IDS;
});

test('what a browser keeps of one caller is no answer to another: it varies by the token, and by nothing where none is asked', async () => {
  const network = { regions: [], substations: [], feeders: [], transformers: [], meters: [] };
  const kept = await callApi(apiHandler({ getNetwork: async () => network }), routesById.getNetwork);
  expect(kept.headers).toMatchObject({ 'Cache-Control': 'private, max-age=60', Vary: 'Authorization' });
  const open = await callApi(
    apiHandler({ getOpenApi: async () => openApiDescription() as never }),
    routesById.getOpenApi,
  );
  expect([open.status, open.headers['Cache-Control'], open.headers.Vary]).toEqual([
    200,
    'public, max-age=300',
    undefined,
  ]);
});

describe('problems', () => {
  const handler = apiHandler({ getMeterReadings: async () => Promise.reject(new Error('must not be reached')) });

  test('every violation is named, with the value', async () => {
    const { status, body, headers } = await callApi(handler, routesById.getMeterReadings, {
      params: { meterId: 'no such id!' },
      query: { from: 'yesterday', limit: '5000', colour: 'red' },
    });
    expect(status).toBe(400);
    expect(headers['Content-Type']).toBe('application/problem+json');
    const violations = body.violations as { path: string; value?: unknown }[];
    expect(violations.map(({ path, value }) => [path, value])).toEqual([
      ['path.meterId', 'no such id!'],
      ['query.from', 'yesterday'],
      ['query.limit', '5000'],
      ['query', undefined],
    ]);
  });

  test('a body that could be read in two ways is refused, naming where', async () => {
    const event = {
      headers: { 'content-type': 'application/json' },
      body: '{"items":[],"items":[{"a":1e309}]}',
      isBase64Encoded: false,
    } as unknown as APIGatewayProxyEvent;
    const parsed = parseRequest(routesById.putTopology, event);
    expect(parsed).toBeInstanceOf(ApiProblem);
    expect((parsed as ApiProblem).violations.map(({ path }) => path).sort()).toEqual(['body.items', 'body.items[0].a']);
  });

  test('a fault is 500 without its message', async () => {
    const { status, body } = await callApi(handler, routesById.getMeterReadings, { params: { meterId: 'm001' } });
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('must not be reached');
  });

  test('an answer that breaks its contract is never sent', async () => {
    const broken = apiHandler({ getNetwork: async () => ({ regions: 'none' }) as never });
    expect((await callApi(broken, routesById.getNetwork)).status).toBe(500);
  });
});

describe('POST /readings:batch', () => {
  const reading = { meterId: 'm001', channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 };
  const good = { ...reading, start: '2012-09-30T00:00:00Z', value: 0.112 };

  const withPorts = (taken: boolean) => {
    const put: StreamRecord[] = [];
    const batches: AcceptedBatch[] = [];
    const kept = new Map<string, { bodyHash: string; answer?: BatchResult }>();
    const handler = apiHandler({
      acceptBatch: acceptBatch({
        register: { put: async (batch) => void batches.push(batch) },
        stream: {
          async putAll(records) {
            if (taken) put.push(...records);
            return taken;
          },
        },
        idempotency: {
          async claim({ key, bodyHash, token }): Promise<Claim<BatchResult>> {
            const found = kept.get(key);
            if (!found) {
              kept.set(key, { bodyHash });
              return { state: 'claimed', token };
            }
            if (found.bodyHash !== bodyHash) return { state: 'other-body' };
            return found.answer ? { state: 'answered', answer: found.answer } : { state: 'in-flight' };
          },
          async complete({ key, answer }) {
            const found = kept.get(key);
            if (found) found.answer = answer;
          },
          async release({ key }) {
            kept.delete(key);
          },
        },
      }),
    });
    const post = (readings: unknown[], key = 'k1') =>
      callApi(handler, routesById.acceptBatch, { body: { readings }, headers: { 'Idempotency-Key': key } });
    return { put, kept, post, batches };
  };

  test('each item is accepted or rejected with every reason, duplicates are named and put once', async () => {
    const { post, put } = withPorts(true);
    const { status, body } = await post([good, { ...good, unit: 'kW', value: -1 }, good, { ...good, value: 0.1234 }]);
    expect(status).toBe(202);
    expect(body).toMatchObject({ accepted: 2, rejected: 2 });
    const items = (body as unknown as BatchResult).items;
    expect(items.map(({ status: outcome, duplicateOf }) => [outcome, duplicateOf])).toEqual([
      ['accepted', undefined],
      ['rejected', undefined],
      ['accepted', 0],
      ['rejected', undefined],
    ]);
    expect(items[1]?.reasons?.map(({ path }) => path).sort()).toEqual(['unit', 'value']);
    expect(put).toHaveLength(1);
    const envelope = JSON.parse(Buffer.from(put[0]?.data ?? []).toString());
    expect(envelope).toMatchObject({ topic: 'headend/headend/interval-readings', clientId: 'headend' });
    expect(JSON.parse(Buffer.from(envelope.payload, 'base64').toString())).toEqual(good);
  });

  test('the same again is answered the same and put once; another body with the key is 422', async () => {
    const { post, put } = withPorts(true);
    const first = await post([good]);
    expect((await post([good])).body).toEqual(first.body);
    expect(put).toHaveLength(1);
    expect((await post([{ ...good, value: 1 }])).status).toBe(422);
  });

  test('a stream that takes no more is 503 with Retry-After, and the key is free again', async () => {
    const { post, kept } = withPorts(false);
    const { status, headers } = await post([good]);
    expect([status, headers['Retry-After']]).toEqual([503, '5']);
    expect(kept.size).toBe(0);
  });

  test('a key is needed', async () => {
    const { post } = withPorts(true);
    expect((await post([good], '')).status).toBe(400);
  });
});

test('every reference of the OpenAPI document leads somewhere', () => {
  const document = openApiDescription() as { components: { schemas: Record<string, unknown> }; paths: object };
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target = '']) => target);
  expect(references.length).toBeGreaterThan(20);
  const known = new Set(Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`));
  expect(references.filter((target) => !known.has(target))).toEqual([]);
  expect(JSON.stringify(document)).not.toContain('$defs');
});
