import type { ModelRuns } from '../../../layers/adapters/dynamodb/model-runs.ts';
import type { Champions } from '../../../layers/adapters/ssm/champions.ts';
import type { Promotion } from '../../../layers/adapters/stepfunctions/promotion-machine.ts';
import { MODEL_CARDS } from '../../../layers/contracts/models/cards.ts';
import { MODELS, type ModelName } from '../../../layers/contracts/models/learning.ts';
import { type MachineRuns, promotionProgress, trainingProgress } from '../../../layers/domain/models/progress.ts';
import type { UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor } from '../../../layers/runtime/cursor.ts';

export interface ModelPorts {
  runs: Pick<ModelRuns, 'find' | 'list'>;
  champions: Pick<Champions, 'find'>;
  championParameter(model: ModelName): string;
  machines: MachineRuns;
  endpointFailure(endpoint: string): Promise<string | null>;
  resources: ModelResources;
  promotion: Promotion;
}

/** Where a model's machines and its endpoint are. */
export type ModelResources = Readonly<Record<ModelName, { training: string; promotion: string; endpoint: string }>>;

/** Fifty candidates on two folds, and the final: what one training can plan. */
const MAX_PLANNED = 101;
const RUN_POSITION = /^[A-Za-z0-9-]{1,63}$/;

/** Which version serves, what was tried, and putting another one in its place. */
export function modelRoutes({
  runs,
  champions,
  championParameter,
  promotion,
  machines,
  endpointFailure,
  resources,
}: ModelPorts): UseCases<
  'listModels' | 'listModelRuns' | 'getModelCard' | 'getModelProgress' | 'promoteModel' | 'rollBackModel'
> {
  return {
    async listModels() {
      const items = await Promise.all(
        MODELS.map(async (modelId) => ({
          modelId,
          champion: await champions.find(championParameter(modelId)),
          latestRun: (await runs.list({ model: modelId, limit: 1 }))[0] ?? null,
        })),
      );
      return { items };
    },
    async listModelRuns({ params: { modelId }, query: { limit, cursor } }) {
      const before = decodeCursor(cursor, RUN_POSITION);
      if (before instanceof ApiProblem) return before;
      const items = await runs.list({ model: modelId, limit, ...(before === undefined ? {} : { before }) });
      const last = items.at(-1);
      return { modelId, items, next: items.length === limit && last ? encodeCursor(last.runId) : null };
    },
    async getModelCard({ params: { modelId, runId } }) {
      const run = await runs.find(modelId, runId);
      if (!run) return apiProblem('not-found', `There is no run ${runId} of ${modelId}`);
      const serving = await champions.find(championParameter(modelId));
      const { metrics, limits, ...description } = MODEL_CARDS[modelId];
      return {
        modelId,
        serves: serving.runId === runId,
        run,
        ...description,
        metrics: metrics.map((one) => ({ ...one, value: run.metrics[one.metric] ?? null })),
        limits: [...limits],
      };
    },
    async getModelProgress({ params: { modelId } }) {
      const { training, promotion: promoting, endpoint } = resources[modelId];
      const [trains, promotes, newest] = await Promise.all([
        machines.newest(training),
        machines.newest(promoting),
        runs.list({ model: modelId, limit: MAX_PLANNED }),
      ]);
      const wentBack = promotes?.status === 'failed' ? await endpointFailure(endpoint) : null;
      return {
        modelId,
        training: trains ? trainingProgress(modelId, trains, newest) : null,
        promotion: promotes ? promotionProgress(promotes, wentBack) : null,
      };
    },
    async promoteModel({ params: { modelId }, body: { runId }, correlationId }) {
      const run = await runs.find(modelId, runId);
      if (!run) return apiProblem('not-found', `There is no run ${runId} of ${modelId}`);
      if (!run.packageArn || !run.artefact || !run.decision?.passed) {
        const why = run.decision ? `the gate said: ${run.decision.reason}` : 'it never came before the gate';
        return apiProblem('conflict', `Run ${runId} may not be promoted: ${why}`);
      }
      const { packageArn, artefact: modelDataUrl } = run;
      const started = { model: modelId, runId, packageArn, modelDataUrl, execution: correlationId };
      return { modelId, runId, execution: await promotion.start(started) };
    },
    async rollBackModel({ params: { modelId }, correlationId }) {
      const { previous } = await champions.find(championParameter(modelId));
      if (!previous) return apiProblem('conflict', `No version of ${modelId} served before this one`);
      const started = { model: modelId, ...previous, execution: correlationId };
      return { modelId, runId: previous.runId, execution: await promotion.start(started) };
    },
  };
}
