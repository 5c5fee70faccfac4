import { createHash } from 'node:crypto';
import { join } from 'node:path';
import Ajv from 'ajv-draft-04';
import { generatedName } from '../kernel/names.ts';
import { listAt, textAt } from '../kernel/properties.ts';
import type { AwsService, Cloud, PendingResource, Provider } from '../kernel/types.ts';
import { type AppConfigResources, AppConfigService } from './service.ts';
import { AppConfigStore } from './store.ts';

/** AppConfig: hosted configurations, their JSON Schema validators, deployments that take no time, and sessions that read them. */
export function appconfig(): { providers: Provider[]; service(cloud: Cloud): AwsService } {
  const resources: AppConfigResources = {
    applications: new Map(),
    environments: new Map(),
    profiles: new Map(),
    strategies: new Set(),
  };
  const passesOver = { Tags: 'no meaning here', Description: 'words for people' };
  const provider: Provider = {
    types: {
      'AWS::AppConfig::Application': { honours: ['Name'], passesOver },
      'AWS::AppConfig::Environment': { honours: ['ApplicationId', 'Name'], passesOver },
      'AWS::AppConfig::ConfigurationProfile': {
        honours: ['ApplicationId', 'Name', 'LocationUri', 'Type', 'Validators'],
        passesOver,
      },
      'AWS::AppConfig::DeploymentStrategy': {
        honours: ['Name', 'DeploymentDurationInMinutes', 'FinalBakeTimeInMinutes'],
        passesOver: {
          ...passesOver,
          GrowthFactor: 'a deployment takes no time',
          ReplicateTo: 'nothing is replicated',
        },
      },
    },
    async create(resource) {
      const { properties, type } = resource;
      const id = shortId(resource);
      const name = textAt(properties, 'Name') ?? generatedName(resource, { most: 64 });
      const applicationId = textAt(properties, 'ApplicationId') ?? '';
      if (type === 'AWS::AppConfig::Application') resources.applications.set(id, name);
      else if (type === 'AWS::AppConfig::Environment') resources.environments.set(id, { name, applicationId });
      else if (type === 'AWS::AppConfig::DeploymentStrategy') {
        const takesTime = ['DeploymentDurationInMinutes', 'FinalBakeTimeInMinutes'].some(
          (property) => Number(textAt(properties, property) ?? 0) > 0,
        );
        if (takesTime) throw new Error(`the strategy ${name} takes time: only deployments at once are run here`);
        resources.strategies.add(id);
      } else {
        if (textAt(properties, 'LocationUri') !== 'hosted') throw new Error(`${name}: only hosted configurations`);
        resources.profiles.set(id, { name, applicationId, validators: validatorsOf(properties, name) });
      }
      return { physicalId: id, attributes: {} };
    },
  };
  const service = (cloud: Cloud): AwsService =>
    new AppConfigService(cloud, resources, new AppConfigStore(join(cloud.stateDir, 'appconfig', 'state.json')));
  return { providers: [provider], service };
}

/** Ids are seven characters. https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_Application.html: `[a-z0-9]{4,7}` */
const shortId = ({ stack, logicalId }: PendingResource): string =>
  createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, 7);

function validatorsOf(properties: Readonly<Record<string, unknown>>, name: string) {
  return listAt(properties, 'Validators').map((validator) => {
    if (textAt(validator, 'Type') !== 'JSON_SCHEMA')
      throw new Error(`${name}: only JSON_SCHEMA validators are run here`);
    // "Content … Length Constraints: Minimum length of 0. Maximum length of 32768."
    const content = textAt(validator, 'Content') ?? '';
    if (content.length > 32_768) throw new Error(`${name}: the schema has more than 32,768 characters`);
    const ajv = new Ajv({ allErrors: true, strict: false });
    return ajv.compile(JSON.parse(content) as object);
  });
}
