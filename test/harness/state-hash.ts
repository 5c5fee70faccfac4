import { createHash } from 'node:crypto';
import type { Database } from '../../layers/adapters/postgres/pool.ts';
import { postgresReadingStore } from '../../layers/adapters/postgres/reading-store.ts';
import type { QuarantinedMessage } from '../../layers/contracts/messages/quarantined-message.ts';

/**
 * All that the platform knows after quiescence (everything compacted and summed), a line each, in order: versions of readings,
 * current values with quality and conflict, register reads, events, confirmed interruptions, settlement, exceptions, sums of every level, quarantine with its reasons. Without
 * receipt times and generated numbers, which differ from run to run.
 */
export async function stateLines(database: Database, quarantine: Iterable<QuarantinedMessage>): Promise<string[]> {
  const lines: string[] = [];
  const rowsOf = async (sql: string) => (await database.query(sql)).rows;
  const meters = await rowsOf(`SELECT meter_no, meter_id, channel FROM meter JOIN meter_channel USING (meter_no)`);
  const [days] = await rowsOf('SELECT min(day) AS first, max(day) AS last FROM window_known_day');
  const idOf = new Map(meters.map((row) => [Number(row.meter_no), String(row.meter_id)]));
  for (const [channel, ofChannel] of Map.groupBy(meters, (row) => Number(row.channel))) {
    if (days?.first === null || days === undefined) break;
    const current = await postgresReadingStore(database).readMany({
      meterNos: ofChannel.map((row) => Number(row.meter_no)),
      channel,
      fromDay: Number(days.first),
      toDay: Number(days.last) + 1,
    });
    for (const { meterNo, day, block } of current) {
      for (const [slot, quality] of block.quality.entries()) {
        if (quality === 0) continue;
        const place = `${idOf.get(meterNo)} ${channel} ${block.intervalMinutes} ${day} ${slot}`;
        const version = `quality ${quality} revision ${block.revision[slot]} ${block.energyWh[slot]} Wh`;
        lines.push(`version ${place} ${version}`, `current ${place} ${version} conflict ${block.conflict[slot]}`);
      }
    }
  }
  const others = await rowsOf(`SELECT meter_id, channel, interval_minutes, quality, revision, energy_wh,
      (extract(epoch FROM interval_start) / 60)::bigint AS minute FROM reading_version JOIN meter USING (meter_no)`);
  for (const row of others) {
    const [minute, length] = [Number(row.minute), Number(row.interval_minutes)];
    const place = `${row.meter_id} ${row.channel} ${length} ${Math.floor(minute / 1440)} ${(minute % 1440) / length}`;
    lines.push(`version ${place} quality ${row.quality} revision ${row.revision} ${row.energy_wh} Wh`);
  }
  for (const table of ['register_read', 'meter_event', 'confirmed_interruption', 'settled_day', 'vee_exception']) {
    const facts =
      await rowsOf(`SELECT meter_id, (to_jsonb(fact) - '{recorded_at,stored_at,meter_no}'::text[])::text AS fact
      FROM ${table} AS fact JOIN meter USING (meter_no)`);
    for (const row of facts) lines.push(`${table} ${row.meter_id} ${row.fact}`);
  }
  for (const table of ['settlement_run', 'settlement_determinant', 'settlement_adjustment']) {
    const settled = await rowsOf(`SELECT to_jsonb(settled)::text AS settled FROM ${table} AS settled`);
    for (const row of settled) lines.push(`${table} ${row.settled}`);
  }
  const sums = await rowsOf(
    `SELECT level, entity_id, day, channel, interval_minutes, encode(body, 'hex') AS body FROM window_day`,
  );
  for (const row of sums) {
    lines.push(`sums ${row.level} ${row.entity_id} ${row.day} ${row.channel} ${row.interval_minutes} ${row.body}`);
  }
  for (const { kind, id, reasons } of quarantine) {
    lines.push(`quarantine ${kind} ${id} ${reasons.map(({ code, path }) => `${code} at ${path}`).join(', ')}`);
  }
  return lines.sort();
}

/** SHA-256 over the lines. */
export const stateHash = (lines: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line).update('\n');
  return hash.digest('hex');
};
