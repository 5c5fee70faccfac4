-- What billing from registers needs: ratings, concentrators, and registers dated by installation.
ALTER TABLE usage_point ADD COLUMN service_rating_kva double precision CHECK (service_rating_kva > 0);

CREATE TABLE concentrator (
  concentrator_id text PRIMARY KEY,
  name text NOT NULL
);

-- serial: of the physical meter; empty if the import did not say.
ALTER TABLE meter_installation
  ADD COLUMN serial text NOT NULL DEFAULT '',
  ADD COLUMN concentrator_id text REFERENCES concentrator;
CREATE INDEX meter_installation_by_concentrator ON meter_installation (concentrator_id);

-- A channel's register from valid_from until the meter's next row of the channel. Null: the import did not say.
CREATE TABLE meter_register (
  meter_no integer NOT NULL REFERENCES meter,
  channel smallint NOT NULL,
  valid_from timestamptz NOT NULL,
  multiplier double precision NOT NULL CHECK (multiplier > 0),
  digits smallint,
  resolution_wh integer,
  PRIMARY KEY (meter_no, channel, valid_from)
);
INSERT INTO meter_register (meter_no, channel, valid_from, multiplier)
  SELECT meter_no, channel, valid_from, 1 FROM meter_channel JOIN meter_installation USING (meter_no);

-- A read is what the display showed, before any multiplier. serial '', digits 0, multiplier 0: the message did not say.
ALTER TABLE register_read RENAME COLUMN energy_wh TO register_wh;
ALTER TABLE register_read
  ADD COLUMN reason text NOT NULL DEFAULT 'scheduled',
  ADD COLUMN serial text NOT NULL DEFAULT '',
  ADD COLUMN digits smallint NOT NULL DEFAULT 0,
  ADD COLUMN multiplier double precision NOT NULL DEFAULT 0;
ALTER TABLE register_read DROP CONSTRAINT register_read_pkey;
-- The whole content: what differs in anything is another version, and both are kept.
ALTER TABLE register_read ADD PRIMARY KEY
  (meter_no, channel, read_at, revision, register_wh, reason, serial, digits, multiplier);

GRANT SELECT ON concentrator, meter_register TO grid_reader, grid_writer;
GRANT INSERT, UPDATE, DELETE ON concentrator, meter_register TO grid_writer;
