import { textAt } from '../kernel/properties.ts';
import { AwsFailure, type Cloud } from '../kernel/types.ts';
import type { Document, SageMakerState } from './state.ts';

const STATUSES = ['Approved', 'Rejected', 'PendingManualApproval'];

/** Model package groups and their numbered versions. */
export class Registry {
  readonly #cloud: Cloud;
  readonly #state: SageMakerState;
  /** Request of each client token, so that a repeated request is the same version. */
  readonly #byToken = new Map<string, string>();

  constructor(cloud: Cloud, state: SageMakerState) {
    this.#cloud = cloud;
    this.#state = state;
    for (const [arn, { ClientToken }] of Object.entries(state.kept.packages))
      if (ClientToken !== undefined) this.#byToken.set(String(ClientToken), arn);
  }

  create(input: Document): Document {
    const group = String(input.ModelPackageGroupName);
    if (!this.#state.kept.groups[group])
      throw new AwsFailure('ValidationException', `ModelPackageGroup ${group} does not exist.`);
    const token = input.ClientToken === undefined ? undefined : String(input.ClientToken);
    const before = token === undefined ? undefined : this.#byToken.get(token);
    if (before) return { ModelPackageArn: before };
    const status = String(input.ModelApprovalStatus ?? 'PendingManualApproval');
    const version = this.list(group).length + 1;
    const arn = this.#cloud.arn('sagemaker', `model-package/${group}/${version}`);
    this.#state.kept.packages[arn] = {
      ...input,
      ModelPackageArn: arn,
      ModelPackageVersion: version,
      ModelApprovalStatus: approval(status),
      ModelPackageStatus: 'Completed',
      CreationTime: this.#cloud.clock() / 1000,
    };
    if (token !== undefined) this.#byToken.set(token, arn);
    this.#state.save();
    return { ModelPackageArn: arn };
  }

  describe(name: string): Document {
    const found = this.#state.kept.packages[name];
    if (!found) throw new AwsFailure('ValidationException', `ModelPackage ${name} does not exist.`);
    return found;
  }

  /** Newest first. */
  list(group: string): Document[] {
    return Object.values(this.#state.kept.packages)
      .filter(({ ModelPackageGroupName }) => ModelPackageGroupName === group)
      .sort((a, b) => Number(b.ModelPackageVersion) - Number(a.ModelPackageVersion));
  }

  update(input: Document): Document {
    const found = this.describe(String(input.ModelPackageArn));
    if (input.ModelApprovalStatus !== undefined)
      found.ModelApprovalStatus = approval(String(input.ModelApprovalStatus));
    if (input.ApprovalDescription !== undefined) found.ApprovalDescription = input.ApprovalDescription;
    const metadata = (found.CustomerMetadataProperties ?? {}) as Document;
    found.CustomerMetadataProperties = { ...metadata, ...((input.CustomerMetadataProperties ?? {}) as Document) };
    this.#state.save();
    return { ModelPackageArn: textAt(found, 'ModelPackageArn') };
  }
}

function approval(status: string): string {
  if (!STATUSES.includes(status)) throw new AwsFailure('ValidationException', `${status} is no approval status`);
  return status;
}
