import { anomalyIdOf } from '../../domain/anomalies/anomaly.ts';
import type { AnomalyRecorder, FoundAnomaly } from '../../domain/anomalies/anomaly-store.ts';
import type { Queryable } from './pool.ts';

const FOUND = `jsonb_to_recordset($1::jsonb) AS f (anomaly_id text, entity_kind text, entity_id text, quantity text, phase text, source text,
  since float8, until float8, ongoing boolean, unit text, signal text, method text, direction text, score float8, surprise float8,
  value float8, expected_low float8, expected_high float8, peak_at float8, explanation jsonb, model_version text, faults jsonb,
  recorded boolean, whole boolean)`;

const at = (column: string): string => `to_timestamp(${column} / 1000)`;

const INSERT = `WITH kept AS (INSERT INTO anomaly AS a (anomaly_id, entity_kind, entity_id, quantity, phase, source, since, until, ongoing, unit,
    signal, method, direction, score, surprise, value, expected_low, expected_high, peak_at, explanation, model_version, faults, raised_at)
  SELECT anomaly_id, entity_kind, entity_id, quantity, phase, source, ${at('since')}, ${at('until')}, ongoing, unit, signal, method,
    direction, score, surprise, value, expected_low, expected_high, ${at('peak_at')}, explanation, model_version, faults,
    to_timestamp($2::float8 / 1000)
  FROM ${FOUND}
  WHERE recorded OR EXISTS (SELECT FROM anomaly known WHERE known.anomaly_id = f.anomaly_id)
  ORDER BY anomaly_id
  ON CONFLICT (anomaly_id) DO UPDATE SET until = excluded.until, ongoing = excluded.ongoing, withdrawn = false
    WHERE (a.until, a.ongoing, a.withdrawn) IS DISTINCT FROM (excluded.until, excluded.ongoing, false)
  RETURNING xmax = 0 AS added) SELECT count(*) FILTER (WHERE added)::int AS added FROM kept`;

// What became more unusual is worth another decision on whether people are told, unless they have been.
const REPLACE = `UPDATE anomaly a SET signal = f.signal, method = f.method, direction = f.direction, score = f.score, surprise = f.surprise,
    value = f.value, expected_low = f.expected_low, expected_high = f.expected_high, peak_at = ${at('f.peak_at')},
    explanation = f.explanation, model_version = f.model_version, faults = f.faults,
    alert = CASE WHEN a.alert = 'quiet' AND f.score > a.score THEN 'pending' ELSE a.alert END,
    quiet_because = CASE WHEN f.score > a.score THEN NULL ELSE a.quiet_because END
  FROM ${FOUND}
  WHERE a.anomaly_id = f.anomaly_id AND (f.score > a.score OR (f.whole AND (a.score, a.peak_at, a.value, a.model_version)
    IS DISTINCT FROM (f.score, ${at('f.peak_at')}, f.value, f.model_version)))`;

/** Keeps anomalies within whatever transaction the session is in. */
export const postgresAnomalyRecorder = (session: Queryable): AnomalyRecorder => ({
  async record(found, recordedAt) {
    if (found.length === 0) return 0;
    const rows = JSON.stringify(found.map(rowOf));
    const { rows: added } = await session.query(INSERT, [rows, recordedAt]);
    await session.query(REPLACE, [rows]);
    return Number(added[0]?.added ?? 0);
  },
});

const rowOf = (found: FoundAnomaly) => ({
  anomaly_id: anomalyIdOf(found),
  entity_kind: found.entity.kind,
  entity_id: found.entity.id,
  quantity: found.quantity,
  phase: found.phase ?? '',
  source: found.source,
  since: found.since,
  until: found.until,
  ongoing: found.ongoing,
  unit: found.unit,
  signal: found.signal,
  method: found.method,
  direction: found.direction,
  score: found.score,
  surprise: found.surprise,
  value: found.value,
  expected_low: found.expected?.low ?? null,
  expected_high: found.expected?.high ?? null,
  peak_at: found.peakAt,
  explanation: found.explanation,
  model_version: found.modelVersion,
  faults: found.faults,
  recorded: found.recorded,
  whole: found.whole,
});
