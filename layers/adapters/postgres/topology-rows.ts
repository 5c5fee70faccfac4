/** SQL that turns instants into epoch ms, so that no session's zone or driver's parsing comes between. */
export const epochMs = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`;

export const iso = (timeMs: unknown): string => new Date(Number(timeMs)).toISOString();

export const isoOrNull = (timeMs: unknown): string | null =>
  timeMs === null || timeMs === undefined ? null : iso(timeMs);
