import { randomBytes } from 'node:crypto';
import type { Principal } from './types.ts';

/** Longest session of an assumed role. Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const SESSION_MS = 12 * 3600_000;

export interface Session {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  principal: Principal;
  /** ms since the epoch. */
  expiresAt: number;
}

/** Temporary credentials handed out by this cloud; a process restart ends them all. */
export class Sessions {
  readonly #byKey = new Map<string, Session>();
  readonly #byPrincipal = new Map<string, Session>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** A session of the principal with at least half its life before it. */
  open(principal: Principal, lifeMs: number = SESSION_MS): Session {
    const who = JSON.stringify(principal);
    const current = this.#byPrincipal.get(who);
    if (current && lifeMs === SESSION_MS && current.expiresAt - this.#clock() > SESSION_MS / 2) return current;
    const session: Session = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(48).toString('base64'),
      principal,
      expiresAt: this.#clock() + lifeMs,
    };
    this.#byKey.set(session.accessKeyId, session);
    if (lifeMs === SESSION_MS) this.#byPrincipal.set(who, session);
    for (const [key, old] of this.#byKey) if (old.expiresAt < this.#clock() - SESSION_MS) this.#byKey.delete(key);
    return session;
  }

  find(accessKeyId: string): Session | undefined {
    return this.#byKey.get(accessKeyId);
  }
}
