import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';
import { customResource } from '../../../layers/runtime/custom-resource.ts';

let server: Server;
let answers: { contentType: string | undefined; document: Record<string, unknown> }[];
let refusals: number;

beforeEach(async () => {
  answers = [];
  refusals = 0;
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (refusals > 0) {
      refusals -= 1;
      response.writeHead(503).end();
      return;
    }
    answers.push({
      contentType: request.headers['content-type'],
      document: JSON.parse(Buffer.concat(chunks).toString()),
    });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const request = (RequestType: 'Create' | 'Update' | 'Delete'): CloudFormationCustomResourceEvent =>
  ({
    RequestType,
    ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Thing',
    ResourceType: 'Custom::Thing',
    ServiceToken: 'token',
    ResourceProperties: { ServiceToken: 'token', size: '3' },
    ...(RequestType === 'Create' ? {} : { PhysicalResourceId: 'made-before' }),
  }) as CloudFormationCustomResourceEvent;

const context = (remainingMs = 60_000) =>
  ({ getRemainingTimeInMillis: () => remainingMs, logStreamName: 'log' }) as Context;

const working = {
  apply: async ({ size }: Readonly<Record<string, unknown>>) => ({ size: String(size) }),
  remove: async () => {},
};

test('answers success with its data, without a content type, which the presigned address does not cover', async () => {
  await customResource('thing', working)(request('Create'), context());
  expect(answers).toEqual([
    {
      contentType: undefined,
      document: expect.objectContaining({
        Status: 'SUCCESS',
        PhysicalResourceId: 'thing',
        RequestId: 'request',
        Data: { size: '3' },
      }),
    },
  ]);
});

test('keeps the physical id of an update and a removal, so that nothing is replaced', async () => {
  await customResource('thing', working)(request('Update'), context());
  await customResource('thing', working)(request('Delete'), context());
  expect(answers.map(({ document }) => document.PhysicalResourceId)).toEqual(['made-before', 'made-before']);
});

test('answers a failure with its reason instead of leaving CloudFormation to wait', async () => {
  const failing = { ...working, apply: () => Promise.reject(new Error('no such table')) };
  await customResource('thing', failing)(request('Create'), context());
  expect(answers[0]?.document).toMatchObject({ Status: 'FAILED', Reason: 'no such table (log stream log)' });
});

test('answers before the function runs out of time', async () => {
  const endless = { ...working, apply: () => new Promise<never>(() => {}) };
  await customResource('thing', endless)(request('Create'), context(5_050));
  expect(answers[0]?.document).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('not done within') });
});

test('asks again when the answer is refused once', async () => {
  refusals = 1;
  await customResource('thing', working)(request('Create'), context());
  expect(answers).toHaveLength(1);
});
