import * as z from 'zod';
import type { ModelRuns } from '../../../layers/adapters/dynamodb/model-runs.ts';
import { type ModelRun, modelName, plannedJob, trainedOn } from '../../../layers/contracts/models/learning.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

/** What DescribeTrainingJob says of a job that ended well, as the state machine hands it on. */
const finishedJob = z.object({
  ModelArtifacts: z.object({ S3ModelArtifacts: z.string() }),
  FinalMetricDataList: z.array(z.object({ MetricName: z.string(), Value: z.number() })).default([]),
  TrainingStartTime: z.union([z.string(), z.number()]),
  TrainingEndTime: z.union([z.string(), z.number()]),
});

/** What a Catch keeps of a job that did not. */
const jobFailure = z.object({ Error: z.string(), Cause: z.string().default('') });

export const recordTask = z.object({
  model: modelName,
  dataVersion: z.string(),
  trainedOn: trainedOn.nullable().default(null),
  startedAt: z.iso.datetime(),
  job: plannedJob,
  result: finishedJob.optional(),
  failure: jobFailure.optional(),
});

const MAX_CAUSE = 500;

/** Keeps a run, whatever came of it. */
export const recordRun =
  ({ runs }: { runs: Pick<ModelRuns, 'put'> }) =>
  async ({
    model,
    dataVersion,
    trainedOn: learned,
    startedAt,
    job,
    result,
    failure,
  }: z.infer<typeof recordTask>): Promise<TaskOutcome<ModelRun>> => {
    const run: ModelRun = {
      model,
      runId: job.jobName,
      planId: job.planId,
      kind: job.kind,
      fold: job.fold,
      plannedRuns: job.plannedRuns,
      status: result ? 'completed' : 'failed',
      hyperparameters: job.hyperparameters,
      dataVersion,
      trainedOn: learned,
      metrics: Object.fromEntries(
        (result?.FinalMetricDataList ?? []).map(({ MetricName, Value }) => [MetricName, Value]),
      ),
      artefact: result?.ModelArtifacts.S3ModelArtifacts ?? null,
      startedAt,
      trainingSeconds: result ? seconds(result.TrainingEndTime) - seconds(result.TrainingStartTime) : null,
      failure: result ? null : `${failure?.Error ?? 'unknown'}: ${reasonIn(failure?.Cause ?? '')}`.slice(0, MAX_CAUSE),
      packageArn: null,
      decision: null,
      promotedAt: null,
    };
    await runs.put(run);
    return { output: run, counts: result ? { RunsCompleted: 1 } : { RunsFailed: 1 } };
  };

const seconds = (time: string | number): number => (typeof time === 'number' ? time : Date.parse(time) / 1000);

/** The cause of a failed job is its description; what people want to read is its reason. */
function reasonIn(cause: string): string {
  try {
    return (JSON.parse(cause) as { FailureReason?: string }).FailureReason ?? cause;
  } catch {
    return cause;
  }
}
