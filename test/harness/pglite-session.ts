import { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { openEmbedded } from '../../local/postgres/embedded-database.ts';

/** The embedded PostgreSQL in memory, spoken to by the real `pg` client over the wire protocol. */
export interface EmbeddedPostgres {
  client: pg.Client;
  stop(): Promise<void>;
}

/** Bytes in, bytes out: PGlite's one backend as a socket. Messages may arrive in pieces; a startup message has no type byte. */
class BackendSocket extends Duplex {
  readonly #backend: PGlite;
  #pending = Buffer.alloc(0);
  #started = false;

  constructor(backend: PGlite) {
    super();
    this.#backend = backend;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    this.#forward().then(() => done(), done);
  }

  async #forward(): Promise<void> {
    for (;;) {
      const lengthAt = this.#started ? 1 : 0;
      if (this.#pending.length < lengthAt + 4) return;
      const length = this.#pending.readInt32BE(lengthAt) + lengthAt;
      if (this.#pending.length < length) return;
      const message = this.#pending.subarray(0, length);
      this.#pending = this.#pending.subarray(length);
      this.#started = true;
      this.push(Buffer.from(await this.#backend.execProtocolRaw(message)));
    }
  }

  // What pg asks of a socket.
  connect(): void {
    setImmediate(() => this.emit('connect'));
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** Starts PGlite with PostGIS in memory and opens the one session it has. */
export async function startEmbeddedPostgres(): Promise<EmbeddedPostgres> {
  const backend = await openEmbedded();
  const client = new pg.Client({ user: 'postgres', database: 'postgres', stream: () => new BackendSocket(backend) });
  await client.connect();
  return {
    client,
    async stop() {
      client.removeAllListeners();
      await backend.close();
    },
  };
}
