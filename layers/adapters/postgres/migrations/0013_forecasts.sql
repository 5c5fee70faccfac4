-- Forecasts as they were issued: one row per entity and origin, never changed but for the error that comes with the actuals.
-- Energies per interval in kWh, by position from first_start; quantile_values holds all levels of the first interval, then of the next.
CREATE TABLE forecast (
  entity_kind text NOT NULL,
  entity_id text NOT NULL,
  issued_at timestamptz NOT NULL,
  available_at timestamptz NOT NULL,
  model text NOT NULL,
  model_version text NOT NULL,
  method text NOT NULL,
  fallback text,
  -- What the model was given: spans and counts of its inputs, and which it lacked.
  inputs jsonb NOT NULL,
  first_start timestamptz NOT NULL,
  interval_minutes smallint NOT NULL CHECK (interval_minutes > 0),
  points double precision[] NOT NULL,
  quantile_levels double precision[] NOT NULL,
  quantile_values double precision[] NOT NULL,
  -- { error, pinball, coverage, intervals, scale } over the intervals read; null until the actuals are there.
  outcome jsonb,
  PRIMARY KEY (entity_kind, entity_id, issued_at),
  CHECK (cardinality(quantile_values) = cardinality(points) * cardinality(quantile_levels))
);
CREATE INDEX forecast_awaiting_outcome ON forecast (issued_at) WHERE outcome IS NULL;
CREATE INDEX forecast_by_issue ON forecast (issued_at);

GRANT SELECT ON forecast TO grid_reader, grid_writer;
GRANT INSERT, UPDATE ON forecast TO grid_writer;
