/** Why a message or a reading is refused: one closed list, used in quarantine objects, API answers and metrics. */
export const REASON_CODES = {
  EMPTY: 'the payload, the batch or the list holds nothing',
  TOO_LARGE: 'more bytes or more intervals than one message may carry',
  TOO_DEEP: 'nested deeper than any message of ours',
  INVALID_COMPRESSION: 'compressed bytes that are damaged, cut off, or compressed twice',
  UNKNOWN_SCHEMA: 'the header names no schema version of ours',
  WRONG_SCHEMA: 'the schema is that of another message kind',
  INVALID_AVRO: 'the bytes are not one record of their schema',
  INVALID_UTF8: 'the bytes are not UTF-8',
  INVALID_JSON: 'the text is not one JSON document (RFC 8259)',
  DUPLICATE_KEY: 'an object names a key twice',
  FORBIDDEN_KEY: '__proto__, constructor or prototype as a key',
  NOT_FINITE: 'a number beyond the range of a double, or NaN or Infinity',
  INVALID_ENVELOPE: 'the stream record is not our envelope',
  UNKNOWN_TOPIC: 'the topic names no message kind',
  MISSING_FIELD: 'a required field is absent',
  UNKNOWN_FIELD: 'a field that the message kind does not have',
  WRONG_TYPE: 'a field of another type, or outside its list of words',
  INVALID_ID: 'an id outside [A-Za-z0-9._-]{1,64}',
  ID_MISMATCH: 'the id in the payload is not the id in the topic',
  DUPLICATE_METER: 'a columnar message names a meter twice: none of its rows is believed',
  WRONG_LENGTH: 'not as many values as meters times intervals',
  WRONG_CONCENTRATOR: 'the topology gives the meter to another concentrator, or to none',
  UNKNOWN_METER: 'the registry has no such meter',
  UNKNOWN_SENSOR: 'the registry has no such sensor',
  UNKNOWN_CHANNEL: 'no such channel, or the meter does not have it',
  UNKNOWN_KIND: 'no such measurement kind, or the sensor does not have it',
  UNKNOWN_PHASE: 'the sensor does not measure the kind of this phase',
  DUPLICATE_MEASUREMENT: 'a message measures a kind of a phase twice: the later one is not believed',
  UNKNOWN_EVENT: 'no such meter event',
  WRONG_UNIT: 'the unit is not the one the registry has for the channel or kind',
  WRONG_MULTIPLIER: 'the multiplier is not the one the registry has for the register at that time',
  WRONG_DIGITS: 'the register has another number of digits than the registry has for it at that time',
  INTERVAL_SIZE: 'the interval length is not the one the registry has for the channel',
  INVALID_TIME: 'not an ISO 8601 instant with a zone',
  MISALIGNED: 'the interval does not start on a multiple of its length',
  FUTURE_TIME: 'ends too far ahead of its receipt',
  TOO_OLD: 'starts before the earliest accepted instant',
  NEGATIVE: 'below zero where direction is a channel, not a sign',
  EXCESS_PRECISION: 'more decimals than the store keeps; never rounded',
  OUT_OF_RANGE: 'outside what is physically plausible',
  RETRIES_EXHAUSTED: 'a good batch that its store would not take before the age of its records ended',
} as const;

export type ReasonCode = keyof typeof REASON_CODES;

/** One violation. `path` is a JSON path without the `$` (`intervals[3].value`; empty: the message itself). */
export interface Reason {
  code: ReasonCode;
  path: string;
  message: string;
}
