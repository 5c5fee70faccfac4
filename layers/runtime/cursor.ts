import { type ApiProblem, apiProblem } from './api-problem.ts';

/** Where the next page begins, as an opaque text. */
export const encodeCursor = (position: string): string => Buffer.from(position, 'utf8').toString('base64url');

/** @returns the position, or undefined without a cursor, or the problem if it does not look like one of ours. */
export function decodeCursor(cursor: string | undefined, pattern: RegExp): string | undefined | ApiProblem {
  if (cursor === undefined) return undefined;
  const position = Buffer.from(cursor, 'base64url').toString('utf8');
  if (pattern.test(position)) return position;
  return apiProblem('invalid-request', 'See violations', [
    { path: 'query.cursor', message: 'is not a cursor of this route', value: cursor.slice(0, 100) },
  ]);
}

export const INSTANT_POSITION = /^\d{1,15}$/;
export const ID_POSITION = /^[A-Za-z0-9._-]{1,64}$/;

/** Rows of one instant may lie on both sides of a page's end: the instant, and how many of its rows were shown. */
export const ROW_POSITION = /^\d{1,15}\.\d{1,9}$/;
