/**
 * The baseline: how a competent first version stores readings. FROZEN: its hash is pinned in `baseline.sha256`, and it imports
 * nothing of ours, so that no change of the product changes what it is measured against. It gets the same bytes and the same
 * registry, checks the same rules and keeps the same key; JSON.parse and a zod schema per reading, upserts of 100 rows, one
 * transaction per batch.
 */
import type pg from 'pg';
import * as z from 'zod';

const ROWS_PER_UPSERT = 100;
const QUALITIES = { estimated: 1, raw: 2, edited: 3 } as const;
const CHANNELS = {
  activeEnergyImport: 1,
  activeEnergyExport: 2,
  reactiveEnergyImport: 3,
  reactiveEnergyExport: 4,
} as const;

const Envelope = z.object({ payload: z.string(), topic: z.string(), receivedAt: z.number() });
const interval = {
  start: z.iso.datetime({ offset: true }),
  value: z.number().min(0).max(100_000),
  revision: z.int().min(0).optional(),
  quality: z.enum(['estimated', 'raw', 'edited']).optional(),
};
const head = {
  meterId: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  channel: z.enum(['activeEnergyImport', 'activeEnergyExport', 'reactiveEnergyImport', 'reactiveEnergyExport']),
  unit: z.enum(['kWh', 'kvarh']),
  intervalMinutes: z.int().min(1).max(60),
};
const Reading = z.strictObject({ ...head, ...interval });

export const BASELINE_TABLE = `CREATE TABLE naive_reading (
  meter_no integer NOT NULL,
  channel smallint NOT NULL,
  interval_start timestamptz NOT NULL,
  energy_wh integer NOT NULL,
  revision integer NOT NULL,
  quality smallint NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (meter_no, channel, interval_start)
)`;

type Row = [number, number, Date, number, number, number, Date];

/** Stores one batch of stream records. @returns readings stored. @throws on a reading that breaks a rule. */
export async function storeNaively(
  client: pg.Client,
  records: readonly Uint8Array[],
  meters: ReadonlyMap<string, { meterNo: number; intervalMinutes: number }>,
): Promise<number> {
  const rows: Row[] = [];
  for (const record of records) {
    const envelope = Envelope.parse(JSON.parse(Buffer.from(record).toString('utf8')));
    const payload: unknown = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8'));
    for (const message of Array.isArray(payload) ? payload : [payload]) {
      const { intervals, ...rest } = message as { intervals?: object[] };
      for (const item of intervals ?? [{}])
        rows.push(rowOf(Reading.parse({ ...rest, ...item }), envelope.receivedAt, meters));
    }
  }
  await client.query('BEGIN');
  for (let at = 0; at < rows.length; at += ROWS_PER_UPSERT) await upsert(client, rows.slice(at, at + ROWS_PER_UPSERT));
  await client.query('COMMIT');
  return rows.length;
}

function rowOf(
  reading: z.infer<typeof Reading>,
  receivedAt: number,
  meters: ReadonlyMap<string, { meterNo: number; intervalMinutes: number }>,
): Row {
  const meter = meters.get(reading.meterId);
  const start = Date.parse(reading.start);
  const intervalMs = reading.intervalMinutes * 60_000;
  const energyWh = Math.round(reading.value * 1000);
  if (!meter) throw new Error('unknown meter');
  if (meter.intervalMinutes !== reading.intervalMinutes) throw new Error('interval size');
  if ((reading.unit === 'kWh') !== reading.channel.startsWith('active')) throw new Error('unit');
  if (start % intervalMs !== 0) throw new Error('misaligned');
  if (start + intervalMs > receivedAt + 300_000 || start < Date.UTC(2000, 0, 1)) throw new Error('time');
  if (energyWh / 1000 !== reading.value) throw new Error('precision');
  return [
    meter.meterNo,
    CHANNELS[reading.channel],
    new Date(start),
    energyWh,
    reading.revision ?? 0,
    QUALITIES[reading.quality ?? 'raw'],
    new Date(receivedAt),
  ];
}

async function upsert(client: pg.Client, rows: readonly Row[]): Promise<void> {
  const places = rows.map((row, r) => `(${row.map((_, c) => `$${r * row.length + c + 1}`).join(', ')})`);
  await client.query(
    `INSERT INTO naive_reading (meter_no, channel, interval_start, energy_wh, revision, quality, recorded_at)
     VALUES ${places.join(', ')}
     ON CONFLICT (meter_no, channel, interval_start) DO UPDATE SET
       energy_wh = excluded.energy_wh, revision = excluded.revision, quality = excluded.quality, recorded_at = excluded.recorded_at
     WHERE (excluded.quality, excluded.revision, excluded.energy_wh) > (naive_reading.quality, naive_reading.revision, naive_reading.energy_wh)`,
    rows.flat(),
  );
}
