import type { MeasurementKindName } from '../../contracts/messages/measurements.ts';

/**
 * Everything sent to Timestream Query. Two statements, one table each:
 *
 *   SELECT time, phase, "activePower" AS value FROM "db"."table"
 *   WHERE sensorId = 'F1-S' AND time >= from_iso8601_timestamp('…') AND time < from_iso8601_timestamp('…')
 *     AND "activePower" IS NOT NULL ORDER BY time, phase LIMIT 100
 *
 *   SELECT sensorId, phase, bin(time, 30m) AS start, avg("activePower") AS mean, min("activePower") AS minimum,
 *     max("activePower") AS maximum, count("activePower") AS samples FROM "db"."table"
 *   WHERE sensorId IN ('F1-S', 'F2-S') AND time >= … AND time < … AND "activePower" IS NOT NULL
 *   GROUP BY sensorId, phase, bin(time, 30m) ORDER BY start
 *
 * Timestream has no parameters in queries, so texts are quoted here; a kind is a word of the contract's closed list.
 * Source: Timestream for LiveAnalytics developer guide, "Query language reference".
 */
export interface TelemetryTable {
  database: string;
  table: string;
}

/** A text as an SQL literal; only a quote has a meaning inside one. */
export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const instantLiteral = (timeMs: number): string => `from_iso8601_timestamp('${new Date(timeMs).toISOString()}')`;

const source = ({ database, table }: TelemetryTable): string => `${identifier(database)}.${identifier(table)}`;

const between = (from: number, to: number): string =>
  `time >= ${instantLiteral(from)} AND time < ${instantLiteral(to)}`;

export const samplesStatement = (
  table: TelemetryTable,
  query: { sensorId: string; kind: MeasurementKindName; from: number; to: number; limit: number },
): string =>
  `SELECT time, phase, ${identifier(query.kind)} AS value FROM ${source(table)} ` +
  `WHERE sensorId = ${textLiteral(query.sensorId)} AND ${between(query.from, query.to)} ` +
  `AND ${identifier(query.kind)} IS NOT NULL ORDER BY time, phase LIMIT ${Math.floor(query.limit)}`;

export const aggregatesStatement = (
  table: TelemetryTable,
  query: { sensorIds: readonly string[]; kind: MeasurementKindName; from: number; to: number; minutes: number },
): string => {
  const kind = identifier(query.kind);
  const span = `bin(time, ${Math.floor(query.minutes)}m)`;
  return (
    `SELECT sensorId, phase, ${span} AS start, avg(${kind}) AS mean, min(${kind}) AS minimum, ` +
    `max(${kind}) AS maximum, count(${kind}) AS samples ` +
    `FROM ${source(table)} WHERE sensorId IN (${query.sensorIds.map(textLiteral).join(', ')}) ` +
    `AND ${between(query.from, query.to)} AND ${kind} IS NOT NULL ` +
    `GROUP BY sensorId, phase, ${span} ORDER BY start`
  );
};
