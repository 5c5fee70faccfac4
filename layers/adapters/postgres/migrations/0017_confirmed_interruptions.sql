-- When meters were certainly without supply, as the detection of outages knew it at any time: [known_from, known_until).
-- Outages themselves are replaced by every new judgement; settlement at a cutoff reads what was known then.
CREATE TABLE confirmed_interruption (
  meter_no integer NOT NULL REFERENCES meter,
  feeder_id text NOT NULL REFERENCES feeder,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  known_from timestamptz NOT NULL,
  known_until timestamptz,
  PRIMARY KEY (meter_no, started_at, known_from)
);
CREATE INDEX confirmed_interruption_by_feeder ON confirmed_interruption (feeder_id, started_at) WHERE known_until IS NULL;

-- Since when the outages there are were known nobody has noted: from now on.
INSERT INTO confirmed_interruption (meter_no, feeder_id, started_at, ended_at, known_from)
  SELECT DISTINCT ON (p.meter_no, p.started_at) p.meter_no, o.feeder_id, p.started_at, p.ended_at, now()
  FROM outage_interruption p JOIN outage o USING (outage_id)
  WHERE NOT p.disputed AND o.status IN ('confirmed', 'restored')
  ORDER BY p.meter_no, p.started_at, p.ended_at DESC;

GRANT SELECT ON confirmed_interruption TO grid_reader, grid_writer;
GRANT INSERT, UPDATE ON confirmed_interruption TO grid_writer;
