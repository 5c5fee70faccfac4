import { CreateModelPackageCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';

/** Versions of one model. */
export interface ModelRegistry {
  /** Registers an artefact; the same run again is the same version. @returns the version's ARN. */
  register(version: {
    runId: string;
    modelDataUrl: string;
    dataVersion: string;
    passed: boolean;
    reason: string;
  }): Promise<string>;
}

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html (ApprovalDescription) */
const MAX_DESCRIPTION = 1024;

export const sageMakerRegistry = (
  client: SageMakerClient,
  { group, image }: { group: string; image: string },
): ModelRegistry => ({
  async register({ runId, modelDataUrl, dataVersion, passed, reason }) {
    const types = ['application/json', 'application/jsonlines'];
    const { ModelPackageArn } = await client.send(
      new CreateModelPackageCommand({
        ModelPackageGroupName: group,
        ModelPackageDescription: runId,
        ModelApprovalStatus: passed ? 'PendingManualApproval' : 'Rejected',
        InferenceSpecification: {
          Containers: [{ Image: image, ModelDataUrl: modelDataUrl }],
          SupportedContentTypes: types,
          SupportedResponseMIMETypes: types,
        },
        CustomerMetadataProperties: { runId, dataVersion, gate: reason.slice(0, 256) },
        ClientToken: runId.slice(-36),
      }),
    );
    if (!ModelPackageArn) throw new Error('the registry gave no ARN');
    return ModelPackageArn.slice(0, MAX_DESCRIPTION);
  },
});
