import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { IoTClient, type IoTClientConfig } from '@aws-sdk/client-iot';
import { saveIdentity } from '../fleet/identities.ts';
import { certificatesOf, provision, revoke } from '../fleet/provision.ts';
import { importTopology } from '../fleet/stored.ts';

const HELP = `npm run grid -- COMMAND [flags]

  device provision ID     a thing, a certificate of its own and the device policy; writes ID.pem and ID-key.pem
  device rotate ID        a new certificate first, then every older one is revoked
  concentrator provision|rotate|revoke ID   the same for a concentrator, which speaks for the meters the topology gives it
  device revoke ID        revokes and deletes every certificate of the device; a live session ends at once
  topology import FILE    PUT /topology with the JSON of FILE, as an administrator (token from GRID_TOKEN or --token)

  --endpoints FILE        as npm start writes it (default .local/endpoints.json); for a deployed stage a file with "api"
  --stage NAME            whose device policy is attached (default: that of the running local stack)
  --out DIR               where certificates and keys are written (default devices)
  --token TOKEN           an administrator's access token
  --aws                   call AWS with the credentials and region of this shell, not the local stack
  --help                  this text
`;

class UsageError extends Error {}

/** Who publishes: each has a device policy of its own kind. */
type Family = 'device' | 'concentrator';
const isFamily = (word: string): word is Family => word === 'device' || word === 'concentrator';

interface Operator {
  endpoint: string;
  region: string;
  stage: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
}

const ROOT = resolve(import.meta.dirname, '../..');

const { values, positionals } = parse();
if (values.help) process.stdout.write(HELP);
else {
  try {
    process.stdout.write(`${await run()}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${error instanceof UsageError ? `\n${HELP}` : ''}`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        endpoints: { type: 'string' },
        stage: { type: 'string' },
        out: { type: 'string' },
        token: { type: 'string' },
        aws: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

async function run(): Promise<string> {
  const [family = '', verb = '', subject, ...more] = positionals;
  if (!subject || more.length > 0) throw new UsageError('A command has three words, such as: device provision m051');
  const command = `${family} ${verb}`;
  if (command === 'topology import') return importFile(subject);
  if (!isFamily(family) || !['provision', 'rotate', 'revoke'].includes(verb)) {
    throw new UsageError(`There is no command ${command}.`);
  }
  const { iot, policyName } = iotOf(family);
  try {
    if (verb === 'provision') return await provisioned(iot, subject, policyName);
    const old = await certificatesOf(iot, subject);
    const issued = verb === 'rotate' ? await provisioned(iot, subject, policyName) : undefined;
    // The new certificate is on disk before an old one dies: a rotation that stops half-way leaves the device two, never none.
    for (const certificateArn of old) await revoke(iot, subject, certificateArn);
    const revoked = `${old.length} certificate${old.length === 1 ? '' : 's'} of ${subject} revoked`;
    return issued ? `${issued}\n${revoked}` : revoked;
  } finally {
    iot.destroy();
  }
}

async function provisioned(iot: IoTClient, deviceId: string, policyName: string): Promise<string> {
  const files = saveIdentity(resolve(values.out ?? 'devices'), await provision(iot, deviceId, policyName));
  return `${deviceId}: ${files.certificate} ${files.key}`;
}

async function importFile(file: string): Promise<string> {
  const { api } = JSON.parse(readFileSync(endpointsFile(), 'utf8')) as { api: string };
  const token = values.token ?? process.env.GRID_TOKEN;
  if (!token) throw new UsageError('An administrator\'s token is needed: --token "$(npm run -s token -- admin)"');
  await importTopology({ url: api, token: async () => token }, JSON.parse(readFileSync(file, 'utf8')));
  return `${file} imported`;
}

function endpointsFile(): string {
  const stateDir = process.env.GRID_STATE_DIR ?? '.local';
  return resolve(values.endpoints ?? join(resolve(ROOT, stateDir), 'endpoints.json'));
}

/** The local stack's IoT by the operator file beside its endpoints; with `--aws` the SDK's own credentials and endpoint. */
function iotOf(family: Family): { iot: IoTClient; policyName: string } {
  let operator: Operator | undefined;
  if (!values.aws) {
    const file = join(dirname(endpointsFile()), 'operator.json');
    try {
      operator = JSON.parse(readFileSync(file, 'utf8')) as Operator;
    } catch {
      throw new Error(`${file} is not there: start the local stack with npm start, or say --aws`);
    }
  }
  const stage = values.stage ?? operator?.stage;
  if (!stage) throw new UsageError('--aws needs --stage.');
  const { endpoint, region, credentials } = operator ?? {};
  const config: IoTClientConfig = operator ? { endpoint, region, credentials } : {};
  return { iot: new IoTClient(config), policyName: `smart-grid-${stage}-${family}` };
}
