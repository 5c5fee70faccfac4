-- Topology and registry. Instants are timestamptz (UTC), positions WGS 84.
CREATE EXTENSION IF NOT EXISTS postgis;

DO $$
DECLARE
  login text;
BEGIN
  FOREACH login IN ARRAY ARRAY['grid_writer', 'grid_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
      EXECUTE format('CREATE ROLE %I LOGIN', login);
    END IF;
    -- Only RDS has this role; it makes IAM tokens the password.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN
      EXECUTE format('GRANT rds_iam TO %I', login);
    END IF;
  END LOOP;
END $$;

CREATE TABLE region (
  region_id text PRIMARY KEY,
  name text NOT NULL,
  time_zone text NOT NULL
);

CREATE TABLE substation (
  substation_id text PRIMARY KEY,
  region_id text NOT NULL REFERENCES region,
  name text NOT NULL,
  location geometry(Point, 4326) NOT NULL
);

CREATE TABLE feeder (
  feeder_id text PRIMARY KEY,
  substation_id text NOT NULL REFERENCES substation,
  name text NOT NULL,
  nominal_voltage_v double precision NOT NULL CHECK (nominal_voltage_v > 0),
  rating_kva double precision NOT NULL CHECK (rating_kva > 0),
  path geometry(LineString, 4326) NOT NULL
);

CREATE TABLE transformer (
  transformer_id text PRIMARY KEY,
  feeder_id text NOT NULL REFERENCES feeder,
  name text NOT NULL,
  rating_kva double precision NOT NULL CHECK (rating_kva > 0),
  location geometry(Point, 4326) NOT NULL
);
CREATE INDEX transformer_by_feeder ON transformer (feeder_id);

CREATE TABLE usage_point (
  usage_point_id text PRIMARY KEY,
  transformer_id text NOT NULL REFERENCES transformer,
  location geometry(Point, 4326) NOT NULL
);
CREATE INDEX usage_point_by_transformer ON usage_point (transformer_id);

-- meter_no is dense: it keys the blocks and, shifted right by 8, the delta buckets.
CREATE TABLE meter (
  meter_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter_id text NOT NULL UNIQUE
);

-- A meter serves a usage point from valid_from until valid_to (null: still). A meter may move, a usage point change meters.
CREATE TABLE meter_installation (
  meter_no integer NOT NULL REFERENCES meter,
  valid_from timestamptz NOT NULL,
  valid_to timestamptz,
  usage_point_id text NOT NULL REFERENCES usage_point,
  PRIMARY KEY (meter_no, valid_from),
  CHECK (valid_to > valid_from)
);
CREATE INDEX meter_installation_by_usage_point ON meter_installation (usage_point_id);

-- channel: code in layers/contracts/messages/channels.ts.
CREATE TABLE meter_channel (
  meter_no integer NOT NULL REFERENCES meter,
  channel smallint NOT NULL,
  unit text NOT NULL,
  interval_minutes smallint NOT NULL CHECK (interval_minutes > 0 AND 1440 % interval_minutes = 0),
  PRIMARY KEY (meter_no, channel)
);

-- kinds: [{ "kind", "unit", "phases"? }] as imported.
CREATE TABLE sensor (
  sensor_id text PRIMARY KEY,
  feeder_id text REFERENCES feeder,
  transformer_id text REFERENCES transformer,
  name text NOT NULL,
  kinds jsonb NOT NULL
);

GRANT USAGE ON SCHEMA public TO grid_writer, grid_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO grid_reader, grid_writer;
GRANT INSERT, UPDATE, DELETE ON region, substation, feeder, transformer, usage_point, meter, meter_installation,
  meter_channel, sensor TO grid_writer;
