-- What is unusual about meters and sensors, what people said of it, and the state of those who look. See docs/adr/0028-anomalies-from-stream-to-people.md.
-- source: stream (trackers) or model (the endpoint's daily scores). alert: pending (nobody decided), due (to be sent), sent, quiet.
-- Rows are never deleted: what later readings make usual is withdrawn.
CREATE TABLE anomaly (
  anomaly_id text PRIMARY KEY,
  entity_kind text NOT NULL CHECK (entity_kind IN ('meter', 'sensor')),
  entity_id text NOT NULL,
  quantity text NOT NULL,
  phase text NOT NULL DEFAULT '',
  source text NOT NULL CHECK (source IN ('stream', 'model')),
  since timestamptz NOT NULL,
  -- End of the last unusual reading; ongoing: the one after it has not come, or not been looked at.
  until timestamptz NOT NULL,
  ongoing boolean NOT NULL,
  unit text NOT NULL,
  signal text NOT NULL,
  method text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('high', 'low')),
  score double precision NOT NULL CHECK (score >= 0 AND score <= 1),
  -- −log10 of the probability of a reading as unusual; null where a model judged a day.
  surprise double precision,
  value double precision NOT NULL,
  expected_low double precision,
  expected_high double precision,
  peak_at timestamptz NOT NULL,
  explanation jsonb NOT NULL,
  model_version text,
  faults jsonb,
  raised_at timestamptz NOT NULL,
  withdrawn boolean NOT NULL DEFAULT false,
  alert text NOT NULL DEFAULT 'pending' CHECK (alert IN ('pending', 'due', 'sent', 'quiet')),
  alerted_at timestamptz,
  quiet_because text,
  UNIQUE (entity_kind, entity_id, quantity, phase, source, since)
);
CREATE INDEX anomaly_by_since ON anomaly (since);
CREATE INDEX anomaly_by_entity ON anomaly (entity_kind, entity_id, since);
CREATE INDEX anomaly_pending ON anomaly (entity_id) WHERE alert = 'pending';
CREATE INDEX anomaly_due ON anomaly (entity_id) WHERE alert = 'due';
CREATE INDEX anomaly_alerted ON anomaly (entity_kind, entity_id, alerted_at) WHERE alerted_at IS NOT NULL;

-- The latest row of an anomaly counts, none is changed.
CREATE TABLE anomaly_label (
  label_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  anomaly_id text NOT NULL REFERENCES anomaly,
  label text NOT NULL,
  note text,
  span_from timestamptz NOT NULL,
  span_to timestamptz NOT NULL CHECK (span_to > span_from),
  labelled_by text NOT NULL,
  labelled_at timestamptz NOT NULL
);
CREATE INDEX anomaly_label_by_anomaly ON anomaly_label (anomaly_id, label_no);

CREATE TABLE anomaly_snooze (
  snooze_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  anomaly_id text NOT NULL REFERENCES anomaly,
  snoozed_until timestamptz NOT NULL,
  snoozed_by text NOT NULL,
  snoozed_at timestamptz NOT NULL
);
CREATE INDEX anomaly_snooze_by_anomaly ON anomaly_snooze (anomaly_id, snooze_no);
CREATE INDEX anomaly_snooze_by_end ON anomaly_snooze (snoozed_until);

-- state: a tracker as serialised by layers/domain/anomalies/anomaly-tracker.ts; it has seen every reading before scored_to and none after.
CREATE TABLE meter_tracker (
  meter_no integer NOT NULL REFERENCES meter,
  channel smallint NOT NULL,
  scored_to timestamptz NOT NULL,
  state bytea NOT NULL,
  PRIMARY KEY (meter_no, channel)
);
ALTER TABLE meter_tracker ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE INDEX meter_tracker_by_bucket ON meter_tracker ((meter_no >> 8));

-- Bucket-days with readings to score; noted when windows are (0009), so that storing a reading costs nothing more.
-- Deleting the row claims the bucket's day; noting it again waits for the claim to end.
CREATE TABLE score_due (
  bucket integer NOT NULL,
  day integer NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (bucket, day)
);
ALTER TABLE score_due SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

-- What is stored already is scored from its beginning.
INSERT INTO score_due (bucket, day)
  SELECT bucket, day FROM reading_delta UNION SELECT bucket, day FROM reading_block;

CREATE TABLE alert_budget (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  state jsonb NOT NULL
);

GRANT SELECT ON anomaly, anomaly_label, anomaly_snooze, meter_tracker, score_due, alert_budget
  TO grid_reader, grid_writer;
GRANT INSERT, UPDATE ON anomaly, meter_tracker, alert_budget TO grid_writer;
GRANT INSERT ON anomaly_label, anomaly_snooze TO grid_writer;
GRANT INSERT, UPDATE, DELETE ON score_due TO grid_writer;
