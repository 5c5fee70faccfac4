import {
  InvokeEndpointCommand,
  ModelError,
  SageMakerRuntimeClient,
  SageMakerRuntimeServiceException,
} from '@aws-sdk/client-sagemaker-runtime';
import type { ModelEndpoint } from '../../domain/models/model-endpoint.ts';

/** A SageMaker endpoint that speaks JSON. */
export function sageMakerEndpoint(endpointName: string, client = new SageMakerRuntimeClient({})): ModelEndpoint {
  return {
    async ask(request) {
      try {
        const { Body } = await client.send(
          new InvokeEndpointCommand({
            EndpointName: endpointName,
            ContentType: 'application/json',
            Accept: 'application/json',
            Body: JSON.stringify(request),
          }),
        );
        return { answer: JSON.parse(new TextDecoder().decode(Body)) as unknown };
      } catch (failure) {
        if (failure instanceof ModelError) {
          const refused = failure.OriginalStatusCode !== undefined && failure.OriginalStatusCode < 500;
          return { failure: refused ? 'refused' : 'failed', detail: failure.message };
        }
        if (failure instanceof SyntaxError) return { failure: 'failed', detail: 'the answer is not JSON' };
        if (failure instanceof SageMakerRuntimeServiceException && /^Validation/.test(failure.name))
          return { failure: 'missing', detail: failure.message };
        throw failure;
      }
    },
  };
}
