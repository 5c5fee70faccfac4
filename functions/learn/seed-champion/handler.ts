import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SSMClient } from '@aws-sdk/client-ssm';
import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoModelRuns } from '../../../layers/adapters/dynamodb/model-runs.ts';
import { s3Objects } from '../../../layers/adapters/s3/objects.ts';
import { ssmChampions } from '../../../layers/adapters/ssm/champions.ts';
import { customResource } from '../../../layers/runtime/custom-resource.ts';
import { SeedProperties, SeedRecord, seedChampion } from './seed-champion.ts';

const runs = dynamoModelRuns(documentClient(), process.env.RUNS_TABLE ?? '');
const champions = ssmChampions(new SSMClient({}));

export const handler = customResource('champion', {
  apply(properties) {
    const seed = SeedProperties.parse(properties);
    const packaged = (file: string) => readFileSync(join(import.meta.dirname, 'seeds', seed.model, file));
    const record = SeedRecord.parse(JSON.parse(packaged('run.json').toString()));
    const ports = { champions, objects: s3Objects(seed.bucketName), runs, clock: Date.now };
    return seedChampion(ports, seed, { archive: packaged('model.tar.gz'), record });
  },
  // The champion outlives its stack where data does; elsewhere its bucket goes with everything in it.
  remove: async () => {},
});
