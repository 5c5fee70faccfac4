import type { Connection, Submittable } from 'pg';
import { type Queryable, rethrow } from './pool.ts';

/** Source: PostgreSQL documentation, COPY, "Binary Format": a signature of 11 bytes, 4 of flags, then a length and as many bytes. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const EXTENSION_AT = SIGNATURE.length + 4;

/** Columns of one row in PostgreSQL's binary form; undefined: NULL. */
export type BinaryRow = readonly (Buffer | undefined)[];

/**
 * Rows of a statement in binary: the driver reads results as text, where a byte is two letters and every row a string. Such a
 * statement takes no parameters.
 * @throws StoreUnavailable, or what the server says of the statement
 */
export async function binaryRows(session: Queryable, statement: string): Promise<BinaryRow[]> {
  const answer = new CopyOut(`COPY (${statement}) TO STDOUT (FORMAT binary)`);
  // A pool that gets no session says so in its own answer; a session's own has nothing to say.
  Promise.resolve(session.query(answer)).catch(answer.handleError);
  return answer.rows.catch(rethrow);
}

/** Whole numbers as a literal of a statement that takes no parameters. @throws RangeError on anything else */
export function intArray(numbers: Iterable<number>): string {
  const list = [...numbers];
  if (!list.every(Number.isSafeInteger)) throw new RangeError('whole numbers only');
  return `'{${list.join(',')}}'::int[]`;
}

/** What `pg` hands the server's answer to, message by message; each data message is one row. */
class CopyOut implements Submittable {
  readonly rows: Promise<BinaryRow[]>;
  /** Set by the driver: frees the session, ends its time-out. */
  callback: ((failure?: Error) => void) | undefined;
  readonly #text: string;
  readonly #found: BinaryRow[] = [];
  #resolve: (rows: BinaryRow[]) => void = () => {};
  #reject: (failure: Error) => void = () => {};

  constructor(text: string) {
    this.#text = text;
    this.rows = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.#text);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    // The driver's buffer is used again.
    const bytes = Buffer.from(chunk);
    const isFirst = bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE);
    let at = isFirst ? EXTENSION_AT + 4 + bytes.readInt32BE(EXTENSION_AT) : 0;
    // The last message is a count of -1; with no row at all it is the first one too.
    const fields = at < bytes.length ? bytes.readInt16BE(at) : -1;
    if (fields < 0) return;
    at += 2;
    const row: (Buffer | undefined)[] = [];
    for (let field = 0; field < fields; field++) {
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? undefined : bytes.subarray(at, at + length));
      at += Math.max(0, length);
    }
    this.#found.push(row);
  }

  readonly handleError = (failure: Error): void => {
    this.#reject(failure);
    this.callback?.(failure);
  };

  handleReadyForQuery(): void {
    this.#resolve(this.#found);
    this.callback?.();
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
}
