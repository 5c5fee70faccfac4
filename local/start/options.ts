import { parseArgs } from 'node:util';

declare module '../kernel/types.ts' {
  interface Shared {
    /** How this cloud was started; set before any part is. */
    startOptions?: StartOptions;
  }
}

export interface StartOptions {
  /** Forget everything kept in `.local/`. */
  fresh: boolean;
  /** How many times faster than life the past is replayed; `max`: as fast as it takes. Undefined: live. */
  speed?: number | 'max';
  /** First local day (YYYY-MM-DD, zone of the fleet) that is replayed. */
  from?: string;
  days?: number;
  /** How many of the fleet's meters take part. */
  meters?: number;
  fleet: boolean;
  portBase: number;
  /** Print what would be said to a person as JSON lines. */
  json: boolean;
}

export const HELP = `npm start -- [flags]

  --fresh             forget everything in .local/ and begin anew
  --speed N|max       replay the past N times faster than life, at its own dates; needs --from
  --from DATE         first local day (Australia/Sydney) to replay, YYYY-MM-DD
  --days N            how many local days to replay (default 14)
  --meters N          how many meters of the fleet take part (default all)
  --no-fleet          start the cloud without simulated devices
  --port-base N       first of the 100 ports used (default 8800)
  --json              machine-readable progress, one JSON object a line
  --help              this text
`;

export class UsageError extends Error {}

const DEFAULT_PORT_BASE = 8800;
const DEFAULT_DAYS = 14;

/** @throws UsageError with one sentence per mistake. */
export function parseOptions(args: readonly string[]): StartOptions | 'help' {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        fresh: { type: 'boolean' },
        speed: { type: 'string' },
        from: { type: 'string' },
        days: { type: 'string' },
        meters: { type: 'string' },
        'no-fleet': { type: 'boolean' },
        'port-base': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split('. ')[0] : String(error));
  }
  if (values.help) return 'help';
  const mistakes: string[] = [];
  const whole = (flag: string, low: number, high: number): number | undefined => {
    const text = values[flag];
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!Number.isInteger(number) || number < low || number > high) {
      mistakes.push(`--${flag} must be a whole number from ${low} to ${high}, not ${text}.`);
    }
    return number;
  };
  const speed = values.speed === 'max' ? 'max' : values.speed === undefined ? undefined : Number(values.speed);
  if (speed !== undefined && speed !== 'max' && !(speed > 0 && speed <= 1e6)) {
    mistakes.push(`--speed must be a positive number or max, not ${values.speed}.`);
  }
  const from = values.from as string | undefined;
  if (from !== undefined && !isDate(from)) mistakes.push(`--from must be a date such as 2012-09-30, not ${from}.`);
  if (speed !== undefined && from === undefined) mistakes.push('--speed needs --from, the first day to replay.');
  if (values.days !== undefined && from === undefined) mistakes.push('--days needs --from, the first day to replay.');
  const days = whole('days', 1, 1000);
  const meters = whole('meters', 1, 100_000);
  const portBase = whole('port-base', 1024, 65_435) ?? DEFAULT_PORT_BASE;
  if (values['no-fleet'] && (from !== undefined || meters !== undefined)) {
    mistakes.push('--no-fleet leaves nothing for --from and --meters to act on.');
  }
  if (mistakes.length > 0) throw new UsageError(mistakes.join('\n'));
  return {
    fresh: values.fresh === true,
    ...(speed === undefined ? {} : { speed }),
    ...(from === undefined ? {} : { from, days: days ?? DEFAULT_DAYS }),
    ...(meters === undefined ? {} : { meters }),
    fleet: values['no-fleet'] !== true,
    portBase,
    json: values.json === true,
  };
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
