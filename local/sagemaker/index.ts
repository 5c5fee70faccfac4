import { join } from 'node:path';
import { generatedName } from '../kernel/names.ts';
import { textAt } from '../kernel/properties.ts';
import type { AwsService, Cloud, PendingResource, Provider } from '../kernel/types.ts';
import { Endpoints, fingerprintOf } from './endpoints.ts';
import { Registry } from './registry.ts';
import { type Parts, sageMakerService } from './service.ts';
import { type Document, SageMakerState } from './state.ts';
import { Training } from './training.ts';

const TAGS = { Tags: 'no meaning here' };

/** SageMaker: training jobs, registry, models and endpoints, whose containers run as processes of this machine. */
export function sagemaker(): { providers: Provider[]; service(cloud: Cloud): AwsService } {
  let parts: Parts | undefined;
  const open = (cloud: Cloud): Parts => {
    if (parts) return parts;
    const folder = join(cloud.stateDir, 'sagemaker');
    const state = new SageMakerState(folder);
    parts = {
      cloud,
      state,
      training: new Training(cloud, state, folder),
      endpoints: new Endpoints(cloud, state, folder),
      registry: new Registry(cloud, state),
    };
    return parts;
  };
  const provider: Provider = {
    types: {
      'AWS::SageMaker::ModelPackageGroup': {
        honours: ['ModelPackageGroupName'],
        passesOver: { ...TAGS, ModelPackageGroupDescription: 'words for people' },
      },
      'AWS::SageMaker::Model': {
        honours: ['ModelName', 'ExecutionRoleArn', 'PrimaryContainer'],
        passesOver: { ...TAGS, EnableNetworkIsolation: 'a container here has no credentials of any service' },
      },
      'AWS::SageMaker::EndpointConfig': {
        honours: ['EndpointConfigName', 'ProductionVariants'],
        passesOver: { ...TAGS, KmsKeyId: 'the bytes on this disk are the disk’s own affair' },
      },
      'AWS::SageMaker::Endpoint': {
        honours: ['EndpointName', 'EndpointConfigName'],
        passesOver: {
          ...TAGS,
          DeploymentConfig: 'a template’s own update happens while nothing runs here',
          RetainDeploymentConfig: 'likewise',
        },
      },
    },
    create: async (resource, cloud) => CREATE[resource.type]?.(resource, open(cloud)) ?? { physicalId: '' },
    async stop() {
      await parts?.training.close();
      await parts?.endpoints.close();
    },
  };
  return {
    providers: [provider],
    service: (cloud) => sageMakerService(() => open(cloud)),
  };
}

type Created = { physicalId: string; attributes?: Record<string, unknown> };

const CREATE: Readonly<Record<string, (resource: PendingResource, parts: Parts) => Created>> = {
  'AWS::SageMaker::ModelPackageGroup'({ properties }, { state, cloud }) {
    const name = String(properties.ModelPackageGroupName);
    state.kept.groups[name] = { ModelPackageGroupName: name };
    state.save();
    const arn = cloud.arn('sagemaker', `model-package-group/${name}`);
    return { physicalId: arn, attributes: { ModelPackageGroupArn: arn } };
  },
  'AWS::SageMaker::Model'(resource, { state, cloud }) {
    const name = versioned(resource, 'ModelName');
    const role = String(resource.properties.ExecutionRoleArn);
    cloud.assumeRole(role, 'sagemaker.amazonaws.com');
    state.kept.models[name] = resource.properties as Document;
    state.save();
    return { physicalId: cloud.arn('sagemaker', `model/${name}`), attributes: { ModelName: name } };
  },
  'AWS::SageMaker::EndpointConfig'(resource, { state, cloud }) {
    const name = versioned(resource, 'EndpointConfigName');
    state.kept.configs[name] = resource.properties as Document;
    state.save();
    return { physicalId: cloud.arn('sagemaker', `endpoint-config/${name}`), attributes: { EndpointConfigName: name } };
  },
  'AWS::SageMaker::Endpoint'(resource, { state, cloud, endpoints }) {
    const { properties } = resource;
    const name = textAt(properties, 'EndpointName') ?? generatedName(resource, { most: 63 });
    const configName = String(properties.EndpointConfigName);
    const fingerprint = fingerprintOf(state.kept.configs[configName]);
    const before = state.kept.endpoints[name];
    if (!before) endpoints.create(name, configName);
    const endpoint = state.kept.endpoints[name] as Document;
    // CloudFormation leaves alone what its template says as before, whatever a promotion has put there since.
    if (endpoint.fingerprint !== fingerprint) Object.assign(endpoint, { EndpointConfigName: configName, fingerprint });
    state.save();
    return { physicalId: cloud.arn('sagemaker', `endpoint/${name}`), attributes: { EndpointName: name } };
  },
};

/** CloudFormation replaces a model or a configuration that changes, under a new name. */
const versioned = (resource: PendingResource, property: string): string =>
  textAt(resource.properties, property) ??
  `${generatedName(resource, { most: 46 })}-${fingerprintOf(resource.properties)}`;
