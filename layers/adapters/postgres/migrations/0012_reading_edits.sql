-- What people did to readings: proposed, approved, rejected or applied values. Rows are only added; sequence counts the rows of an
-- interval, and is the revision of the edited reading that a row applies. based_on: the state of the interval it was decided on.
CREATE TABLE reading_edit (
  meter_no integer NOT NULL REFERENCES meter,
  channel smallint NOT NULL,
  interval_start timestamptz NOT NULL,
  sequence integer NOT NULL CHECK (sequence > 0),
  action text NOT NULL CHECK (action IN ('apply', 'propose', 'approve', 'reject')),
  energy_wh integer NOT NULL CHECK (energy_wh >= 0),
  previous_wh integer,
  based_on text NOT NULL,
  reason text NOT NULL,
  subject text NOT NULL,
  client_id text NOT NULL,
  edited_at timestamptz NOT NULL,
  PRIMARY KEY (meter_no, channel, interval_start, sequence)
);
CREATE INDEX reading_edit_proposed ON reading_edit (edited_at, meter_no, channel, interval_start) WHERE action = 'propose';

GRANT SELECT ON reading_edit TO grid_reader, grid_writer;
GRANT INSERT ON reading_edit TO grid_writer;
