import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AwsFailure } from '../kernel/types.ts';
import type { PolicyDocument } from './policy.ts';

export type CertificateStatus = 'ACTIVE' | 'INACTIVE' | 'REVOKED';

export interface RegisteredCertificate {
  certificateId: string;
  pem: string;
  status: CertificateStatus;
  createdAt: number;
  policies: string[];
}

export interface Thing {
  thingName: string;
  thingId: string;
  thingTypeName?: string;
  attributes: Record<string, string>;
  /** Certificate ids. */
  principals: string[];
  version: number;
}

interface Stored {
  things: Record<string, Thing>;
  certificates: Record<string, RegisteredCertificate>;
  /** Policies made by API; those of the template come from it at each boot. */
  policies: Record<string, PolicyDocument>;
}

/** AWS names a certificate by the SHA-256 of its DER form. */
export const certificateIdOf = (der: Buffer): string => createHash('sha256').update(der).digest('hex');

export const notFound = (what: string) => new AwsFailure('ResourceNotFoundException', `${what} does not exist`, 404);

/** Things, certificates and policies, on disk before a call that changes them is answered. */
export class Registry {
  readonly things = new Map<string, Thing>();
  readonly certificates = new Map<string, RegisteredCertificate>();
  readonly policies = new Map<string, PolicyDocument>();
  readonly #ownPolicies = new Set<string>();
  readonly #file: string;
  readonly #listeners: ((certificateId: string) => void)[] = [];
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(stateDir: string) {
    const folder = join(stateDir, 'iot');
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, 'registry.json');
    const stored = readStored(this.#file);
    for (const thing of Object.values(stored.things)) this.things.set(thing.thingName, thing);
    for (const one of Object.values(stored.certificates)) this.certificates.set(one.certificateId, one);
    for (const [name, document] of Object.entries(stored.policies)) this.putPolicy(name, document);
  }

  /** Told of a certificate whose status, policies or things changed: live connections must be judged again. */
  onChange(listener: (certificateId: string) => void): void {
    this.#listeners.push(listener);
  }

  changed(certificateId: string): void {
    for (const listener of this.#listeners) listener(certificateId);
  }

  /** A policy of the template; not written to disk. */
  declarePolicy(name: string, document: PolicyDocument): void {
    this.policies.set(name, document);
  }

  putPolicy(name: string, document: PolicyDocument): void {
    this.policies.set(name, document);
    this.#ownPolicies.add(name);
  }

  deletePolicy(name: string): void {
    this.policies.delete(name);
    this.#ownPolicies.delete(name);
  }

  addCertificate(pem: string, status: CertificateStatus, now: number): RegisteredCertificate {
    const certificateId = certificateIdOf(new X509Certificate(pem).raw);
    const certificate = { certificateId, pem, status, createdAt: now, policies: [] };
    this.certificates.set(certificateId, certificate);
    return certificate;
  }

  thing(name: string): Thing {
    const thing = this.things.get(name);
    if (!thing) throw notFound(`Thing ${name}`);
    return thing;
  }

  certificate(id: string): RegisteredCertificate {
    const certificate = this.certificates.get(id);
    if (!certificate) throw notFound(`Certificate ${id}`);
    return certificate;
  }

  policiesOf(certificate: RegisteredCertificate): PolicyDocument[] {
    return certificate.policies.flatMap((name) => this.policies.get(name) ?? []);
  }

  /** Resolves when everything changed so far is on disk; calls at one time share one write. */
  save(): Promise<void> {
    this.#next ??= this.#writing.then(async () => {
      this.#next = undefined;
      const fresh = `${this.#file}.tmp`;
      const stored: Stored = {
        things: Object.fromEntries(this.things),
        certificates: Object.fromEntries(this.certificates),
        policies: Object.fromEntries([...this.policies].filter(([name]) => this.#ownPolicies.has(name))),
      };
      await writeFile(fresh, JSON.stringify(stored), { mode: 0o600, flush: true });
      await rename(fresh, this.#file);
    });
    this.#writing = this.#next.catch(() => {});
    return this.#next;
  }
}

function readStored(file: string): Stored {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { things: {}, certificates: {}, policies: {} };
  }
  return JSON.parse(text) as Stored;
}
