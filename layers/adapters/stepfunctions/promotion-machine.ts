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

/** @param machineOf ARN of a model's promotion machine. */
export const promotionMachine = (client: SFNClient, machineOf: (model: ModelName) => string): Promotion => ({
  async start({ model, execution, ...input }) {
    await client.send(
      new StartExecutionCommand({ stateMachineArn: machineOf(model), name: execution, input: JSON.stringify(input) }),
    );
    return execution;
  },
});
