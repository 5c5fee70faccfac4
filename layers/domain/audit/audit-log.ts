/** Who did something: a person or a machine, and the client it came by. */
export interface Actor {
  subject: string;
  clientId: string;
}

/** One change that somebody answers for. */
export interface AuditRecord {
  /** What was changed: `quarantine#<id>`, `reading#<meter>/<channel>/<start>`, `anomaly#<id>`, `settings#<stage>`. */
  entity: string;
  /** Grows with each change of the entity, and with it is the record's key. */
  sequence: number;
  /** Epoch ms. */
  at: number;
  actor: Actor;
  /** `quarantine.replay`, `reading.edit`. */
  action: string;
  reason: string;
  /** What the change came to, as text and numbers. */
  details: Readonly<Record<string, string | number | boolean>>;
}

/** Where changes are written down. Records are only added; the same record again is the same record. */
export interface AuditLog {
  /** Durable once resolved. @throws Error if another record has the same entity and sequence. */
  append(records: readonly AuditRecord[]): Promise<void>;
  /** Records of an entity by sequence. */
  of(entity: string): Promise<AuditRecord[]>;
}

export interface AuditQuery {
  /** [from, to), epoch ms. */
  from: number;
  to: number;
  actor?: string | undefined;
  action?: string | undefined;
  entity?: string | undefined;
  limit: number;
  /** Where the page before ended. */
  before?: string | undefined;
}

/** What was written down, newest first. */
export interface AuditReader {
  /** `next`: where the next page begins, although this one may hold fewer than `limit`; undefined: there is no more. */
  list(query: AuditQuery): Promise<{ records: AuditRecord[]; next: string | undefined }>;
}
