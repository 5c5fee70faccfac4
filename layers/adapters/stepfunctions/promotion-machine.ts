import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { ModelName } from '../../contracts/models/learning.ts';

/** Starts the promotion of a registered version. @returns name of the execution. */
export interface Promotion {
  start(promotion: {
    model: ModelName;
    runId: string;
    packageArn: string | null;
    modelDataUrl: string;
    execution: string;
  }): Promise<string>;
}

/** @param machines ARN of the promotion machine, by model. */
export const promotionMachine = (client: SFNClient, machines: Readonly<Record<string, string>>): Promotion => ({
  async start({ model, execution, ...input }) {
    await client.send(
      new StartExecutionCommand({ stateMachineArn: machines[model], name: execution, input: JSON.stringify(input) }),
    );
    return execution;
  },
});
