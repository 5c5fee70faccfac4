import type { Queryable } from './pool.ts';

/** Days since 1970-01-01 UTC of the newest day that ever had a reading; undefined before the first. */
export const postgresLatestDay = (database: Queryable) => async (): Promise<number | undefined> => {
  const { rows } = await database.query(
    `SELECT max(day) AS day FROM (SELECT max(day) AS day FROM reading_delta UNION ALL SELECT max(day) FROM reading_block) AS newest`,
  );
  const day = rows[0]?.day;
  return day === null || day === undefined ? undefined : Number(day);
};
