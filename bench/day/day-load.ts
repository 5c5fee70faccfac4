import { withRegistryHeader } from '../../layers/domain/messages/payload.ts';
import { encodeIntervalColumns } from '../../layers/domain/readings/interval-columns-avro.ts';
import { COLUMNS_SCHEMA_ID, LOAD_DAY } from '../load.ts';

/** One day of quarter-hours: 96 million readings of a million meters. */
export const DAY_SLOTS = 96;
const INTERVAL_MINUTES = 15;
const READINGS_PER_MESSAGE = 25;
const METERS_PER_COLUMNS = 256;
/** A message arrives within seconds of the end of its interval. */
const RECEIPT_LAG_MS = 30_000;

export type DayForm = 'JSON' | 'columnar';

export const dayMeterId = (meter: number): string => `m${String(meter).padStart(7, '0')}`;

/** Wh of a meter's interval: small numbers without pattern between neighbours. */
export const dayEnergyWh = (meter: number, slot: number): number => (meter * 7919 + slot * 104_729) % 3000;

/** Stream records of one interval of the meters [from, to), as concentrators send them. */
export function intervalRecords(form: DayForm, slot: number, { from, to }: { from: number; to: number }): Uint8Array[] {
  const startMs = LOAD_DAY * 86_400_000 + slot * INTERVAL_MINUTES * 60_000;
  const start = new Date(startMs).toISOString().replace('.000Z', 'Z');
  const size = form === 'JSON' ? READINGS_PER_MESSAGE : METERS_PER_COLUMNS;
  const records: Uint8Array[] = [];
  for (let first = from; first < to; first += size) {
    const meters = Array.from({ length: Math.min(size, to - first) }, (_, n) => first + n);
    const payload = form === 'JSON' ? jsonOf(meters, slot, start) : avroOf(meters, slot, start);
    const kind = form === 'JSON' ? 'interval-readings' : 'interval-columns';
    const receivedAt = startMs + INTERVAL_MINUTES * 60_000 + (first % RECEIPT_LAG_MS);
    records.push(
      Buffer.from(
        `{"payload":"${payload.toString('base64')}","topic":"headend/bench/${kind}","clientId":"bench","receivedAt":${receivedAt},"traceId":"6f1c0f0e-0000-4000-8000-000000000000"}`,
      ),
    );
  }
  return records;
}

function jsonOf(meters: readonly number[], slot: number, start: string): Buffer {
  const rest = `","channel":"activeEnergyImport","unit":"kWh","intervalMinutes":${INTERVAL_MINUTES},"start":"${start}","value":`;
  const items = meters.map((meter) => `{"meterId":"${dayMeterId(meter)}${rest}${dayEnergyWh(meter, slot) / 1000}}`);
  return Buffer.from(`[${items.join(',')}]`);
}

function avroOf(meters: readonly number[], slot: number, start: string): Buffer {
  const record = encodeIntervalColumns({
    channel: 'activeEnergyImport',
    unit: 'kWh',
    scale: -3,
    intervalMinutes: INTERVAL_MINUTES,
    start,
    intervals: 1,
    meters: meters.map(dayMeterId),
    values: meters.map((meter) => dayEnergyWh(meter, slot)),
  });
  return Buffer.from(withRegistryHeader(record, COLUMNS_SCHEMA_ID));
}
