-- A block holds four hours of a bucket instead of its day: what arrives interval by interval is written once, not with every
-- compaction of its day again. See docs/adr/0002-block-store.md.
-- What is stored becomes deltas, as in 0004, versions too: that one lost to its equal is what makes a conflict. A function of the
-- former release fails on its next compaction until it is replaced; what it appends meanwhile is read by the new one.

-- A bit for each part of the day that a delta may have readings of; 63: all six.
ALTER TABLE reading_delta ADD COLUMN parts smallint NOT NULL DEFAULT 63;

INSERT INTO reading_delta (bucket, day, reading_count, body)
  SELECT bucket, day, bit_count(meters) * (1440 / interval_minutes),
    '\x05'::bytea || int2send(channel) || int2send(interval_minutes) || meters || body
  FROM reading_block;
INSERT INTO reading_delta (bucket, day, reading_count, body)
  SELECT meter_no >> 8, floor(extract(epoch FROM interval_start) / 86400)::int, 1,
    '\x04'::bytea || int4send(meter_no) || int2send(channel) || int2send(interval_minutes)
      || float8send((extract(epoch FROM interval_start) * 1000)::float8) || int2send(quality) || int4send(revision)
      || int4send(energy_wh) || float8send((extract(epoch FROM recorded_at) * 1000)::float8)
  FROM reading_version;
DROP TABLE reading_block;

-- part: 0 to 5, four hours each; meters: a bit for each meter of the bucket that has a record; body: a head, then a record of one
-- length for each of them.
CREATE TABLE reading_block (
  day integer NOT NULL,
  bucket integer NOT NULL,
  channel smallint NOT NULL,
  interval_minutes smallint NOT NULL,
  part smallint NOT NULL CHECK (part BETWEEN 0 AND 5),
  head_bytes integer NOT NULL,
  record_bytes integer NOT NULL,
  meters bytea NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (day, bucket, channel, interval_minutes, part)
);
ALTER TABLE reading_block ALTER COLUMN body SET STORAGE EXTERNAL;

GRANT SELECT ON reading_block TO grid_reader, grid_writer;
GRANT INSERT, UPDATE, DELETE ON reading_block TO grid_writer;
