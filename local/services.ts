import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AwsService, Cloud, Provider } from './kernel/types.ts';

/** One emulated service of the local cloud, as its folder's factory gives it. */
export interface Part {
  providers?: Provider[];
  service?(cloud: Cloud): AwsService;
  services?(cloud: Cloud): AwsService[];
  /** After every provider has started, in the order of `PARTS`. */
  start?(cloud: Cloud): Promise<void>;
  stop?(): Promise<void>;
}

/** What a folder's `index.ts` may export: a factory of a part or of one provider with its service, or a provider's class. */
type Made = Part | Provider | { provider: Provider; service?(cloud: Cloud): AwsService };

/** Folder and export of each part. Providers start in this order and stop in the reverse. */
const PARTS: readonly (readonly [folder: string, exported: string])[] = [
  ['ssm', 'ssm'],
  ['kms', 'kms'],
  ['network', 'network'],
  ['cloudwatch', 'cloudwatch'],
  ['storage', 'storage'],
  ['dynamodb', 'dynamodb'],
  ['postgres', 'postgres'],
  ['timestream', 'timestream'],
  ['lambda', 'lambda'],
  ['kinesis', 'kinesis'],
  ['firehose', 'firehose'],
  ['iot', 'iot'],
  ['events', 'events'],
  ['custom-resources', 'customResources'],
  ['unneeded', 'unneeded'],
  ['waf', 'waf'],
  ['cognito', 'cognito'],
  ['apigateway', 'apigateway'],
  ['cloudfront', 'cloudfront'],
  ['console', 'console'],
  ['fleet', 'fleet'],
];

/** Loads the parts. @throws if a part's folder does not export what `PARTS` names. */
export async function loadParts(): Promise<{ name: string; part: Part }[]> {
  const loaded = PARTS.map(async ([folder, exported]) => {
    const file = join(import.meta.dirname, folder, 'index.ts');
    if (!existsSync(file)) return undefined;
    const module = (await import(file)) as Record<string, (new () => Made) | (() => Made)>;
    const make = module[exported];
    if (!make) throw new Error(`local/${folder}/index.ts does not export ${exported}`);
    const made = /^[A-Z]/.test(exported) ? new (make as new () => Made)() : (make as () => Made)();
    return { name: folder, part: partOf(made) };
  });
  return (await Promise.all(loaded)).filter((each) => each !== undefined);
}

function partOf(made: Made): Part {
  if ('types' in made) return { providers: [made] };
  if (!('provider' in made)) return made;
  const { service } = made;
  return { providers: [made.provider], ...(service ? { service: (cloud: Cloud) => service(cloud) } : {}) };
}
