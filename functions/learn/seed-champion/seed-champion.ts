import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import type { Champions } from '../../../layers/adapters/ssm/champions.ts';
import { modelName } from '../../../layers/contracts/models/learning.ts';

/** Properties of the custom resource `Custom::Champion`. */
export const SeedProperties = z.object({
  model: modelName,
  bucketName: z.string().min(3),
  parameterName: z.string().min(1),
  /** Of everything the endpoint's configuration is made from: a change of it makes CloudFormation ask who the champion is. */
  fingerprint: z.string().min(1),
});

/**
 * Who serves: at the first deployment the packaged seed model, ever after whoever was promoted last.
 * @returns attributes of the resource.
 */
export async function seedChampion(
  { champions, objects }: { champions: Champions; objects: ObjectStore },
  { model, parameterName }: z.infer<typeof SeedProperties>,
  archive: Uint8Array,
): Promise<Record<string, string>> {
  const hash = createHash('sha256').update(archive).digest('hex').slice(0, 16);
  const key = `seeds/${model}/${hash}/model.tar.gz`;
  await objects.put(key, archive, 'application/gzip');
  const seed = { runId: `seed-${hash}`, modelDataUrl: objects.uri(key), packageArn: null, previous: null };
  const { modelDataUrl, runId } = await champions.firstOr(parameterName, seed);
  return { modelDataUrl, runId };
}
