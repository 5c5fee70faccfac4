/** Largest MQTT payload, bytes. Source: AWS IoT Core quotas, "publish payload size". */
export const MAX_MESSAGE_BYTES = 128 * 1024;

/**
 * Most bytes that a compressed message may hold: a columnar one at its limit has 1.4 MB as JSON. More is refused unread, so that a
 * few bytes cannot fill a function's memory. [proposed]
 */
export const MAX_DECOMPRESSED_BYTES = 2 * 1024 * 1024;

/** Largest `POST /readings:batch` body, bytes: Lambda's 6 MB request, base64 and envelope included. Source: AWS Lambda quotas. */
export const MAX_BATCH_BYTES = 4_000_000;

/** Deepest nesting read: array of messages > message > list > element is 4. [proposed] */
export const MAX_JSON_DEPTH = 8;

/** Utility's own ids. Source: API conventions, `[A-Za-z0-9._-]{1,64}`. */
export const ID_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;

/** An interval or sample may end this far ahead of its receipt, ms. Source: VEE rule 17 FUTURE_TIME, 5 min [proposed]; operators set another. */
export const MAX_AHEAD_MS = 5 * 60_000;

/** Nothing measured before this instant is accepted, epoch ms: interval metering is younger. [proposed] */
export const EARLIEST_TIME_MS = Date.UTC(2000, 0, 1);

/** Interval lengths, minutes: divisors of a day, so that blocks have whole slots. IEC 62056 load-profile periods. */
export const INTERVAL_MINUTES = [1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60] as const;

/** Most intervals in one message; 128 KiB cannot hold more. */
export const MAX_INTERVALS_PER_MESSAGE = 4096;

/** Most meters in one columnar message. [proposed] */
export const MAX_METERS_PER_MESSAGE = 65_536;

/** Most values in one columnar message, which may arrive compressed: a day of half-hours of 5,000 meters. [proposed] */
export const MAX_CELLS_PER_MESSAGE = 262_144;

/** Energy of one interval, kWh: 100 MW for an hour, beyond any low- or medium-voltage service. Fits int32 in Wh. [proposed] */
export const MAX_INTERVAL_KWH = 100_000;

/** Highest register, kWh: nine digits before the point, the widest display in IEC 62052 class meters. [proposed] */
export const MAX_REGISTER_KWH = 999_999_999.999;

/** Highest `revision` a source may give: int32. */
export const MAX_REVISION = 2_147_483_647;
