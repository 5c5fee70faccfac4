-- Readings: deltas as they arrive, blocks after compaction, versions that did not win. See docs/adr/0002-block-store.md.
-- Bodies are packed by layers/domain/readings; a day is days since 1970-01-01 UTC.
CREATE TABLE reading_delta (
  chunk_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bucket integer NOT NULL,
  day integer NOT NULL,
  reading_count integer NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT now(),
  body bytea NOT NULL
);
CREATE INDEX reading_delta_by_bucket_day ON reading_delta (bucket, day);
-- Rows live for minutes to hours: let the space be found again soon.
ALTER TABLE reading_delta SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

-- fillfactor: a block is rewritten in its page (HOT) as its day fills.
CREATE TABLE reading_block (
  meter_no integer NOT NULL,
  channel smallint NOT NULL,
  interval_minutes smallint NOT NULL,
  day integer NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (day, meter_no, channel, interval_minutes)
) WITH (fillfactor = 80);

-- quality: 1 estimated, 2 raw, 3 edited. Rows are only added; an earlier receipt of equal content moves recorded_at back.
CREATE TABLE reading_version (
  meter_no integer NOT NULL,
  channel smallint NOT NULL,
  interval_minutes smallint NOT NULL,
  interval_start timestamptz NOT NULL,
  quality smallint NOT NULL,
  revision integer NOT NULL,
  energy_wh integer NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (meter_no, channel, interval_minutes, interval_start, quality, revision, energy_wh)
);

-- Cumulative registers; two values of one revision are both kept (a conflict).
CREATE TABLE register_read (
  meter_no integer NOT NULL,
  channel smallint NOT NULL,
  read_at timestamptz NOT NULL,
  revision integer NOT NULL,
  energy_wh bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (meter_no, channel, read_at, revision, energy_wh)
);

CREATE TABLE meter_event (
  meter_no integer NOT NULL,
  occurred_at timestamptz NOT NULL,
  event text NOT NULL,
  detail text NOT NULL DEFAULT '',
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (meter_no, occurred_at, event, detail)
);
CREATE INDEX meter_event_by_time ON meter_event (occurred_at);

GRANT SELECT ON reading_delta, reading_block, reading_version, register_read, meter_event TO grid_reader, grid_writer;
GRANT INSERT, UPDATE, DELETE ON reading_delta, reading_block, reading_version, register_read, meter_event TO grid_writer;

-- Bodies are packed already: no attempt to compress them. (STORAGE in CREATE TABLE needs PostgreSQL 16.)
ALTER TABLE reading_delta ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE reading_block ALTER COLUMN body SET STORAGE EXTERNAL;
