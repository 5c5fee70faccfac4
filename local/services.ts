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

/** Folder and factory of each part. Providers start in this order and stop in the reverse. */
export const PARTS: readonly (readonly [folder: string, factory: string])[] = [
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
  ['cognito', 'cognito'],
  ['apigateway', 'apigateway'],
  ['waf', 'waf'],
  ['cloudfront', 'cloudfront'],
  ['console', 'console'],
  ['fleet', 'fleet'],
];

/** Loads the parts. */
export async function loadParts(): Promise<{ name: string; part: Part }[]> {
  const loaded = PARTS.map(async ([folder, factory]) => {
    const file = join(import.meta.dirname, folder, 'index.ts');
    if (!existsSync(file)) return undefined;
    const module = (await import(file)) as Record<string, () => Part>;
    const make = module[factory];
    if (!make) throw new Error(`local/${folder}/index.ts does not export ${factory}()`);
    return { name: folder, part: make() };
  });
  return (await Promise.all(loaded)).filter((each) => each !== undefined);
}
