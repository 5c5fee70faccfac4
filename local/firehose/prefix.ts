/**
 * The value of a custom prefix: `!{timestamp:…}` with Java's date pattern, `!{firehose:random-string}` and, for errors,
 * `!{firehose:error-output-type}`. A prefix without a timestamp expression gets `yyyy/MM/dd/HH/` appended, as Firehose does.
 * Source: https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
 * @throws if an expression is unknown.
 */
export function expandPrefix(
  prefix: string,
  given: { time: Date; random: () => string; errorOutputType?: string },
): string {
  const whole = prefix.includes('!{') ? prefix : `${prefix}!{timestamp:yyyy/MM/dd/HH/}`;
  return whole.replaceAll(/!\{([^:}]*):([^}]*)\}/g, (expression, namespace: string, value: string) => {
    if (namespace === 'timestamp') return formatTime(value, given.time);
    if (namespace === 'firehose' && value === 'random-string') return given.random();
    if (namespace === 'firehose' && value === 'error-output-type' && given.errorOutputType)
      return given.errorOutputType;
    throw new Error(`the prefix expression ${expression} is not one that Firehose knows here`);
  });
}

/** The letters of DateTimeFormatter that stand in prefixes, UTC. */
function formatTime(pattern: string, time: Date): string {
  const digits = (value: number, length: number) => String(value).padStart(length, '0');
  const fields: Record<string, string> = {
    yyyy: digits(time.getUTCFullYear(), 4),
    MM: digits(time.getUTCMonth() + 1, 2),
    dd: digits(time.getUTCDate(), 2),
    HH: digits(time.getUTCHours(), 2),
    mm: digits(time.getUTCMinutes(), 2),
    ss: digits(time.getUTCSeconds(), 2),
  };
  return pattern.replaceAll(/'([^']*)'|([A-Za-z])\2*/g, (token, literal: string | undefined) => {
    if (literal !== undefined) return literal;
    const field = fields[token];
    if (field === undefined) throw new Error(`the date letters ${token} are not emulated in a prefix`);
    return field;
  });
}
