import type { Duplex } from 'node:stream';

/** A PostgreSQL server behind the front. A connection speaks the protocol from the start-up message on; its user is trusted. */
export interface Backend {
  description: string;
  connect(): Duplex;
  stop(): Promise<void>;
}
