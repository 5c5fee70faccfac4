import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface HostedVersion {
  number: number;
  contentType: string;
  /** Base64. */
  content: string;
}

export interface Deployment {
  number: number;
  profileId: string;
  version: string;
  strategyId: string;
  startedAt: number;
}

interface Kept {
  /** By profile. */
  versions: Record<string, HostedVersion[]>;
  /** By environment. */
  deployments: Record<string, Deployment[]>;
}

/** Hosted configuration versions and deployments, on disk: they outlast a restart, as AppConfig's do. */
export class AppConfigStore {
  readonly #file: string;
  readonly #kept: Kept;

  constructor(file: string) {
    this.#file = file;
    this.#kept = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Kept)
      : { versions: {}, deployments: {} };
  }

  addVersion(profileId: string, content: Buffer, contentType: string): HostedVersion {
    const versions = this.#kept.versions[profileId] ?? [];
    const added = { number: versions.length + 1, contentType, content: content.toString('base64') };
    this.#kept.versions[profileId] = [...versions, added];
    this.#save();
    return added;
  }

  version(profileId: string, number: string): HostedVersion | undefined {
    return this.#kept.versions[profileId]?.find((one) => String(one.number) === number);
  }

  deploy(environmentId: string, deployment: Omit<Deployment, 'number'>): Deployment {
    const deployments = this.#kept.deployments[environmentId] ?? [];
    const added = { ...deployment, number: deployments.length + 1 };
    this.#kept.deployments[environmentId] = [...deployments, added];
    this.#save();
    return added;
  }

  deployments(environmentId: string): readonly Deployment[] {
    return this.#kept.deployments[environmentId] ?? [];
  }

  /** What an environment hands out of a profile: the version of its latest deployment. */
  deployed(environmentId: string, profileId: string): HostedVersion | undefined {
    const latest = this.deployments(environmentId).findLast((one) => one.profileId === profileId);
    return latest && this.version(profileId, latest.version);
  }

  #save(): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.#kept));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
