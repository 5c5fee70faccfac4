import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SSMClient } from '@aws-sdk/client-ssm';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { ssmChampions } from '../../../layers/adapters/ssm/champions.ts';
import { customResource } from '../../../layers/runtime/custom-resource.ts';
import { SeedProperties, seedChampion } from './seed-champion.ts';

const champions = ssmChampions(new SSMClient({}));

export const handler = customResource('champion', {
  apply(properties) {
    const seed = SeedProperties.parse(properties);
    const archive = readFileSync(join(import.meta.dirname, 'seeds', seed.model, 'model.tar.gz'));
    return seedChampion({ champions, objects: s3Objects(seed.bucketName) }, seed, archive);
  },
  // The champion outlives its stack where data does; elsewhere its bucket goes with everything in it.
  remove: async () => {},
});
