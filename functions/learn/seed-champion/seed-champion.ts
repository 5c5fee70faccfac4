import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ModelRuns } from '../../../layers/adapters/dynamodb/model-runs.ts';
import type { ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import type { Champions } from '../../../layers/adapters/ssm/champions.ts';
import { modelName, modelRun } from '../../../layers/contracts/models/learning.ts';

/** Properties of the custom resource `Custom::Champion`. */
export const SeedProperties = z.object({
  model: modelName,
  bucketName: z.string().min(3),
  parameterName: z.string().min(1),
  /** Of everything the endpoint's configuration is made from: a change of it makes CloudFormation ask who the champion is. */
  fingerprint: z.string().min(1),
});

/** What synthesis wrote down of the seed's training. */
export const SeedRecord = modelRun.pick({ hyperparameters: true, trainedOn: true, dataVersion: true, metrics: true });

/**
 * Who serves: at the first deployment the packaged seed model, ever after whoever was promoted last. A seed has a run on record
 * like any other, so that it has a card.
 * @returns attributes of the resource.
 */
export async function seedChampion(
  {
    champions,
    objects,
    runs,
    clock,
  }: { champions: Champions; objects: ObjectStore; runs: Pick<ModelRuns, 'find' | 'put'>; clock: () => number },
  { model, parameterName }: z.infer<typeof SeedProperties>,
  { archive, record }: { archive: Uint8Array; record: z.infer<typeof SeedRecord> },
): Promise<Record<string, string>> {
  const hash = createHash('sha256').update(archive).digest('hex').slice(0, 16);
  const key = `seeds/${model}/${hash}/model.tar.gz`;
  await objects.put(key, archive, 'application/gzip');
  const seed = { runId: `seed-${hash}`, modelDataUrl: objects.uri(key), packageArn: null, previous: null };
  if (!(await runs.find(model, seed.runId)))
    await runs.put({
      ...record,
      model,
      runId: seed.runId,
      planId: 'seed',
      kind: 'final',
      fold: 0,
      plannedRuns: null,
      status: 'completed',
      artefact: seed.modelDataUrl,
      startedAt: new Date(clock()).toISOString(),
      trainingSeconds: null,
      failure: null,
      packageArn: null,
      decision: null,
      promotedAt: null,
    });
  const { modelDataUrl, runId } = await champions.firstOr(parameterName, seed);
  return { modelDataUrl, runId };
}
