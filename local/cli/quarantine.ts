import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { API_FLAGS, API_FLAGS_HELP, operatorApi } from './operator-api.ts';
import { printable, printablePayload } from './printable.ts';

const HELP = `npm run quarantine -- COMMAND [flags]

  list                what waits, newest first; a line each: id, since, kind, topic, codes
  show ID             every reason, the payload (hexadecimal where it is no text), any correction and what was done with it
  fix ID FILE         puts the message of FILE beside the original; a replay sends it
  replay ID...        sends each to its stream again; what is stored already is recognised
  discard ID...       nothing more will be done with them; they stay readable

  --reason TEXT       why (fix, replay and discard need it): it stands in the audit log
  --topic TOPIC       fix: the topic the message should have had
  --status STATUS     list: open (default), replayed or discarded
  --kind KIND         list: interval-readings, interval-columns, register-reads, meter-events, sensor-telemetry,
                      unknown or failed-batch
  --code CODE         list: with this reason, such as UNKNOWN_METER
  --from, --to TIME   list: waiting since then
  --ids               list: ids only, for: npm run -s quarantine -- list --ids --code UNKNOWN_METER |
                        xargs npm run -s quarantine -- replay --reason "meters registered"
${API_FLAGS_HELP}`;

class UsageError extends Error {}

interface Entry {
  id: string;
  kind: string;
  topic: string;
  since: string;
  status: string;
  reasonCodes: string[];
}

const OPTIONS = {
  ...API_FLAGS,
  reason: { type: 'string' },
  topic: { type: 'string' },
  status: { type: 'string' },
  kind: { type: 'string' },
  code: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  ids: { type: 'boolean' },
} as const;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function run(): Promise<void> {
  const { values, positionals } = parsed();
  if (values.help) return print(HELP);
  const [command, ...subjects] = positionals;
  const call = operatorApi(values, 'operator');
  const [id = ''] = subjects;
  const why = (): string => {
    if (!values.reason) throw new UsageError(`${command} needs --reason TEXT`);
    return values.reason;
  };
  const each = async (done: string, act: (id: string) => Promise<Record<string, unknown>>): Promise<void> => {
    if (subjects.length === 0) throw new UsageError(`${command} needs at least one id`);
    for (const subject of subjects) print(`${subject} ${done}: ${String((await act(subject)).status)}`);
  };
  switch (command) {
    case 'list':
      return list(call, values);
    case 'show':
      if (!id) throw new UsageError('show needs an id');
      return show(await call('GET', `/quarantine/${id}`));
    case 'fix': {
      const [, file] = subjects;
      if (!id || !file) throw new UsageError('fix needs an id and a file');
      const payload = readFileSync(file).toString('base64');
      await call('PATCH', `/quarantine/${id}`, {
        payload,
        reason: why(),
        ...(values.topic === undefined ? {} : { topic: values.topic }),
      });
      return print(`${id} corrected; send it with: npm run quarantine -- replay ${id} --reason TEXT`);
    }
    case 'replay':
      return each('sent', (subject) => call('POST', `/quarantine/${subject}/replay`, { reason: why() }));
    case 'discard':
      return each('put aside', (subject) =>
        call('DELETE', `/quarantine/${subject}?reason=${encodeURIComponent(why())}`),
      );
    default:
      throw new UsageError(command ? `There is no command ${command}.` : 'Which command?');
  }
}

function parsed() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (failure) {
    throw new UsageError((failure as Error).message);
  }
}

type Call = ReturnType<typeof operatorApi>;
type Flags = ReturnType<typeof parsed>['values'];

async function list(call: Call, { status, kind, code, from, to, ids }: Flags): Promise<void> {
  const filter = Object.entries({ status, kind, reason: code, from, to }).filter(([, value]) => value !== undefined);
  let cursor: string | null = null;
  let count = 0;
  do {
    const query = new URLSearchParams([...filter, ...(cursor ? [['cursor', cursor]] : [])] as [string, string][]);
    const page = (await call('GET', `/quarantine?${query}`)) as { items: Entry[]; next: string | null };
    for (const entry of page.items) {
      count += 1;
      print(
        ids
          ? entry.id
          : `${entry.id} ${entry.since} ${entry.kind} ${printable(entry.topic)} ${entry.reasonCodes.join(',')}`,
      );
    }
    cursor = page.next;
  } while (cursor);
  if (!ids) print(`${count} ${status ?? 'open'}`);
}

function show(item: Record<string, unknown>): void {
  const { payload, correction, ...rest } = item as { payload: string; correction: { payload: string } | null };
  const text = (base64: string): string => printablePayload(Buffer.from(base64, 'base64'));
  print(printable(JSON.stringify(rest, null, 2)));
  print(`payload:\n${text(payload)}`);
  if (correction) print(`corrected payload:\n${text(correction.payload)}`);
}

try {
  await run();
} catch (failure) {
  process.stderr.write(`${failure instanceof UsageError ? `${HELP}\n` : ''}${(failure as Error).message}\n`);
  process.exitCode = failure instanceof UsageError ? 2 : 1;
}
