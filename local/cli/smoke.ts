import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';

const USAGE = `npm run smoke -- --endpoints FILE [--token TOKEN]

Asks a running stage whether it works: health, refusal without a token, reading with one, and, if FILE names a device, one
reading from its certificate to the API.

  --endpoints FILE   as \`npm start\` writes to .local/endpoints.json. For a deployed stage write it yourself; docs/deployment.md
                     says how. \`device\` and \`mqtts\` may be left out.
  --token TOKEN      access token of an analyst; default: SMART_GRID_TOKEN, then \`npm run -s token -- analyst\`, which asks
                     the local stage
  --help

The device's example reading is published once more with the present second as its revision: use a meter that is nobody's.
Exit status: 0 works, 1 something does not, 2 wrong use.`;

/** `.local/endpoints.json`; file paths are relative to the repository. */
interface Endpoints {
  readonly api: string;
  readonly mqtts?: { readonly host: string; readonly port: number; readonly ca: string };
  readonly device?: {
    readonly meterId: string;
    readonly clientId: string;
    readonly certificate: string;
    readonly key: string;
    readonly topic: string;
    readonly example: string | Readonly<Record<string, unknown>>;
  };
}

/** Time from publish to readable. The aim is 2 s; a paused database takes up to half a minute to resume. */
const READABLE_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 30_000;

const ROOT = resolve(import.meta.dirname, '../..');

const { values } = options();
if (values.help) console.log(USAGE);
else if (!values.endpoints) {
  console.error(USAGE);
  process.exitCode = 2;
} else await smoke(JSON.parse(readFileSync(values.endpoints, 'utf8')) as Endpoints);

function options() {
  try {
    return parseArgs({
      options: { endpoints: { type: 'string' }, token: { type: 'string' }, help: { type: 'boolean' } },
    });
  } catch (failure) {
    console.error(`${failure instanceof Error ? failure.message : failure}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function smoke(endpoints: Endpoints): Promise<void> {
  const token = values.token ?? process.env.SMART_GRID_TOKEN ?? localToken();
  await step('the API is healthy', async () => {
    await expectStatus(endpoints, '/health', 200);
  });
  await step('without a token, or with a wrong one, it refuses', async () => {
    await expectStatus(endpoints, '/meters', 401);
    await expectStatus(endpoints, '/meters', 401, `${token.slice(0, -4)}AAAA`);
    await expectStatus(endpoints, '/system/load', 401);
  });
  await step('with a token it lists meters', async () => {
    const { items } = (await expectStatus(endpoints, '/meters?limit=1', 200, token)) as { items: unknown[] };
    return items.length > 0 ? '' : 'none yet: import a topology';
  });
  const { device, mqtts } = endpoints;
  if (!device || !mqtts) return void console.log('—  no device in the endpoints file: nothing is published');
  const revision = Math.floor(Date.now() / 1000);
  const reading = { ...exampleOf(device.example), revision };
  await step(`${device.meterId} publishes with its certificate`, () => publish(mqtts, device, JSON.stringify(reading)));
  await step('its reading is readable', () => readBack(endpoints, device.meterId, reading, token));
}

/** Runs one step and says how it went; the rest is tried all the same. */
async function step(name: string, run: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  try {
    const note = await run();
    console.log(
      `ok ${name} (${Math.round(performance.now() - begun)} ms)${typeof note === 'string' && note ? `: ${note}` : ''}`,
    );
  } catch (failure) {
    console.log(`NO ${name}: ${failure instanceof Error ? failure.message : failure}`);
    process.exitCode = 1;
  }
}

function localToken(): string {
  return execFileSync(process.execPath, [join(ROOT, 'local/cli/token.ts'), 'analyst'], {
    encoding: 'utf8',
    // The stack whose endpoints these are. The command's own message says what is wrong.
    env: { ...process.env, GRID_STATE_DIR: dirname(resolve(values.endpoints ?? '')) },
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

async function expectStatus({ api }: Endpoints, path: string, status: number, token?: string): Promise<unknown> {
  const response = await fetch(`${api}${path}`, {
    headers: token ? { authorization: `Bearer ${token}` } : {},
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const text = await response.text();
  if (response.status !== status)
    throw new Error(`GET ${path} answered ${response.status}, not ${status}: ${text.slice(0, 300)}`);
  const type = response.headers.get('content-type') ?? '';
  if (status >= 400 && !type.includes('problem+json'))
    throw new Error(`GET ${path} answered ${status} as ${type}, not as a problem document`);
  return JSON.parse(text);
}

function exampleOf(example: string | Readonly<Record<string, unknown>>): Record<string, unknown> & { start: string } {
  const reading = typeof example === 'string' ? JSON.parse(example) : example;
  if (typeof reading.start !== 'string') throw new Error('device.example is not an interval reading with a start');
  return reading;
}

async function publish(
  mqtts: NonNullable<Endpoints['mqtts']>,
  device: NonNullable<Endpoints['device']>,
  payload: string,
): Promise<void> {
  const file = (path: string) => readFileSync(resolve(ROOT, path));
  const client = await mqtt.connectAsync({
    protocol: 'mqtts',
    host: mqtts.host,
    port: mqtts.port,
    clientId: device.clientId,
    protocolVersion: 4,
    ca: file(mqtts.ca),
    cert: file(device.certificate),
    key: file(device.key),
    reconnectPeriod: 0,
    connectTimeout: ANSWER_WITHIN_MS,
  });
  try {
    await client.publishAsync(device.topic, payload, { qos: 1 });
  } finally {
    await client.endAsync();
  }
}

async function readBack(
  endpoints: Endpoints,
  meterId: string,
  reading: { start: string; revision: number },
  token: string,
): Promise<void> {
  const from = new Date(reading.start);
  const to = new Date(from.getTime() + 1);
  const path = `/meters/${encodeURIComponent(meterId)}/readings?from=${from.toISOString()}&to=${to.toISOString()}`;
  const end = Date.now() + READABLE_WITHIN_MS;
  for (;;) {
    const { intervals } = (await expectStatus(endpoints, path, 200, token)) as { intervals: { version: number }[] };
    if (intervals.some(({ version }) => version === reading.revision)) return;
    if (Date.now() > end)
      throw new Error(`GET ${path} has no version ${reading.revision} after ${READABLE_WITHIN_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
