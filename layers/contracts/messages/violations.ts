import type * as z from 'zod';
import type { Reason, ReasonCode } from '../codes/reasons.ts';

/** Codes for words outside their list, by field. */
const UNKNOWN_WORD: Readonly<Record<string, ReasonCode>> = {
  channel: 'UNKNOWN_CHANNEL',
  obis: 'UNKNOWN_CHANNEL',
  unit: 'WRONG_UNIT',
  intervalMinutes: 'INTERVAL_SIZE',
  kind: 'UNKNOWN_KIND',
  event: 'UNKNOWN_EVENT',
};

const INSTANT_FIELDS = new Set(['start', 'time', 'from', 'to']);

/** Checks parsed JSON against a wire schema; every violation becomes a reason with its path below `path`. */
export function checkWire<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  path = '',
): { ok: true; data: z.output<Schema> } | { ok: false; reasons: Reason[] } {
  const result = schema.safeParse(input);
  if (result.success) return { ok: true, data: result.data };
  return { ok: false, reasons: result.error.issues.flatMap((issue) => reasonsOf(issue, input, path)) };
}

/** Fields of a message that are as they ought to be, whatever is wrong with the others: so far as they go it can be judged. */
export function soundFields<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  input: unknown,
): Partial<z.output<z.ZodObject<Shape>>> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return {};
  const sound: Record<string, unknown> = {};
  for (const [field, type] of Object.entries(schema.shape)) {
    if (!Object.hasOwn(input, field)) continue;
    const found = (type as z.ZodType).safeParse((input as Record<string, unknown>)[field]);
    if (found.success) sound[field] = found.data;
  }
  return sound as Partial<z.output<z.ZodObject<Shape>>>;
}

function reasonsOf(issue: z.core.$ZodIssue, input: unknown, base: string): Reason[] {
  const path = issue.path.reduce<string>(joined, base);
  const at = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
  const field = String(issue.path.findLast((key) => typeof key === 'string') ?? '');
  const reason = (code: ReasonCode, message: string = issue.message): Reason[] => [{ code, path, message }];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ code: 'UNKNOWN_FIELD', path: joined(path, key), message: `no field ${key}` }));
  }
  if (at === undefined) return reason('MISSING_FIELD', `${field || 'the message'} is required`);
  switch (issue.code) {
    case 'invalid_value':
      return reason(typeof at === 'object' ? 'WRONG_TYPE' : (UNKNOWN_WORD[field] ?? 'WRONG_TYPE'));
    case 'invalid_format':
      return reason(INSTANT_FIELDS.has(field) ? 'INVALID_TIME' : 'INVALID_ID');
    case 'too_small':
      if (issue.origin === 'array' || field === 'intervals') return reason('EMPTY');
      return reason(issue.origin === 'string' ? 'WRONG_TYPE' : 'NEGATIVE');
    case 'too_big':
      return reason(
        issue.origin === 'array' || issue.origin === 'string' || field === 'intervals' ? 'TOO_LARGE' : 'OUT_OF_RANGE',
      );
    default:
      return reason('WRONG_TYPE');
  }
}

const joined = (path: string, key: PropertyKey): string => {
  if (typeof key === 'number') return `${path}[${key}]`;
  return path === '' ? String(key) : `${path}.${String(key)}`;
};
