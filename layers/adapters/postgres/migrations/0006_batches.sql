-- What became of the items of POST /readings:batch. One row a batch: a set of item numbers grows by union, so that a redelivered
-- record changes nothing. quarantined: { "<item>": { "id", "reasons" } }.
CREATE TABLE batch_outcome (
  batch_id text PRIMARY KEY,
  handled int4multirange NOT NULL,
  quarantined jsonb NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX batch_outcome_by_age ON batch_outcome (updated_at);

GRANT SELECT ON batch_outcome TO grid_reader, grid_writer;
GRANT INSERT, UPDATE, DELETE ON batch_outcome TO grid_writer;
