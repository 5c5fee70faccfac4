import { createHash, randomUUID } from 'node:crypto';

/** What a rule sees of one message. */
export interface RuleMessage {
  /** Without the Basic Ingest prefix. */
  topic: string;
  payload: Buffer;
  clientId: string;
  /** Epoch ms. */
  receivedAt: number;
  traceId: string;
  /** Certificate id of the publisher; empty for `iotdata:Publish`. */
  principal: string;
}

/** A missing value in IoT SQL; absent from the output. */
export const Undefined = undefined;

type SqlFunction = (args: readonly unknown[], message: RuleMessage) => unknown;

const text = (given: unknown): string | undefined =>
  given === undefined ? undefined : typeof given === 'string' ? given : JSON.stringify(given);
const number = (given: unknown): number | undefined => {
  if (typeof given === 'number') return given;
  if (typeof given !== 'string' || given.trim() === '') return undefined;
  const parsed = Number(given);
  return Number.isFinite(parsed) ? parsed : undefined;
};
const onText =
  (apply: (subject: string, ...rest: string[]) => unknown): SqlFunction =>
  (args) => {
    const all = args.map(text);
    return all.some((one) => one === undefined) ? Undefined : apply(...(all as [string, ...string[]]));
  };
const onNumbers =
  (apply: (...numbers: number[]) => number): SqlFunction =>
  (args) => {
    const all = args.map(number);
    if (all.some((one) => one === undefined)) return Undefined;
    const result = apply(...(all as number[]));
    return Number.isFinite(result) ? result : Undefined;
  };
const digest = (algorithm: string) => onText((subject) => createHash(algorithm).update(subject).digest('hex'));

/** Source: AWS IoT Core developer guide, "AWS IoT SQL reference", functions. What is not here is refused at start-up. */
export const SQL_FUNCTIONS: Readonly<Record<string, SqlFunction>> = {
  topic: ([n], message) => {
    if (n === undefined) return message.topic;
    return message.topic.split('/')[Number(n) - 1];
  },
  clientid: (_, message) => message.clientId || 'N/A',
  timestamp: (_, message) => message.receivedAt,
  traceid: (_, message) => message.traceId,
  principal: (_, message) => message.principal || Undefined,
  newuuid: () => randomUUID(),
  concat: (args) =>
    args.every(Array.isArray)
      ? args.flat()
      : args.some((one) => one === undefined)
        ? Undefined
        : args.map(text).join(''),
  lower: onText((subject) => subject.toLowerCase()),
  upper: onText((subject) => subject.toUpperCase()),
  length: onText((subject) => subject.length),
  trim: onText((subject) => subject.trim()),
  startswith: onText((subject, start = '') => subject.startsWith(start)),
  endswith: onText((subject, end = '') => subject.endsWith(end)),
  indexof: onText((subject, part = '') => subject.indexOf(part)),
  replace: onText((subject, from = '', to = '') => subject.replaceAll(from, to)),
  regexp_matches: onText((subject, pattern = '') => new RegExp(pattern).test(subject)),
  substring: ([subject, from, to]) => text(subject)?.substring(Number(from), to === undefined ? undefined : Number(to)),
  abs: onNumbers(Math.abs),
  ceil: onNumbers(Math.ceil),
  floor: onNumbers(Math.floor),
  round: onNumbers(Math.round),
  sqrt: onNumbers(Math.sqrt),
  exp: onNumbers(Math.exp),
  ln: onNumbers(Math.log),
  log: onNumbers(Math.log10),
  power: onNumbers((base = Number.NaN, exponent = Number.NaN) => base ** exponent),
  mod: onNumbers((dividend = Number.NaN, divisor = Number.NaN) => dividend % divisor),
  md5: digest('md5'),
  sha1: digest('sha1'),
  sha256: digest('sha256'),
  sha512: digest('sha512'),
  isundefined: ([given]) => given === undefined,
  isnull: ([given]) => given === null,
  nvl: ([given, otherwise]) => given ?? otherwise,
  coalesce: (args) => args.find((one) => one !== undefined && one !== null),
  get: ([from, key]) =>
    from !== null && typeof from === 'object' && Object.hasOwn(from, key as string)
      ? (from as Record<string, unknown>)[key as string]
      : Undefined,
  encode: ([subject, scheme]) => {
    if (scheme !== 'base64') return Undefined;
    return Buffer.isBuffer(subject) ? subject.toString('base64') : Buffer.from(text(subject) ?? '').toString('base64');
  },
  decode: ([subject, scheme]) => {
    if (scheme !== 'base64' || typeof subject !== 'string') return Undefined;
    return Buffer.from(subject, 'base64').toString();
  },
};

export { number as asNumber };
