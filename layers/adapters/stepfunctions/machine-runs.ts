import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import type { MachineRuns } from '../../domain/models/progress.ts';

/** Within the newest so many events a state was entered: two jobs side by side make fewer between. */
const EVENTS = 50;

/** Runs of state machines, by the ARN of the machine. */
export function machineRuns(client: SFNClient): MachineRuns {
  const stateOf = async (executionArn: string): Promise<string | null> => {
    const { events = [] } = await client.send(
      new GetExecutionHistoryCommand({
        executionArn,
        reverseOrder: true,
        maxResults: EVENTS,
        includeExecutionData: false,
      }),
    );
    return (
      events.find(({ stateEnteredEventDetails }) => stateEnteredEventDetails)?.stateEnteredEventDetails?.name ?? null
    );
  };
  return {
    async newest(stateMachineArn) {
      const { executions = [] } = await client.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1 }));
      const executionArn = executions[0]?.executionArn;
      if (!executionArn) return undefined;
      const found = await client.send(new DescribeExecutionCommand({ executionArn }));
      const running = found.status === 'RUNNING';
      return {
        name: found.name ?? '',
        status: running ? 'running' : found.status === 'SUCCEEDED' ? 'succeeded' : 'failed',
        startedAt: (found.startDate ?? new Date(0)).toISOString(),
        endedAt: found.stopDate?.toISOString() ?? null,
        input: JSON.parse(found.input ?? '{}') as unknown,
        error: running || found.status === 'SUCCEEDED' ? null : (found.error ?? found.status ?? null),
        cause: found.cause ?? null,
        state: running ? await stateOf(executionArn) : null,
      };
    },
  };
}
