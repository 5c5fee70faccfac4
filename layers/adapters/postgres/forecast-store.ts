import type { ForecastInterval } from '../../contracts/models/forecast.ts';
import { modelName } from '../../contracts/models/learning.ts';
import type { ForecastEntity } from '../../domain/models/entity-history.ts';
import type {
  ForecastIssue,
  ForecastOutcome,
  ForecastStore,
  IssuedForecast,
  StoredForecast,
} from '../../domain/models/forecast-store.ts';
import type { Database, Queryable } from './pool.ts';
import { epochMs } from './topology-rows.ts';

const ISSUE_COLUMNS = `${epochMs('issued_at')} AS issued_at, ${epochMs('available_at')} AS available_at, model, model_version, method,
  fallback, outcome`;
const COLUMNS = `${ISSUE_COLUMNS}, entity_kind, entity_id, inputs, ${epochMs('first_start')} AS first_start, interval_minutes, points,
  quantile_levels, quantile_values`;

const INSERT = `INSERT INTO forecast (entity_kind, entity_id, issued_at, available_at, model, model_version, method, fallback, inputs,
    first_start, interval_minutes, points, quantile_levels, quantile_values)
  VALUES ($1, $2, to_timestamp($3::float8), to_timestamp($4::float8), $5, $6, $7, $8, $9::jsonb, to_timestamp($10::float8), $11, $12::float8[],
    $13::float8[], $14::float8[])
  ON CONFLICT DO NOTHING`;

/**
 * One hour's forecasts are of one run: whole and part add up only with those they were settled with. The first one, the whole of all, is
 * the lock: a run that comes second waits for it here, finds it there and leaves everything as it is.
 */
async function keepTogether(session: Queryable, together: readonly IssuedForecast[]): Promise<number> {
  let added = 0;
  for (const [place, forecast] of together.entries()) {
    const { rowCount } = await session.query(INSERT, rowOf(forecast));
    if (place === 0 && rowCount === 0) return 0;
    added += rowCount ?? 0;
  }
  return added;
}

/** Forecasts in PostgreSQL. */
export function postgresForecastStore(database: Database): ForecastStore {
  return {
    async issue(forecasts) {
      let added = 0;
      for (const together of Map.groupBy(forecasts, ({ issuedAt }) => issuedAt).values())
        added += await database.transaction((session) => keepTogether(session, together));
      return added;
    },
    async latest({ entity, asOf, modelVersion, count }) {
      const { rows } = await database.query(
        `SELECT ${COLUMNS} FROM forecast WHERE entity_kind = $1 AND entity_id = $2 AND issued_at <= to_timestamp($3::float8)
           AND ($4::text IS NULL OR model_version = $4) ORDER BY forecast.issued_at DESC LIMIT $5`,
        [entity.kind, entity.id, asOf / 1000, modelVersion ?? null, count],
      );
      return rows.map(forecastOf);
    },
    async issues({ entity, from, to, limit }) {
      const { rows } = await database.query(
        `SELECT ${ISSUE_COLUMNS} FROM forecast WHERE entity_kind = $1 AND entity_id = $2
           AND forecast.issued_at >= to_timestamp($3::float8) AND forecast.issued_at < to_timestamp($4::float8)
         ORDER BY forecast.issued_at DESC LIMIT $5`,
        [entity.kind, entity.id, from / 1000, to / 1000, limit],
      );
      return rows.map(issueOf);
    },
    async awaiting({ until, limit }) {
      const { rows } = await database.query(
        `SELECT ${COLUMNS} FROM forecast WHERE outcome IS NULL
           AND forecast.first_start + cardinality(points) * interval_minutes * interval '1 minute' <= to_timestamp($1::float8)
         ORDER BY forecast.issued_at LIMIT $2`,
        [until / 1000, limit],
      );
      return rows.map(forecastOf);
    },
    async settle({ entity, issuedAt }, outcome) {
      await database.query(
        `UPDATE forecast SET outcome = $4::jsonb WHERE entity_kind = $1 AND entity_id = $2 AND issued_at = to_timestamp($3::float8)`,
        [entity.kind, entity.id, issuedAt / 1000, JSON.stringify(outcome)],
      );
    },
    async outcomes({ from, to }) {
      const { rows } = await database.query(
        `SELECT ${epochMs('issued_at')} AS issued_at, outcome FROM forecast WHERE outcome IS NOT NULL AND fallback IS NULL AND entity_kind <> 'meter'
           AND forecast.issued_at >= to_timestamp($1::float8) AND forecast.issued_at < to_timestamp($2::float8)
         ORDER BY forecast.issued_at, entity_kind, entity_id`,
        [from / 1000, to / 1000],
      );
      return rows.map((row) => ({ issuedAt: Number(row.issued_at), outcome: row.outcome as ForecastOutcome }));
    },
  };
}

function rowOf(forecast: IssuedForecast): unknown[] {
  const [first] = forecast.intervals;
  if (!first) throw new Error('a forecast has at least one interval');
  const levels = first.quantiles.map(({ level }) => level);
  return [
    forecast.entity.kind,
    forecast.entity.id,
    forecast.issuedAt / 1000,
    forecast.availableAt / 1000,
    forecast.model,
    forecast.modelVersion,
    forecast.method,
    forecast.fallback,
    JSON.stringify(forecast.inputs),
    Date.parse(first.start) / 1000,
    forecast.intervalMinutes,
    forecast.intervals.map(({ point }) => point),
    levels,
    forecast.intervals.flatMap(({ quantiles }) => quantiles.map(({ value }) => value)),
  ];
}

function issueOf(row: Record<string, unknown>): ForecastIssue {
  return {
    issuedAt: Number(row.issued_at),
    availableAt: Number(row.available_at),
    model: modelName.parse(row.model),
    modelVersion: String(row.model_version),
    method: String(row.method),
    fallback: row.fallback === null ? null : String(row.fallback),
    outcome: row.outcome as ForecastOutcome | null,
  };
}

function forecastOf(row: Record<string, unknown>): StoredForecast {
  const intervalMinutes = Number(row.interval_minutes);
  const first = Number(row.first_start);
  const levels = row.quantile_levels as number[];
  const values = row.quantile_values as number[];
  return {
    ...issueOf(row),
    entity: { kind: row.entity_kind as ForecastEntity['kind'], id: String(row.entity_id) },
    inputs: row.inputs as Record<string, unknown>,
    intervalMinutes,
    intervals: (row.points as number[]).map((point, index): ForecastInterval => {
      const start = first + index * intervalMinutes * 60_000;
      return {
        start: new Date(start).toISOString(),
        end: new Date(start + intervalMinutes * 60_000).toISOString(),
        point,
        quantiles: levels.map((level, at) => ({ level, value: values[index * levels.length + at] as number })),
      };
    }),
  };
}
