import * as z from 'zod';
import type { ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import { SYSTEM_ENTITY_ID } from '../../../layers/domain/models/entity-history.ts';
import { type ForecastEntities, forecastEntities } from '../../../layers/domain/models/forecast-entities.ts';
import type { ForecastStore } from '../../../layers/domain/models/forecast-store.ts';
import { dataUntil, issueRequest, originBefore } from '../../../layers/domain/models/issue-requests.ts';
import type { WindowReader } from '../../../layers/domain/windows/window-store.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

/** `issuedAt` absent: the last whole hour that readings have reached. `onlyNew`: nothing is asked if the system's forecast of then is there. */
export const buildTask = z.object({
  execution: z.string().min(1),
  issuedAt: z.iso.datetime().optional(),
  request: z.object({ onlyNew: z.boolean().optional() }).default({}),
});

/** Requests asked by one invocation of the function outside the network. */
const PER_SHARD = 40;

export interface BuiltRequests {
  /** Null before the first reading. */
  issuedAt: string | null;
  shardCount: number;
  shards: { requests: string; responses: string }[];
}

/** Lays out what the model is asked of every entity, for the function that may reach it. */
export const buildRequests =
  (
    ports: ForecastEntities & {
      meters: boolean;
      windows: Pick<WindowReader, 'daysOf'>;
      latestDay(): Promise<number | undefined>;
      forecasts: Pick<ForecastStore, 'latest'>;
      objects: ObjectStore;
    },
  ) =>
  async (task: z.infer<typeof buildTask>): Promise<TaskOutcome<BuiltRequests>> => {
    const until = await dataUntil(ports.windows, await ports.latestDay());
    if (until === undefined) return { output: { issuedAt: null, shardCount: 0, shards: [] } };
    const issuedAt = task.issuedAt === undefined ? originBefore(until) : Date.parse(task.issuedAt);
    if (task.request.onlyNew === true) {
      const entity = { kind: 'system', id: SYSTEM_ENTITY_ID } as const;
      const [newest] = await ports.forecasts.latest({ entity, asOf: issuedAt, count: 1 });
      const output = { issuedAt: new Date(issuedAt).toISOString(), shardCount: 0, shards: [] };
      if (newest?.issuedAt === issuedAt) return { output, counts: { ForecastsAsked: 0 } };
    }
    const lines: string[] = [];
    for (const each of await forecastEntities(ports, ports)) {
      const line = await issueRequest(ports.windows, { ...each, issuedAt });
      if (line) lines.push(JSON.stringify(line));
    }
    const base = `forecasts/${task.execution}`;
    const shards: BuiltRequests['shards'] = [];
    for (let from = 0; from < lines.length; from += PER_SHARD) {
      const shard = {
        requests: `${base}/requests-${shards.length}.jsonl`,
        responses: `${base}/responses-${shards.length}.jsonl`,
      };
      await ports.objects.put(
        shard.requests,
        `${lines.slice(from, from + PER_SHARD).join('\n')}\n`,
        'application/jsonlines',
      );
      shards.push(shard);
    }
    const output = { issuedAt: new Date(issuedAt).toISOString(), shardCount: shards.length, shards };
    return { output, counts: { ForecastsAsked: lines.length } };
  };
