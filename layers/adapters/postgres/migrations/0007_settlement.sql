-- Settlement of local days by runs. See docs/adr/0015-settlement.md. local_day is days since 1970-01-01 of the local date.
CREATE TABLE settlement_run (
  region_id text NOT NULL REFERENCES region,
  local_day integer NOT NULL,
  run integer NOT NULL CHECK (run > 0),
  kind text NOT NULL CHECK (kind IN ('preliminary', 'final', 'adjustment')),
  cutoff timestamptz NOT NULL,
  settings_version text NOT NULL,
  complete boolean NOT NULL,
  position text NOT NULL,
  counts jsonb NOT NULL,
  PRIMARY KEY (region_id, local_day, run)
);

-- What a run settled otherwise than the run before. body: packed by layers/domain/settlement/settled-day.ts.
CREATE TABLE settled_day (
  usage_point_id text NOT NULL REFERENCES usage_point,
  local_day integer NOT NULL,
  channel smallint NOT NULL,
  meter_no integer NOT NULL REFERENCES meter,
  run integer NOT NULL,
  interval_minutes smallint NOT NULL,
  billable boolean NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (usage_point_id, local_day, channel, run, meter_no)
);
CREATE INDEX settled_day_by_meter ON settled_day (meter_no, channel, local_day);

-- Billing determinants of a usage point's channel and day, as the run left them. billed: with this row the day is billed.
CREATE TABLE settlement_determinant (
  usage_point_id text NOT NULL REFERENCES usage_point,
  local_day integer NOT NULL,
  channel smallint NOT NULL,
  run integer NOT NULL,
  determinants jsonb NOT NULL,
  billed boolean NOT NULL,
  PRIMARY KEY (usage_point_id, local_day, channel, run)
);

-- What is billed on top of a final day: signed Wh by time-of-use period.
CREATE TABLE settlement_adjustment (
  usage_point_id text NOT NULL REFERENCES usage_point,
  local_day integer NOT NULL,
  channel smallint NOT NULL,
  run integer NOT NULL,
  by_period_wh jsonb NOT NULL,
  PRIMARY KEY (usage_point_id, local_day, channel, run)
);

GRANT SELECT ON settlement_run, settled_day, settlement_determinant, settlement_adjustment TO grid_reader, grid_writer;
GRANT INSERT, UPDATE ON settlement_run TO grid_writer;
GRANT INSERT ON settled_day, settlement_determinant, settlement_adjustment TO grid_writer;
