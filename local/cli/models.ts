import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { executionWords } from './execution-words.ts';

export interface ModelCommand {
  client: {
    endpoint?: string;
    region?: string;
    credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  };
  stage: string;
  model: string;
  budgetMinutes: number;
  /** Hyperparameters of candidates to try in place of the platform's own: `weeks=2,other=x`. */
  candidates: readonly string[];
  progress(line: string): void;
}

const POLL_MS = 1_000;
export const MODEL_VERBS = ['train', 'forecast', 'judge', 'rollback', 'champion'] as const;
export type ModelVerb = (typeof MODEL_VERBS)[number];

/** What an operator does with a model: each verb starts a state machine of the stage and follows it to its end. */
export async function modelCommand(verb: ModelVerb, command: ModelCommand): Promise<string> {
  const { stage, model } = command;
  const ssm = new SSMClient(command.client);
  const parameter = async (name: string): Promise<string> => {
    try {
      const { Parameter } = await ssm.send(new GetParameterCommand({ Name: `/smart-grid/${stage}/${name}` }));
      return Parameter?.Value ?? '';
    } catch (error) {
      if (error instanceof ParameterNotFound) throw new Error(`Stage ${stage} has no model ${model}.`);
      throw error;
    }
  };
  const champion = async () => JSON.parse(await parameter(`champions/${model}`)) as Champion;
  try {
    switch (verb) {
      case 'champion': {
        const { runId, previous } = await champion();
        return `${model}: ${runId} serves${previous ? `, before it ${previous.runId}` : ''}`;
      }
      case 'forecast':
        return await follow(command, await parameter('intelligence/forecast-issuing-machine'), {});
      case 'judge':
        return await follow(command, await parameter('intelligence/anomaly-scoring-machine'), {});
      case 'rollback': {
        const { previous } = await champion();
        if (!previous) throw new Error(`No version of ${model} served before this one.`);
        return await follow(command, await parameter(`intelligence/${model}-promotion-machine`), previous);
      }
      case 'train': {
        const before = (await champion()).runId;
        const trained = await follow(command, await parameter(`intelligence/${model}-training-machine`), {
          reason: 'operator',
          budgetMinutes: command.budgetMinutes,
          ...(command.candidates.length > 0 ? { candidates: command.candidates.map(hyperparameters) } : {}),
        });
        return `${trained}\n${before} served when this began: grid model champion ${model} says who does now`;
      }
    }
  } finally {
    ssm.destroy();
  }
}

interface Champion {
  runId: string;
  previous: Record<string, unknown> | null;
}

/** @throws naming the pair that is none. */
function hyperparameters(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [name, value, ...more] = pair.split('=');
      if (!name || value === undefined || more.length > 0) throw new Error(`${pair} is not name=value`);
      return [name, value];
    }),
  );
}

/** @returns how it ended, in words. @throws with the failure's error and cause. */
async function follow({ client, progress }: ModelCommand, stateMachineArn: string, input: object): Promise<string> {
  const states = new SFNClient(client);
  let last = '';
  try {
    const { executionArn } = await states.send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
    );
    let shown = 0;
    for (;;) {
      const found: DescribeExecutionCommandOutput = await states.send(new DescribeExecutionCommand({ executionArn }));
      const { events = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn }));
      for (const event of events.slice(shown)) {
        const name = nameIn(event);
        if (!name || !event.type?.endsWith('Entered')) continue;
        last = name;
        progress(`  ${event.timestamp?.toISOString().slice(11, 19)} ${name}`);
      }
      shown = events.length;
      if (found.status === 'SUCCEEDED') return executionWords(last, found.output ?? '');
      if (found.status !== 'RUNNING') throw new Error(`${found.status}: ${found.error} ${found.cause}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    states.destroy();
  }
}

const nameIn = (event: object): string | undefined =>
  (event as { stateEnteredEventDetails?: { name?: string } }).stateEnteredEventDetails?.name;
