-- Which transformers ever had a meter of a bucket: what a mark of readings concerns, without a look at every meter of the bucket.
-- Rows are only added: one too many costs a sum that comes out equal.
CREATE TABLE window_bucket (
  bucket integer NOT NULL,
  transformer_id text NOT NULL,
  PRIMARY KEY (bucket, transformer_id)
);
INSERT INTO window_bucket SELECT DISTINCT meter_no >> 8, transformer_id FROM meter_installation JOIN usage_point USING (usage_point_id);
GRANT SELECT, INSERT ON window_bucket TO grid_writer;
GRANT SELECT ON window_bucket TO grid_reader;

-- In key order, as everywhere: two imports wait for each other in one direction only.
CREATE OR REPLACE FUNCTION mark_installations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO window_mark (level, entity_id)
      SELECT DISTINCT 1, transformer_id FROM before JOIN usage_point USING (usage_point_id);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO window_mark (level, entity_id)
      SELECT DISTINCT 1, transformer_id FROM after JOIN usage_point USING (usage_point_id);
    INSERT INTO window_bucket SELECT DISTINCT meter_no >> 8, transformer_id
      FROM after JOIN usage_point USING (usage_point_id) ORDER BY 1, 2 ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION note_buckets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO window_bucket SELECT DISTINCT meter_no >> 8, NEW.transformer_id
    FROM meter_installation WHERE usage_point_id = NEW.usage_point_id ORDER BY 1 ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER note_buckets AFTER UPDATE ON usage_point FOR EACH ROW
  WHEN (OLD.transformer_id IS DISTINCT FROM NEW.transformer_id) EXECUTE FUNCTION note_buckets();

DROP INDEX meter_installation_by_bucket;
