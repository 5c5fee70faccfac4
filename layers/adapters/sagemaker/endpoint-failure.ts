import { DescribeEndpointCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';

/** Why the last update of an endpoint went back or failed, in SageMaker's words; null where it did not. */
export const endpointFailure =
  (client: SageMakerClient) =>
  async (endpointName: string): Promise<string | null> => {
    const { FailureReason } = await client.send(new DescribeEndpointCommand({ EndpointName: endpointName }));
    return FailureReason ?? null;
  };
