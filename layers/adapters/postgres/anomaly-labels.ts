import type { FaultLabel } from '../../contracts/models/anomaly.ts';
import type { LabelledSpan } from '../../domain/models/anomaly-training-set.ts';
import type { Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

const LABELS = `SELECT DISTINCT ON (a.anomaly_id) a.entity_id, l.label, ${epochMs('l.span_from')} AS from_ms, ${epochMs('l.span_to')} AS to_ms
  FROM anomaly a JOIN anomaly_label l USING (anomaly_id)
  WHERE a.entity_kind = 'meter' AND a.quantity = 'activeEnergyImport' ORDER BY a.anomaly_id, l.label_no DESC`;

/** The latest label of every anomaly of a meter's energy, oldest span first. */
export const postgresAnomalyLabels = (database: Queryable) => async (): Promise<LabelledSpan[]> => {
  const { rows } = await database.query(LABELS);
  return rows
    .map((row) => ({
      meterId: String(row.entity_id),
      label: row.label as FaultLabel,
      from: Number(row.from_ms),
      to: Number(row.to_ms),
    }))
    .sort((a, b) => a.from - b.from || (a.meterId < b.meterId ? -1 : 1));
};
