-- Outages as they follow from power events, readings and silence; replaced whenever the evidence changes.
-- stored_at finds events that arrive long after they occurred.
ALTER TABLE meter_event ADD COLUMN stored_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX meter_event_by_storing ON meter_event (stored_at);

CREATE TABLE outage (
  outage_id text PRIMARY KEY,
  level text NOT NULL,
  entity_id text NOT NULL,
  feeder_id text NOT NULL REFERENCES feeder,
  status text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE INDEX outage_by_feeder ON outage (feeder_id, started_at);
CREATE INDEX outage_by_start ON outage (started_at DESC, outage_id);

CREATE TABLE outage_interruption (
  outage_id text NOT NULL REFERENCES outage ON DELETE CASCADE,
  meter_no integer NOT NULL REFERENCES meter,
  usage_point_id text NOT NULL REFERENCES usage_point,
  transformer_id text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  reported boolean NOT NULL,
  certain boolean NOT NULL,
  disputed boolean NOT NULL,
  PRIMARY KEY (outage_id, meter_no, started_at)
);
CREATE INDEX outage_interruption_by_meter ON outage_interruption (meter_no, started_at);

-- Why an outage was, as people say; the latest row counts, none is changed. Outlives the outage it speaks of, whose id
-- comes back whenever the same evidence does.
CREATE TABLE outage_cause (
  change_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  outage_id text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  planned boolean NOT NULL,
  reason text NOT NULL,
  changed_by text NOT NULL
);
CREATE INDEX outage_cause_by_outage ON outage_cause (outage_id, change_no);

CREATE TABLE outage_detection (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  ran_at timestamptz NOT NULL,
  silence_checked_to timestamptz NOT NULL
);

GRANT SELECT ON outage, outage_interruption, outage_cause, outage_detection TO grid_reader, grid_writer;
GRANT INSERT, UPDATE, DELETE ON outage, outage_interruption, outage_detection TO grid_writer;
GRANT INSERT ON outage_cause TO grid_writer;
