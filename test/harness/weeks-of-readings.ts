import { findNativePostgres } from './native-postgres.ts';

const native = findNativePostgres();

/** `describe` for what replays weeks of readings: minutes of the embedded database, seconds of a native one, so it waits for one. */
export const describeWithWeeks = (title: string, suite: () => void): void =>
  'missing' in native ? describe.skip(`${title} (skipped: ${native.missing})`, suite) : describe(title, suite);
