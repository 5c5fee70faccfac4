import * as z from 'zod';
import type { ModelRuns } from '../../../layers/adapters/dynamodb/model-runs.ts';
import { fileInArchive } from '../../../layers/adapters/s3/archive.ts';
import { jsonLines, keyOf, type ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import type { ModelRegistry } from '../../../layers/adapters/sagemaker/model-registry.ts';
import { type ModelName, modelRun, plannedJob } from '../../../layers/contracts/models/learning.ts';
import { type ExampleLoss, judge } from '../../../layers/domain/models/gate.ts';
import { guardsOf, lossOf } from '../../../layers/domain/models/guards.ts';
import type { ModelEndpoint } from '../../../layers/domain/models/model-endpoint.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const judgeTask = z.object({ run: modelRun, job: plannedJob });

const evaluation = z.object({
  examples: z.array(z.object({ id: z.string(), block: z.string(), losses: z.record(z.string(), z.number()) })),
});

export interface JudgePorts {
  champion: ModelEndpoint;
  objects: ObjectStore;
  registry: ModelRegistry;
  runs: Pick<ModelRuns, 'put'>;
}

/**
 * The gate: the champion, as it is served now, answers the held-out examples that the candidate was measured on; the candidate is
 * registered either way, and passes only if it is surely better on every guard metric. The champion may have been trained on
 * some of the held-out days, which makes the gate stricter, never laxer.
 */
export const judgeCandidate =
  ({ champion, objects, registry, runs }: JudgePorts) =>
  async ({
    run,
    job,
  }: z.infer<typeof judgeTask>): Promise<
    TaskOutcome<{ passed: boolean; reason: string; packageArn: string; modelDataUrl: string; runId: string }>
  > => {
    const { model, runId, dataVersion, artefact } = run;
    if (!artefact) throw new Error(`run ${runId} has no artefact to judge`);
    const archive = await objects.read(`${keyOf(job.output, objects.bucket)}/${runId}/output/output.tar.gz`);
    const measured = fileInArchive(archive, 'evaluation.json');
    if (!measured) throw new Error(`run ${runId} left no evaluation`);
    const challenger = evaluation.parse(JSON.parse(new TextDecoder().decode(measured))).examples;
    const lines = jsonLines(await objects.read(`${keyOf(job.validation, objects.bucket)}examples.jsonl`));
    const before = await championLosses(model, champion, lines);
    const answered = new Set(before.map(({ id }) => id));
    // Where the champion itself fails there is nothing to compare: what it answers decides.
    const decision = judge({
      champion: before,
      challenger: challenger.filter(({ id }) => answered.has(id)),
      metrics: guardsOf(model),
    });
    const { passed, reason } = decision;
    const packageArn = await registry.register({ runId, modelDataUrl: artefact, dataVersion, passed, reason });
    await runs.put({ ...run, packageArn, decision });
    return {
      output: { passed, reason, packageArn, modelDataUrl: artefact, runId },
      counts: { CandidatesPassed: passed ? 1 : 0, ChampionExamples: before.length },
    };
  };

/** A line of any model's validation channel. */
const asked = z.looseObject({ request: z.unknown() });

async function championLosses(
  model: ModelName,
  champion: ModelEndpoint,
  lines: readonly unknown[],
): Promise<ExampleLoss[]> {
  const loss = lossOf(model);
  const losses: ExampleLoss[] = [];
  for (const line of lines) {
    const outcome = await champion.ask(asked.parse(line).request);
    if (!('answer' in outcome)) continue;
    try {
      losses.push(loss(line, outcome.answer));
    } catch {
      // An answer that is none counts as no answer.
    }
  }
  return losses;
}
