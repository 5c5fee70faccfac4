import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { IoTClient } from '@aws-sdk/client-iot';
import { saveIdentity } from '../fleet/identities.ts';
import { certificatesOf, provision, revoke } from '../fleet/provision.ts';
import { importTopology } from '../fleet/stored.ts';
import { getSettings, setSettings } from './grid-settings.ts';
import { MODEL_VERBS, type ModelCommand, type ModelVerb, modelCommand } from './models.ts';
import { operatorApi } from './operator-api.ts';
import { settle } from './settle.ts';

const HELP = `npm run grid -- COMMAND [flags]

Devices and network
  device provision ID       a thing, a certificate of its own and the device policy;
                            writes ID.pem and ID-key.pem
  device rotate ID          a new certificate first, then every older one is revoked
  device revoke ID          revokes and deletes every certificate of the device;
                            a live session ends at once
  concentrator provision|rotate|revoke ID
                            the same for a concentrator, which speaks for the meters
                            the topology gives it
  topology import FILE      PUT /topology with the JSON of FILE, as an administrator

Settings and settlement
  settings get              what operators have set, as JSON; the defaults while nothing is
  settings set FILE         deploys the settings of FILE; an invalid one is refused with
                            every violation
  settle --day YYYY-MM-DD   validates, estimates and settles a local day of --region, as an
                            operator; --final bills it

Models (NAME: forecast, anomaly)
  model train NAME          backtests candidates, trains the best, lets the gate decide
  model forecast forecast   issues forecasts from what was read
  model judge anomaly       judges the last whole day of every meter
  model rollback NAME       puts the version that served before back
  model champion NAME       which version serves

Flags
  --budget MINUTES          for training (default 30)
  --candidate A=B,C=D       hyperparameters to try in place of the platform's own; may be
                            given several times
  --region ID               settle: whose day (default NSW, that of the simulated fleet)
  --final                   settle: the day stays as it is from now on; later differences
                            are adjustments
  --cutoff TIME             settle: with what was known then (default now); the same cutoff
                            again is the same run
  --endpoints FILE          as npm start writes it (default .local/endpoints.json); for a
                            deployed stage a file with "api"
  --stage NAME              which stage is meant (default: that of the running local stack)
  --out DIR                 where certificates and keys are written (default devices)
  --token TOKEN             an access token, or GRID_TOKEN: an administrator's for topology,
                            an operator's for settle
  --aws                     call AWS with the credentials and region of this shell, not the
                            local stack
  --help                    this text
`;

class UsageError extends Error {}

/** Who publishes: each has a device policy of its own kind. */
type Family = 'device' | 'concentrator';
const isVerb = (word: string | undefined): word is ModelVerb => MODEL_VERBS.some((verb) => verb === word);
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
    process.stderr.write(`${error instanceof UsageError ? `${HELP}\n` : ''}${(error as Error).message}\n`);
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
        budget: { type: 'string' },
        day: { type: 'string' },
        region: { type: 'string' },
        final: { type: 'boolean' },
        cutoff: { type: 'string' },
        candidate: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    process.stderr.write(`${HELP}\n${(error as Error).message}\n`);
    process.exit(2);
  }
}

async function run(): Promise<string> {
  if (positionals.length === 1 && positionals[0] === 'settle') return settleDay();
  // `train forecast` is short for `model train forecast`.
  const words = isVerb(positionals[0]) ? ['model', ...positionals] : positionals;
  const [family = '', verb = '', subject, ...more] = words;
  if (family === 'settings') return settings(verb, subject, more);
  if (!subject || more.length > 0) throw new UsageError('A command has three words, such as: device provision m051');
  const command = `${family} ${verb}`;
  if (command === 'topology import') return importFile(subject);
  if (family === 'model' && isVerb(verb)) return modelOf(verb, subject);
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

async function settings(verb: string, file: string | undefined, more: readonly string[]): Promise<string> {
  const { client: config, stage } = operatorClient();
  if (more.length === 0) {
    if (verb === 'get' && file === undefined) return getSettings(config, stage);
    if (verb === 'set' && file !== undefined) return setSettings(config, stage, contentOf(file));
  }
  throw new UsageError('Either settings get, or settings set FILE.');
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function settleDay(): Promise<string> {
  const { day, region = 'NSW', final = false, cutoff } = values;
  if (!day) throw new UsageError('settle needs --day YYYY-MM-DD, a local date of the region.');
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  return settle(operatorApi(values, 'operator'), { regionId: region, day, final, cutoff }, progress);
}

async function provisioned(iot: IoTClient, deviceId: string, policyName: string): Promise<string> {
  const files = saveIdentity(resolve(values.out ?? 'devices'), await provision(iot, deviceId, policyName));
  return `${deviceId}: ${files.certificate} ${files.key}`;
}

async function importFile(file: string): Promise<string> {
  const { api } = JSON.parse(readFileSync(endpointsFile(), 'utf8')) as { api: string };
  const token = values.token ?? process.env.GRID_TOKEN;
  if (!token) throw new UsageError('An administrator\'s token is needed: --token "$(npm run -s token -- admin)"');
  await importTopology({ url: api, token: async () => token }, JSON.parse(contentOf(file).toString('utf8')));
  return `${file} imported`;
}

function endpointsFile(): string {
  const stateDir = process.env.GRID_STATE_DIR ?? '.local';
  return resolve(values.endpoints ?? join(resolve(ROOT, stateDir), 'endpoints.json'));
}

function modelOf(verb: ModelVerb, model: string): Promise<string> {
  const { client, stage } = operatorClient();
  const budgetMinutes = Number(values.budget ?? 30);
  if (!Number.isInteger(budgetMinutes) || budgetMinutes < 1) throw new UsageError('--budget is whole minutes.');
  return modelCommand(verb, {
    client,
    stage,
    model,
    budgetMinutes,
    candidates: values.candidate ?? [],
    progress: (line) => process.stderr.write(`${line}\n`),
  });
}

function iotOf(family: Family): { iot: IoTClient; policyName: string } {
  const { client, stage } = operatorClient();
  return { iot: new IoTClient(client), policyName: `smart-grid-${stage}-${family}` };
}

/** The local stack by the operator file beside its endpoints; with `--aws` the SDK's own credentials and endpoint. */
function operatorClient() {
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
  return { client: operator ? { endpoint, region, credentials } : {}, stage } as Pick<ModelCommand, 'client' | 'stage'>;
}
