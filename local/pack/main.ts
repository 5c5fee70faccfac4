import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { COMPRESSIONS, FORMS, type Packing, packReadings } from './pack-readings.ts';
import { type Concentrator, publishAll } from './publish.ts';
import { defaultsOf, readCsv, readJson } from './read-readings.ts';

const HELP = `npm run pack -- FILE... [flags]

Turns interval readings into concentrator messages (interval-columns), each at most 128 KiB. A FILE is CSV with a header
(meterId,start,value and, if they differ by row, channel,intervalMinutes,revision,quality), JSON, or JSON a line.
If anything in a file is wrong, every fault is named with its line, and nothing is written or published.

  --out DIR               where the messages are written, one a file (default packed)
  --form json|avro        default json
  --compress none|gzip|zstd   default zstd
  --channel NAME          of CSV rows that do not say (default activeEnergyImport)
  --interval-minutes N    of CSV rows that do not say (default 30)
  --publish               publishes through MQTT instead of writing
  --concentrator ID       who publishes; certificate and key as npm run grid -- concentrator provision ID wrote them
  --devices DIR           where they are (default devices)
  --endpoints FILE        as npm start writes it (default .local/endpoints.json): host, port, authority, schema versions
  --stage NAME            of the topic rule (default local)
  --host HOST             IoT data endpoint of a deployed stage, in place of the file's
  --schema-version ID     Avro schema version of interval-columns in the registry, in place of the file's
  --help                  this text
`;

class UsageError extends Error {}

interface Endpoints {
  mqtts?: { host: string; port: number; ca: string };
  schemas?: Record<string, string>;
}

const { values, positionals } = parse();
if (values.help) process.stdout.write(HELP);
else {
  try {
    await run();
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
        out: { type: 'string', default: 'packed' },
        form: { type: 'string', default: 'json' },
        compress: { type: 'string', default: 'zstd' },
        channel: { type: 'string', default: 'activeEnergyImport' },
        'interval-minutes': { type: 'string', default: '30' },
        publish: { type: 'boolean', default: false },
        concentrator: { type: 'string' },
        devices: { type: 'string', default: 'devices' },
        endpoints: { type: 'string', default: join(process.env.GRID_STATE_DIR ?? '.local', 'endpoints.json') },
        stage: { type: 'string', default: 'local' },
        host: { type: 'string' },
        'schema-version': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

async function run(): Promise<void> {
  if (positionals.length === 0) throw new UsageError('Which FILE?');
  const packing = packingOf();
  const readings = positionals.flatMap(readingsOf);
  if (readings.length === 0) throw new Error('there are no readings');
  const show = progress(readings.length);
  if (values.publish) {
    let messages = 0;
    let total = 0;
    const each = function* () {
      for (const message of packReadings(readings, packing)) {
        yield message.bytes;
        show(message.readings);
        messages++;
      }
    };
    await publishAll(concentratorOf(), each(), (bytes) => {
      total += bytes;
    });
    process.stderr.write('\n');
    process.stdout.write(`${readings.length} readings published in ${messages} messages, ${total} bytes\n`);
    return;
  }
  // All of them before any is written: a fault in the last leaves nothing behind.
  const packed = [...packReadings(readings, packing)];
  const folder = resolve(values.out);
  mkdirSync(folder, { recursive: true });
  const suffix = `${packing.form}${{ none: '', gzip: '.gz', zstd: '.zst' }[packing.compression]}`;
  let total = 0;
  for (const [index, { bytes, readings: count }] of packed.entries()) {
    writeFileSync(join(folder, `${String(index + 1).padStart(6, '0')}.${suffix}`), bytes);
    total += bytes.length;
    show(count);
  }
  process.stderr.write('\n');
  const per = (total / readings.length).toFixed(2);
  process.stdout.write(
    `${readings.length} readings in ${packed.length} messages, ${total} bytes (${per} a reading): ${folder}\n`,
  );
}

function packingOf(): Packing {
  const form = FORMS.find((known) => known === values.form);
  const compression = COMPRESSIONS.find((known) => known === values.compress);
  if (!form) throw new UsageError(`--form is one of ${FORMS.join(', ')}.`);
  if (!compression) throw new UsageError(`--compress is one of ${COMPRESSIONS.join(', ')}.`);
  if (form === 'json') return { form, compression };
  const schemaVersionId = values['schema-version'] ?? endpoints().schemas?.['interval-columns'];
  if (!schemaVersionId)
    throw new UsageError('--form avro needs --schema-version ID, or the file of a running local stack.');
  return { form, compression, schemaVersionId };
}

function readingsOf(file: string) {
  const text = readFileSync(file, 'utf8');
  const { channel, 'interval-minutes': intervalMinutes } = values;
  const isJson = /^\s*[[{]/.test(text);
  const { readings, faults } = isJson ? readJson(text) : readCsv(text, defaultsOf({ channel, intervalMinutes }));
  if (faults.length === 0) return readings;
  const shown = faults.slice(0, 50).map((fault) => `${file}: ${fault}`);
  const more = faults.length > shown.length ? [`and ${faults.length - shown.length} more`] : [];
  throw new Error([...shown, ...more].join('\n'));
}

function endpoints(): Endpoints {
  try {
    return JSON.parse(readFileSync(resolve(values.endpoints), 'utf8')) as Endpoints;
  } catch {
    return {};
  }
}

function concentratorOf(): Concentrator {
  const { concentrator: concentratorId, devices, stage, host } = values;
  if (!concentratorId) throw new UsageError('--publish needs --concentrator ID.');
  const { mqtts } = endpoints();
  const address = host === undefined ? mqtts : { host, port: 8883, ca: undefined };
  if (!address)
    throw new Error(`${values.endpoints} is not there: start the local stack with npm start, or say --host`);
  const certificate = join(devices, `${concentratorId}.pem`);
  return { ...address, concentratorId, stage, certificate, key: join(devices, `${concentratorId}-key.pem`) };
}

/** A line that says how far it is; only where somebody watches. */
function progress(all: number): (more: number) => void {
  let done = 0;
  return (more) => {
    done += more;
    if (process.stderr.isTTY)
      process.stderr.write(`\r${String(Math.floor((100 * done) / all)).padStart(3)} %  ${done} of ${all} readings`);
  };
}
