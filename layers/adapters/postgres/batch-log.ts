import type { Reason } from '../../contracts/codes/reasons.ts';
import { BATCH_KEPT_DAYS, type BatchLog, type BatchLogReader } from '../../domain/batches/batch-log.ts';
import type { Queryable } from './pool.ts';

/** An item with a fault in each of a thousand intervals says so twenty times. */
const MAX_REASONS_PER_ITEM = 20;

// Ordered: rows lock in key order.
const RECORD = `INSERT INTO batch_outcome (batch_id, handled, quarantined)
  SELECT batch_id, range_agg(int4range(item, item + 1)),
    coalesce(jsonb_object_agg(item::text, reasons) FILTER (WHERE reasons IS NOT NULL), '{}')
  FROM (SELECT DISTINCT ON (batch_id, item) batch_id, item, reasons
    FROM unnest($1::text[], $2::int[], $3::jsonb[]) AS outcome (batch_id, item, reasons)
    ORDER BY batch_id, item, reasons NULLS LAST) AS outcome
  GROUP BY batch_id ORDER BY batch_id
  ON CONFLICT (batch_id) DO UPDATE SET handled = batch_outcome.handled + excluded.handled,
    quarantined = batch_outcome.quarantined || excluded.quarantined, updated_at = now()`;

const READ = `SELECT ARRAY(SELECT ARRAY[lower(part), upper(part)] FROM unnest(handled) AS part) AS handled, quarantined
  FROM batch_outcome WHERE batch_id = $1`;

export function postgresBatchLog(database: Queryable): BatchLog {
  return {
    async record(outcomes) {
      if (outcomes.length === 0) return;
      await database.query(RECORD, [
        outcomes.map(({ batchId }) => batchId),
        outcomes.map(({ item }) => item),
        outcomes.map(({ quarantined }) =>
          quarantined
            ? JSON.stringify({ id: quarantined.id, reasons: quarantined.reasons.slice(0, MAX_REASONS_PER_ITEM) })
            : null,
        ),
      ]);
    },
  };
}

export function postgresBatchLogReader(database: Queryable): BatchLogReader {
  return {
    async outcomes(batchId) {
      const { rows } = await database.query(READ, [batchId]);
      const [row] = rows;
      const ranges = (row?.handled ?? []) as [number, number][];
      const quarantined = (row?.quarantined ?? {}) as Record<string, { id: string; reasons: Reason[] }>;
      return {
        handled: new Set(ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, index) => from + index))),
        quarantined: new Map(Object.entries(quarantined).map(([item, found]) => [Number(item), found])),
      };
    },
  };
}

/** Deletes outcomes that can no longer be asked after. */
export async function forgetOldBatches(database: Queryable): Promise<void> {
  await database.query('DELETE FROM batch_outcome WHERE updated_at < now() - make_interval(days => $1::int)', [
    BATCH_KEPT_DAYS,
  ]);
}
