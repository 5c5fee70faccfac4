import {
  CHANNEL_NAMES,
  type ChannelName,
  ENERGY_SCALE,
  type QualityName,
} from '../../layers/contracts/messages/channels.ts';
import { IntervalBlockMessage, IntervalReadingMessage } from '../../layers/contracts/messages/interval-readings.ts';
import { INTERVAL_MINUTES, MAX_INTERVAL_KWH } from '../../layers/contracts/messages/limits.ts';
import { checkWire } from '../../layers/contracts/messages/violations.ts';
import { withChannel } from '../../layers/domain/messages/obis.ts';
import { parseStrictJson } from '../../layers/domain/messages/strict-json.ts';

/** One interval as a file gives it. */
export interface FileReading {
  meterId: string;
  channel: ChannelName;
  intervalMinutes: number;
  /** Epoch ms. */
  start: number;
  energyWh: number;
  revision: number;
  quality: QualityName;
  /** Line of the file, from 1. */
  line: number;
}

/** What a CSV file does not say in its columns. */
export interface Defaults {
  channel: ChannelName;
  intervalMinutes: number;
}

/** Every reading of a file, or what is wrong with it, by line. */
export type FileReadings = { readings: FileReading[]; faults: string[] };

const COLUMNS = ['meterId', 'start', 'value', 'channel', 'intervalMinutes', 'revision', 'quality'] as const;
type Column = (typeof COLUMNS)[number];

/** A CSV file with a header: meterId, start and value, and if they differ by row channel, intervalMinutes, revision, quality. */
export function readCsv(text: string, defaults: Defaults): FileReadings {
  const lines = text.split(/\r?\n/);
  const header = cells(lines[0] ?? '');
  const unknown = header.filter((name) => !(COLUMNS as readonly string[]).includes(name));
  const missing = COLUMNS.slice(0, 3).filter((name) => !header.includes(name));
  if (unknown.length > 0 || missing.length > 0) {
    const faults = [
      ...unknown.map((name) => `line 1: no column ${name} (known: ${COLUMNS.join(', ')})`),
      ...missing.map((name) => `line 1: the column ${name} is missing`),
    ];
    return { readings: [], faults };
  }
  const found: FileReadings = { readings: [], faults: [] };
  for (let index = 1; index < lines.length; index++) {
    const row = lines[index] ?? '';
    if (row.trim() === '') continue;
    const values = cells(row);
    if (values.length !== header.length) {
      found.faults.push(`line ${index + 1}: ${values.length} cells under ${header.length} columns`);
      continue;
    }
    const cell = (name: Column): string | undefined => values[header.indexOf(name)];
    const channel = cell('channel') || defaults.channel;
    const message = {
      meterId: cell('meterId'),
      channel,
      unit: channel.startsWith('reactive') ? 'kvarh' : 'kWh',
      intervalMinutes: numberOf(cell('intervalMinutes') || String(defaults.intervalMinutes)),
      start: cell('start'),
      value: numberOf(cell('value')),
      ...(cell('revision') ? { revision: numberOf(cell('revision')) } : {}),
      ...(cell('quality') ? { quality: cell('quality') } : {}),
    };
    take(message, index + 1, found);
  }
  return found;
}

/** Quotes around a cell are taken off; no id, word, number or instant of ours holds a comma. */
const cells = (row: string): string[] => row.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));

/** What is no number stays text, which the contract then names. */
const numberOf = (text: string | undefined): number | string | undefined =>
  text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;

/** JSON: a message or a list of them in the whole file, or one a line (NDJSON). */
export function readJson(text: string): FileReadings {
  const found: FileReadings = { readings: [], faults: [] };
  const whole = parseStrictJson(Buffer.from(text));
  if (whole.ok) {
    const messages = Array.isArray(whole.value) ? whole.value : [whole.value];
    const lines = lineOf(text, messages.length);
    messages.forEach((message, index) => {
      take(message, lines(index), found);
    });
    return found;
  }
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const json = parseStrictJson(Buffer.from(line));
    if (!json.ok)
      found.faults.push(...json.reasons.map((reason) => `line ${index + 1}: ${reason.code} ${reason.message}`));
    else for (const message of Array.isArray(json.value) ? json.value : [json.value]) take(message, index + 1, found);
  }
  return found;
}

/** Lines of the messages of a list, if it has one on each line; otherwise where the list begins. */
function lineOf(text: string, count: number): (index: number) => number {
  const lines = text.split(/\r?\n/).flatMap((line, index) => (/^\s*\[?\s*\{/.test(line) ? [index + 1] : []));
  return (index) => (lines.length === count ? (lines[index] ?? 1) : 1);
}

function take(published: unknown, line: number, { readings, faults }: FileReadings): void {
  const { message, reasons } = withChannel(published as never, '');
  if (reasons.length > 0) {
    faults.push(...reasons.map(({ path, message: why }) => `line ${line}: ${path}: ${why}`));
    return;
  }
  const isBlock = typeof message === 'object' && message !== null && Object.hasOwn(message, 'intervals');
  const wire = checkWire(isBlock ? IntervalBlockMessage : IntervalReadingMessage, message);
  if (!wire.ok) {
    faults.push(
      ...wire.reasons.map(({ code, path, message: why }) => `line ${line}: ${path || 'the message'}: ${code}, ${why}`),
    );
    return;
  }
  const { data } = wire;
  const intervals = 'intervals' in data ? data.intervals : [data];
  for (const { start, value, revision = 0, quality = 'raw' } of intervals) {
    const energyWh = Math.round(value * ENERGY_SCALE);
    const startMs = Date.parse(start);
    if (value > MAX_INTERVAL_KWH) faults.push(`line ${line}: value: over ${MAX_INTERVAL_KWH} kWh in one interval`);
    else if (energyWh / ENERGY_SCALE !== value)
      faults.push(`line ${line}: value: ${value} has more than three decimals`);
    else if (startMs % (data.intervalMinutes * 60_000) !== 0) {
      faults.push(`line ${line}: start: ${start} is not on a multiple of ${data.intervalMinutes} minutes`);
    } else {
      const { meterId, channel, intervalMinutes } = data;
      readings.push({ meterId, channel, intervalMinutes, start: startMs, energyWh, revision, quality, line });
    }
  }
}

/** @throws Error naming what is wrong with a default that was given. */
export function defaultsOf({ channel, intervalMinutes }: { channel: string; intervalMinutes: string }): Defaults {
  const name = CHANNEL_NAMES.find((known) => known === channel);
  const minutes = INTERVAL_MINUTES.find((known) => String(known) === intervalMinutes);
  if (!name) throw new Error(`--channel: ${channel} is none of ${CHANNEL_NAMES.join(', ')}`);
  if (!minutes) throw new Error(`--interval-minutes: ${intervalMinutes} is none of ${INTERVAL_MINUTES.join(', ')}`);
  return { channel: name, intervalMinutes: minutes };
}
