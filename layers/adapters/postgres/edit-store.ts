import { applies, EDITED_QUALITY } from '../../domain/editing/edit-reading.ts';
import type { EditAction, EditStore, ReadingEdit } from '../../domain/editing/edit-store.ts';
import { DAY_MS, dayOf, MINUTE_MS } from '../../domain/readings/calendar-day.ts';
import { ReadingColumns } from '../../domain/readings/reading-columns.ts';
import type { Database } from './pool.ts';
import { appendDeltas, readVersions } from './reading-store.ts';

const EDIT_COLUMNS = `sequence, action, energy_wh, previous_wh, based_on, reason, subject, client_id,
  extract(epoch FROM edited_at) * 1000 AS edited_at`;

const FIND = `SELECT ${EDIT_COLUMNS} FROM reading_edit
  WHERE meter_no = $1 AND channel = $2 AND interval_start = to_timestamp($3::float8 / 1000) ORDER BY sequence`;

const ADD = `INSERT INTO reading_edit (meter_no, channel, interval_start, sequence, action, energy_wh, previous_wh, based_on,
    reason, subject, client_id, edited_at)
  VALUES ($1, $2, to_timestamp($3::float8 / 1000), $4, $5, $6, $7, $8, $9, $10, $11, to_timestamp($12::float8 / 1000))
  ON CONFLICT DO NOTHING`;

const PROPOSALS = `SELECT meter_id, channel, extract(epoch FROM interval_start) * 1000 AS interval_start, ${EDIT_COLUMNS}
  FROM reading_edit AS proposed JOIN meter USING (meter_no)
  WHERE action = 'propose' AND NOT EXISTS (SELECT FROM reading_edit AS later
    WHERE later.meter_no = proposed.meter_no AND later.channel = proposed.channel
      AND later.interval_start = proposed.interval_start AND later.sequence > proposed.sequence)
  ORDER BY edited_at, meter_no, channel, proposed.interval_start LIMIT $1`;

/** Edits in PostgreSQL, in one transaction with the readings they apply, which arrive as any others do. */
export function postgresEditStore(database: Database): EditStore {
  return {
    async find({ meterNo, channel, start, intervalMinutes }) {
      const { rows } = await database.query(FIND, [meterNo, channel, start]);
      const to = start + intervalMinutes * MINUTE_MS;
      return { versions: await readVersions(database, { meterNo, channel, from: start, to }), edits: rows.map(editOf) };
    },
    add: ({ meterNo, channel, start, intervalMinutes }, edit) =>
      database.transaction(async (session) => {
        const { sequence, action, energyWh, previousWh, basedOn, reason, actor, at } = edit;
        const { rowCount } = await session.query(ADD, [
          meterNo,
          channel,
          start,
          sequence,
          action,
          energyWh,
          previousWh ?? null,
          basedOn,
          reason,
          actor.subject,
          actor.clientId,
          at,
        ]);
        if (rowCount !== 1) return false;
        if (!applies(edit)) return true;
        const day = dayOf(start);
        const slot = (start - day * DAY_MS) / (intervalMinutes * MINUTE_MS);
        const reading = { meterNo, channel, intervalMinutes, day, slot, energyWh, revision: sequence };
        await appendDeltas(session, ReadingColumns.of([{ ...reading, quality: EDITED_QUALITY, recordedAt: at }]));
        return true;
      }),
    async proposals({ limit }) {
      const { rows } = await database.query(PROPOSALS, [limit]);
      return rows.map((row) => ({
        meterId: String(row.meter_id),
        channel: Number(row.channel),
        start: Number(row.interval_start),
        edit: editOf(row),
      }));
    },
  };
}

const editOf = (row: Record<string, unknown>): ReadingEdit => ({
  sequence: Number(row.sequence),
  action: row.action as EditAction,
  energyWh: Number(row.energy_wh),
  previousWh: row.previous_wh === null ? undefined : Number(row.previous_wh),
  basedOn: String(row.based_on),
  reason: String(row.reason),
  actor: { subject: String(row.subject), clientId: String(row.client_id) },
  at: Number(row.edited_at),
});
