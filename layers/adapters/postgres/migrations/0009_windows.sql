-- Days of transformers, feeders, regions and the system, summed from their meters; a meter's own days are its blocks.
-- See docs/adr/0016-windows.md. A day is days since 1970-01-01 UTC; level: 1 transformer, 2 feeder, 3 region, 4 system ('').

-- body: packed by layers/domain/windows/day-summary.ts.
CREATE TABLE window_day (
  level smallint NOT NULL,
  entity_id text NOT NULL,
  day integer NOT NULL,
  channel smallint NOT NULL,
  interval_minutes smallint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (level, entity_id, day, channel, interval_minutes)
) WITH (fillfactor = 80);
ALTER TABLE window_day ALTER COLUMN body SET STORAGE EXTERNAL;

-- What changed: readings of a bucket's day, or the meters or parts of an entity on every day. Only appended to, so that no
-- writer waits for another.
CREATE TABLE window_mark (
  mark_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bucket integer,
  day integer,
  level smallint,
  entity_id text,
  CHECK ((bucket IS NOT NULL AND day IS NOT NULL AND level IS NULL AND entity_id IS NULL)
    OR (bucket IS NULL AND day IS NULL AND level IS NOT NULL AND entity_id IS NOT NULL))
);

-- Entity-days to be summed. Deleting the row claims the entity's day; noting it due again waits for the claim to end.
CREATE TABLE window_due (
  level smallint NOT NULL,
  day integer NOT NULL,
  entity_id text NOT NULL,
  PRIMARY KEY (level, day, entity_id)
);

-- Days that ever had a reading: what a change of topology concerns.
CREATE TABLE window_known_day (day integer PRIMARY KEY);

ALTER TABLE window_mark SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
ALTER TABLE window_due SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

GRANT SELECT ON window_day, window_mark, window_due, window_known_day TO grid_reader, grid_writer;
GRANT INSERT, UPDATE, DELETE ON window_day, window_mark, window_due, window_known_day TO grid_writer;

-- Whoever writes readings marks them in the same transaction, and cannot forget to. Once per statement, not per reading.
CREATE FUNCTION mark_readings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO window_mark (bucket, day) SELECT DISTINCT bucket, day FROM fresh;
  RETURN NULL;
END $$;
CREATE TRIGGER mark_readings AFTER INSERT ON reading_delta
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION mark_readings();

CREATE FUNCTION mark_installations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO window_mark (level, entity_id)
      SELECT DISTINCT 1, transformer_id FROM before JOIN usage_point USING (usage_point_id);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO window_mark (level, entity_id)
      SELECT DISTINCT 1, transformer_id FROM after JOIN usage_point USING (usage_point_id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER mark_installed AFTER INSERT ON meter_installation
  REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_installations();
CREATE TRIGGER mark_changed AFTER UPDATE ON meter_installation
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION mark_installations();
CREATE TRIGGER mark_removed AFTER DELETE ON meter_installation
  REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION mark_installations();

-- An entity that moves from one parent to another leaves a change in both.
CREATE FUNCTION mark_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'usage_point' THEN
    INSERT INTO window_mark (level, entity_id) VALUES (1, OLD.transformer_id), (1, NEW.transformer_id);
  ELSIF TG_TABLE_NAME = 'transformer' THEN
    INSERT INTO window_mark (level, entity_id) VALUES (2, OLD.feeder_id), (2, NEW.feeder_id);
  ELSIF TG_TABLE_NAME = 'feeder' THEN
    INSERT INTO window_mark (level, entity_id)
      SELECT 3, region_id FROM substation WHERE substation_id IN (OLD.substation_id, NEW.substation_id);
  ELSE
    INSERT INTO window_mark (level, entity_id) VALUES (3, OLD.region_id), (3, NEW.region_id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER mark_moved AFTER UPDATE ON usage_point FOR EACH ROW
  WHEN (OLD.transformer_id IS DISTINCT FROM NEW.transformer_id) EXECUTE FUNCTION mark_moved();
CREATE TRIGGER mark_moved AFTER UPDATE ON transformer FOR EACH ROW
  WHEN (OLD.feeder_id IS DISTINCT FROM NEW.feeder_id) EXECUTE FUNCTION mark_moved();
CREATE TRIGGER mark_moved AFTER UPDATE ON feeder FOR EACH ROW
  WHEN (OLD.substation_id IS DISTINCT FROM NEW.substation_id) EXECUTE FUNCTION mark_moved();
CREATE TRIGGER mark_moved AFTER UPDATE ON substation FOR EACH ROW
  WHEN (OLD.region_id IS DISTINCT FROM NEW.region_id) EXECUTE FUNCTION mark_moved();

-- What was stored before windows were kept, in whichever form of block it lies.
INSERT INTO window_mark (bucket, day) SELECT DISTINCT bucket, day FROM reading_delta;
DO $$
DECLARE
  holder record;
BEGIN
  FOR holder IN SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name IN ('reading_block', 'former_reading_block')
      AND column_name IN ('bucket', 'meter_no') LOOP
    EXECUTE format('INSERT INTO window_mark (bucket, day) SELECT DISTINCT %s, day FROM %I',
      CASE holder.column_name WHEN 'bucket' THEN 'bucket' ELSE 'meter_no >> 8' END, holder.table_name);
  END LOOP;
END $$;
