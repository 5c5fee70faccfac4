import { CHANNELS, type ChannelName } from '../../contracts/messages/channels.ts';
import type { Entity } from '../../domain/network/topology-store.ts';
import { DaySummaries, type DaySummary } from '../../domain/windows/day-summary.ts';
import { LEVELS, type Member, SYSTEM_ID, type WindowReader } from '../../domain/windows/window-store.ts';
import type { Database } from './pool.ts';
import { postgresReadingStore } from './reading-store.ts';
import { epochMs } from './topology-rows.ts';
import { sumTransformers } from './transformer-sums.ts';
import { summaryOf } from './window-aggregation.ts';

interface Span {
  channel: ChannelName;
  fromDay: number;
  toDay: number;
  /** Only these of them; absent: all. */
  days?: readonly number[];
}

/** Days of entities: stored ones where nothing has changed since, and the others summed for the answer. */
export function postgresWindowReader(database: Database): WindowReader {
  const readings = postgresReadingStore(database);

  /** Days of these transformers (undefined: of all): stored, or from their meters where they are not up to date. */
  async function transformerDays(ids: readonly string[] | undefined, { channel, ...span }: Span) {
    const code = CHANNELS[channel].code;
    const { rows } = await database.query(TRANSFORMERS, [
      ids ?? null,
      code,
      span.fromDay,
      span.toDay,
      span.days ?? null,
    ]);
    const found = new Map<string, DaySummaries>();
    const stale = new Map<number, Set<string>>();
    for (const row of rows) {
      const [id, day] = [String(row.entity_id), Number(row.day)];
      if (row.stale === true) stale.set(day, (stale.get(day) ?? new Set()).add(id));
      else summariesOf(found, id).addSummary(summaryOf(row));
    }
    for (const [day, transformerIds] of stale) {
      for (const [id, summaries] of await sumTransformers(database, {
        transformerIds: [...transformerIds],
        day,
        channel: code,
      })) {
        for (const summary of summaries.list()) summariesOf(found, id).addSummary(summary);
      }
    }
    return found;
  }

  async function daysOfMeter(meterId: string, { channel, fromDay, toDay }: Span): Promise<DaySummary[]> {
    const code = CHANNELS[channel].code;
    const { rows } = await database.query(INSTALLATIONS, [meterId]);
    const memberships = rows.map(memberOf);
    const [first] = memberships;
    if (!first) return [];
    const sum = new DaySummaries();
    for (const meterDay of await readings.readMany({ meterNos: [first.meterNo], channel: code, fromDay, toDay })) {
      sum.addMeterDay(meterDay, memberships);
    }
    return sum.list();
  }

  return {
    async daysOf({ entity, channel, fromDay, toDay }) {
      const span = { channel, fromDay, toDay };
      if (toDay <= fromDay) return [];
      if (entity.kind === 'meter') return daysOfMeter(entity.id, span);
      const sum = new DaySummaries();
      const level = LEVELS[entity.kind];
      let stale: number[] | undefined;
      if (level > LEVELS.transformer) {
        // One statement, one snapshot: a day is stored as it should be, or it is among the stale ones.
        const id = entity.kind === 'system' ? SYSTEM_ID : entity.id;
        const { rows } = await database.query(STORED, [level, id, CHANNELS[channel].code, fromDay, toDay]);
        for (const row of rows) if (row.stale !== true) sum.addSummary(summaryOf(row));
        stale = [...new Set(rows.flatMap((row) => (row.stale === true ? [Number(row.day)] : [])))];
        if (stale.length === 0) return sum.list();
      }
      const ids = await transformersOf(database, entity);
      const parts = await transformerDays(ids, stale === undefined ? span : { ...span, days: stale });
      for (const part of parts.values()) for (const summary of part.list()) sum.addSummary(summary);
      return sum.list();
    },
    async daysOfTransformers(span) {
      const found = await transformerDays(undefined, span);
      return new Map([...found].map(([id, summaries]) => [id, summaries.list()]));
    },
  };
}

const memberOf = (row: Record<string, unknown>): Member => ({
  transformerId: String(row.transformer_id),
  meterNo: Number(row.meter_no),
  from: Number(row.valid_from),
  to: row.valid_to === null ? null : Number(row.valid_to),
});

function summariesOf(found: Map<string, DaySummaries>, id: string): DaySummaries {
  const summaries = found.get(id) ?? new DaySummaries();
  found.set(id, summaries);
  return summaries;
}

/** Undefined: all of them. */
async function transformersOf(database: Database, entity: Entity): Promise<string[] | undefined> {
  if (entity.kind === 'system') return undefined;
  if (entity.kind === 'transformer') return [entity.id];
  const { rows } = await database.query(
    `SELECT transformer_id FROM transformer JOIN feeder USING (feeder_id) JOIN substation USING (substation_id)
     WHERE ${entity.kind === 'feeder' ? 'feeder_id' : 'region_id'} = $1`,
    [entity.id],
  );
  return rows.map((row) => String(row.transformer_id));
}

// One statement, one snapshot: a day is stored as it should be, or it is stale. $3 and $4 bound the days.
const STALE_TRANSFORMERS = `SELECT entity_id, day FROM window_due
    WHERE level = ${LEVELS.transformer} AND day >= $3::int AND day < $4::int
  UNION SELECT transformer_id, day
    FROM (SELECT DISTINCT bucket, day FROM window_mark WHERE bucket IS NOT NULL AND day >= $3::int AND day < $4::int) AS marked
    JOIN window_bucket USING (bucket)
  UNION SELECT entity_id, days.day FROM window_mark, generate_series($3::int, $4::int - 1) AS days (day)
    WHERE window_mark.level = ${LEVELS.transformer}`;

const WANTED = '($1::text[] IS NULL OR entity_id = ANY($1::text[])) AND ($5::int[] IS NULL OR day = ANY($5::int[]))';

const TRANSFORMERS = `WITH stale AS (SELECT * FROM (${STALE_TRANSFORMERS}) AS stale WHERE ${WANTED}),
  stored AS (SELECT * FROM window_day WHERE level = ${LEVELS.transformer} AND channel = $2::smallint
    AND day >= $3::int AND day < $4::int AND ${WANTED})
  SELECT entity_id, day, channel, interval_minutes, body, stale.entity_id IS NOT NULL AS stale
  FROM stored FULL JOIN stale USING (entity_id, day)`;

// A day of an entity is stale if any part's is: whether the part lies below this very entity is not asked, which costs a sum of
// stored transformers at worst.
const STORED = `WITH stale AS (
    SELECT day FROM window_due WHERE level <= $1::smallint AND day >= $4::int AND day < $5::int
    UNION SELECT day FROM window_mark WHERE bucket IS NOT NULL AND day >= $4::int AND day < $5::int
    UNION SELECT days.day FROM generate_series($4::int, $5::int - 1) AS days (day)
      WHERE EXISTS (SELECT FROM window_mark WHERE level IS NOT NULL)),
  stored AS (SELECT * FROM window_day WHERE level = $1::smallint AND entity_id = $2::text AND channel = $3::smallint
    AND day >= $4::int AND day < $5::int)
  SELECT day, channel, interval_minutes, body, stale.day IS NOT NULL AS stale FROM stored FULL JOIN stale USING (day)`;

const INSTALLATIONS = `SELECT transformer_id, meter_no, ${epochMs('valid_from')} AS valid_from, ${epochMs('valid_to')} AS valid_to
  FROM meter JOIN meter_installation USING (meter_no) JOIN usage_point USING (usage_point_id) WHERE meter_id = $1`;
