-- Rules that a settlement run found broken. rule: number in layers/contracts/vee/rules.ts; local_day: the day that was judged.
-- status: open; estimated: the intervals have estimates; resolved: a later run does not find it any more.
CREATE TABLE vee_exception (
  meter_no integer NOT NULL REFERENCES meter,
  channel smallint NOT NULL,
  local_day integer NOT NULL,
  rule smallint NOT NULL,
  begins_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  observed double precision,
  threshold double precision,
  cim text NOT NULL,
  severity text NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'estimated', 'resolved')),
  first_run integer NOT NULL,
  last_run integer NOT NULL,
  PRIMARY KEY (meter_no, channel, local_day, rule, begins_at)
);
CREATE INDEX vee_exception_by_time ON vee_exception (begins_at DESC, meter_no, channel, local_day, rule);

GRANT SELECT ON vee_exception TO grid_reader, grid_writer;
GRANT INSERT, UPDATE ON vee_exception TO grid_writer;
