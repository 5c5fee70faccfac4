import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the account answers, by operation; anything else is an unknown operation. */
type Answers = Record<string, { status: number; body: unknown }>;

const QUOTA = (QuotaName: string, Value: number) => ({ QuotaName, Value });
const READY: Answers = {
  GetCallerIdentity: {
    status: 200,
    body: '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/ada</Arn><UserId>A</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
  },
  GetParameter: { status: 200, body: { Parameter: { Name: 'version', Value: '28' } } },
  ListServiceQuotas: {
    status: 200,
    body: {
      Quotas: [
        QUOTA('Concurrent executions', 1000),
        QUOTA('VPCs per Region', 5),
        QUOTA('Shards per Region', 500),
        QUOTA('Rule evaluations per second per AWS account', 1000),
      ],
    },
  },
  ListDatabases: { status: 200, body: { Databases: [] } },
};

let server: Server;
let answers: Answers;

beforeEach(async () => {
  answers = READY;
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const target = String(request.headers['x-amz-target'] ?? '')
      .split('.')
      .pop();
    const operation = target || new URLSearchParams(Buffer.concat(chunks).toString()).get('Action') || '';
    const answer =
      operation === 'DescribeEndpoints'
        ? // Without a port: the SDK puts its own behind the address.
          { status: 200, body: { Endpoints: [{ Address: '127.0.0.1', CachePeriodInMinutes: 5 }] } }
        : (answers[operation] ?? { status: 400, body: { __type: 'UnknownOperationException', message: operation } });
    response.writeHead(answer.status, {
      'content-type': typeof answer.body === 'string' ? 'text/xml' : 'application/x-amz-json-1.1',
    });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function preflight(args: readonly string[], environment: Record<string, string> = {}, context?: unknown) {
  const file = join(mkdtempSync(join(tmpdir(), 'preflight-')), 'cdk.context.json');
  if (context) writeFileSync(file, JSON.stringify(context));
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../local/cli/preflight.ts'), ...args], {
    env: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_REGION: 'ap-southeast-2',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_MAX_ATTEMPTS: '1',
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: tmpdir(),
      PREFLIGHT_CONTEXT_FILE: file,
      ...environment,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  const written = () => JSON.parse(readFileSync(file, 'utf8')) as { stages: Record<string, Record<string, string>> };
  return { code, output, written };
}

const denied = (message: string) => ({
  ...READY,
  ListDatabases: { status: 400, body: { __type: 'AccessDeniedException', message } },
});

test('an account that may use Timestream is ready, and the choice is written beside what was there', async () => {
  const { code, output, written } = await preflight(
    ['--stage', 'dev'],
    {},
    { kept: true, stages: { prod: { mfa: 'off' } } },
  );
  expect([code, output]).toEqual([0, expect.stringContaining('Ready: npx cdk deploy --all -c stage=dev')]);
  expect(written()).toEqual({ kept: true, stages: { prod: { mfa: 'off' }, dev: { telemetryStore: 'timestream' } } });
});

test('an account closed to Timestream gets PostgreSQL', async () => {
  answers = denied('Only existing Timestream for LiveAnalytics customers can access the service');
  const { code, written } = await preflight(['--stage', 'dev']);
  expect([code, written().stages.dev]).toEqual([0, { telemetryStore: 'postgres' }]);
});

test('a person who may not ask is not taken for an account that may not use it', async () => {
  answers = denied('User: ada is not authorized to perform: timestream:ListDatabases');
  const { code, output } = await preflight(['--stage', 'dev']);
  expect([code, output]).toEqual([1, expect.stringContaining('Allow timestream:DescribeEndpoints')]);
  expect((await preflight(['--stage', 'dev', '--telemetry-store', 'postgres'])).code).toBe(0);
});

test('a choice already made stays, and the contradiction is said', async () => {
  const { output, written } = await preflight(
    ['--stage', 'dev'],
    {},
    { stages: { dev: { telemetryStore: 'postgres' } } },
  );
  expect(output).toContain('stages.dev.telemetryStore is postgres, the account says timestream');
  expect(written().stages.dev).toEqual({ telemetryStore: 'postgres' });
});

test('an account without or with an old bootstrap is told the command', async () => {
  answers = { ...READY, GetParameter: { status: 400, body: { __type: 'ParameterNotFound', message: '' } } };
  expect(await preflight(['--stage', 'dev'])).toMatchObject({
    code: 1,
    output: expect.stringContaining('npx cdk bootstrap aws://111122223333/ap-southeast-2'),
  });
  answers = { ...READY, GetParameter: { status: 200, body: { Parameter: { Value: '7' } } } };
  expect((await preflight(['--stage', 'dev'])).output).toContain('version 7, needed is 8');
  answers = { ...READY, GetParameter: { status: 200, body: { Parameter: { Value: '8' } } } };
  expect((await preflight(['--stage', 'dev'])).code).toBe(0);
});

test('a quota one short is named with what to ask for', async () => {
  answers = {
    ...READY,
    ListServiceQuotas: {
      status: 200,
      body: { Quotas: [QUOTA('VPCs per Region', 1), QUOTA('Concurrent executions', 400)] },
    },
  };
  const { code, output } = await preflight(['--stage', 'dev']);
  expect(code).toBe(1);
  expect(output).toContain('BLOCKED    quota vpc: VPCs per Region: 1, needed are 2');
  expect(output).toContain('ok         quota lambda: Concurrent executions: 400');
});

test('no credentials, expired ones, no region, wrong use', async () => {
  answers = {
    ...READY,
    GetCallerIdentity: {
      status: 403,
      body: '<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>',
    },
  };
  expect(await preflight(['--stage', 'dev'])).toMatchObject({
    code: 1,
    output: expect.stringContaining('ExpiredToken'),
  });
  expect(await preflight(['--stage', 'dev'], { AWS_ACCESS_KEY_ID: '' })).toMatchObject({
    code: 1,
    output: expect.stringContaining('aws sso login'),
  });
  expect(await preflight(['--stage', 'dev'], { AWS_REGION: '' })).toMatchObject({
    code: 1,
    output: expect.stringContaining('give --region'),
  });
  expect((await preflight([])).code).toBe(2);
  expect((await preflight(['--nonsense'])).code).toBe(2);
  expect(await preflight(['--help'])).toMatchObject({ code: 0, output: expect.stringContaining('cdk.context.json') });
});
