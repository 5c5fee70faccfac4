-- A block holds a bucket's meters (256) instead of one: fewer and larger rows. See docs/adr/0002-block-store.md.
-- What is stored becomes deltas again, which the next compactions merge into the new blocks: nothing has to stand still, and
-- merging commutes. Versions too: that one lost to its equal is what makes a conflict. A function of the former release fails
-- on its next compaction until it is replaced; what it appends meanwhile is read by the new one.
INSERT INTO reading_delta (bucket, day, reading_count, body)
  SELECT meter_no >> 8, day, bit_count(substring(body FROM 2 FOR (1440 / interval_minutes + 7) / 8)),
    '\x03'::bytea || int4send(meter_no) || int2send(channel) || int2send(interval_minutes) || body
  FROM reading_block;
INSERT INTO reading_delta (bucket, day, reading_count, body)
  SELECT meter_no >> 8, floor(extract(epoch FROM interval_start) / 86400)::int, 1,
    '\x04'::bytea || int4send(meter_no) || int2send(channel) || int2send(interval_minutes)
      || float8send((extract(epoch FROM interval_start) * 1000)::float8) || int2send(quality) || int4send(revision)
      || int4send(energy_wh) || float8send((extract(epoch FROM recorded_at) * 1000)::float8)
  FROM reading_version;
DROP TABLE reading_block;

-- meters: a bit for each meter of the bucket that has a record; body: a head, then a record of one length for each of them.
CREATE TABLE reading_block (
  day integer NOT NULL,
  bucket integer NOT NULL,
  channel smallint NOT NULL,
  interval_minutes smallint NOT NULL,
  head_bytes integer NOT NULL,
  record_bytes integer NOT NULL,
  meters bytea NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (day, bucket, channel, interval_minutes)
);
ALTER TABLE reading_block ALTER COLUMN body SET STORAGE EXTERNAL;

GRANT SELECT ON reading_block TO grid_reader, grid_writer;
GRANT INSERT, UPDATE, DELETE ON reading_block TO grid_writer;
