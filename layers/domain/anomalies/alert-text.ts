import type { Anomaly, StoredAnomaly } from './anomaly.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, less than 100 characters. */
const MAX_SUBJECT = 99;

const SIGNALS: Readonly<Record<string, string>> = {
  level: 'an unusual level for the hour of the week',
  change: 'an unusual step from the reading before',
  spike: 'a lone peak',
  flatline: 'a value that does not change',
  shape: 'an unusual course of the day',
};

/** What people are told: what is unusual, against which band, how unusual, since when, and where to look. */
export function alertText(
  found: StoredAnomaly,
  { timeZone, siteUrl }: { timeZone: string; siteUrl: string },
): { subject: string; message: string } {
  const { entity, direction, value, unit } = found;
  const name = [entity.kind, entity.id].join(' ');
  const subject = `${name}: ${direction} ${found.signal}, ${figure(value)} ${unit}`.slice(0, MAX_SUBJECT);
  const time = (at: number) => localTime(at, timeZone);
  const lines = [
    `${name} (${[found.quantity, found.phase].filter(Boolean).join(' ')}): ${SIGNALS[found.signal] ?? `unusual ${found.signal}`}.`,
    `Most unusual: ${figure(value)} ${unit} at ${time(found.peakAt)}${bandOf(found)}.`,
    `How unusual: ${rarity(found)}.`,
    `Since ${time(found.since)}${found.ongoing ? ', going on' : `, until ${time(found.until)}`}.`,
    `Look, label or snooze: ${siteUrl}/anomalies/${found.anomalyId}`,
  ];
  return { subject, message: `${lines.join('\n')}\n` };
}

const figure = (value: number): string => String(Number(value.toPrecision(4)));

const bandOf = ({ expected, unit }: Anomaly): string =>
  expected === null ? '' : `; nine of ten are between ${figure(expected.low)} and ${figure(expected.high)} ${unit}`;

function rarity({ surprise, score, faults }: Anomaly): string {
  if (surprise !== null) return `one reading in ${Math.round(10 ** surprise).toLocaleString('en-GB')} is as unusual`;
  const [likeliest] = Object.entries(faults ?? {}).sort(([, a], [, b]) => b - a);
  const fault = likeliest ? `, likeliest ${likeliest[0]}` : '';
  return `a fault with probability ${(100 * score).toFixed(0)} %${fault}, as judged by the model`;
}

const localTime = (at: number, timeZone: string): string =>
  new Intl.DateTimeFormat('en-GB', {
    timeZone,
    dateStyle: 'medium',
    timeStyle: 'long',
  }).format(at);
