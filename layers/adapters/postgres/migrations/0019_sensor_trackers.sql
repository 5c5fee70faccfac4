-- Trackers of what sensors measure, by kind and phase ('' where the kind has none). See docs/adr/0028-anomalies-from-stream-to-people.md.
-- state: as serialised by layers/domain/anomalies/anomaly-tracker.ts; it has seen every window before scored_to and none after.
CREATE TABLE sensor_tracker (
  sensor_id text NOT NULL REFERENCES sensor,
  kind text NOT NULL,
  phase text NOT NULL DEFAULT '',
  scored_to timestamptz NOT NULL,
  state bytea NOT NULL,
  PRIMARY KEY (sensor_id, kind, phase)
);
ALTER TABLE sensor_tracker ALTER COLUMN state SET STORAGE EXTERNAL;
GRANT SELECT ON sensor_tracker TO grid_reader, grid_writer;
GRANT INSERT, UPDATE ON sensor_tracker TO grid_writer;

-- Exported energy is scored too, from its beginning.
INSERT INTO score_due (bucket, day) SELECT DISTINCT bucket, day FROM reading_block WHERE channel = 2 ON CONFLICT DO NOTHING;
