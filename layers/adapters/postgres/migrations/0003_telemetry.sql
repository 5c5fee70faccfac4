-- Sensor telemetry, used when telemetryStore is postgres. phase is '' where the kind has none; the highest version wins.
CREATE TABLE telemetry (
  sensor_id text NOT NULL,
  kind text NOT NULL,
  phase text NOT NULL DEFAULT '',
  time timestamptz NOT NULL,
  value double precision NOT NULL,
  quality smallint NOT NULL DEFAULT 2,
  version bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (sensor_id, kind, phase, time)
);

GRANT SELECT ON telemetry TO grid_reader, grid_writer;
GRANT INSERT, UPDATE, DELETE ON telemetry TO grid_writer;
