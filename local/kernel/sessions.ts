import { randomBytes } from 'node:crypto';
import type { Principal } from './types.ts';

export interface Session {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  principal: Principal;
  /** ms since the epoch. */
  expiresAt: number;
}

/**
 * Temporary credentials handed out by this cloud. Those without a given life last as long as this process: AWS renews what an
 * execution environment holds by replacing the environment, which here would only cost warm starts.
 */
export class Sessions {
  readonly #byKey = new Map<string, Session>();
  readonly #lasting = new Map<string, Session>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** @param lifeMs until the session expires; a principal's lasting session if not given */
  open(principal: Principal, lifeMs?: number): Session {
    const who = JSON.stringify(principal);
    const lasting = this.#lasting.get(who);
    if (lasting && lifeMs === undefined) return lasting;
    const session: Session = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(48).toString('base64'),
      principal,
      expiresAt: lifeMs === undefined ? Number.POSITIVE_INFINITY : this.#clock() + lifeMs,
    };
    this.#byKey.set(session.accessKeyId, session);
    if (lifeMs === undefined) this.#lasting.set(who, session);
    return session;
  }

  find(accessKeyId: string): Session | undefined {
    return this.#byKey.get(accessKeyId);
  }
}
