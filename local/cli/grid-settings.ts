import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AppConfigClient,
  BadRequestException,
  CreateHostedConfigurationVersionCommand,
  GetDeploymentCommand,
  StartDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import {
  AppConfigDataClient,
  GetLatestConfigurationCommand,
  ResourceNotFoundException,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';

type Config = ConstructorParameters<typeof SSMClient>[0];

const DEFAULTS = join(import.meta.dirname, '../../docs/settings/default.json');
const WIRES = ['application-id', 'environment-id', 'profile-id', 'strategy-id'] as const;

/** What the stage's template made. @throws Error if there is no such stage. */
async function settingsOf(config: Config, stage: string): Promise<Record<(typeof WIRES)[number], string>> {
  const ssm = new SSMClient(config ?? {});
  const Names = WIRES.map((wire) => `/smart-grid/${stage}/settings/${wire}`);
  const { Parameters = [], InvalidParameters = [] } = await ssm.send(new GetParametersCommand({ Names }));
  ssm.destroy();
  if (InvalidParameters.length > 0) throw new Error(`Stage ${stage} has no ${InvalidParameters.join(', ')}: deploy it`);
  return Object.fromEntries(
    WIRES.map((wire, i) => [wire, Parameters.find(({ Name }) => Name === Names[i])?.Value ?? '']),
  ) as Record<(typeof WIRES)[number], string>;
}

/** What is deployed, as text; the defaults while nothing is. */
export async function getSettings(config: Config, stage: string): Promise<string> {
  const ids = await settingsOf(config, stage);
  const client = new AppConfigDataClient(config ?? {});
  try {
    const { InitialConfigurationToken: ConfigurationToken } = await client.send(
      new StartConfigurationSessionCommand({
        ApplicationIdentifier: ids['application-id'],
        EnvironmentIdentifier: ids['environment-id'],
        ConfigurationProfileIdentifier: ids['profile-id'],
      }),
    );
    const { Configuration } = await client.send(new GetLatestConfigurationCommand({ ConfigurationToken }));
    return Buffer.from(Configuration ?? [])
      .toString('utf8')
      .trimEnd();
  } catch (failure) {
    if (failure instanceof ResourceNotFoundException) return readFileSync(DEFAULTS, 'utf8').trimEnd();
    throw failure;
  } finally {
    client.destroy();
  }
}

const PAUSE_MS = 1_000;

/** Deploys a document and waits until it is deployed. @throws Error that names every violation. */
export async function setSettings(config: Config, stage: string, document: Buffer): Promise<string> {
  const ids = await settingsOf(config, stage);
  const client = new AppConfigClient(config ?? {});
  try {
    const { VersionNumber } = await client.send(
      new CreateHostedConfigurationVersionCommand({
        ApplicationId: ids['application-id'],
        ConfigurationProfileId: ids['profile-id'],
        Content: document,
        ContentType: 'application/json',
      }),
    );
    const where = { ApplicationId: ids['application-id'], EnvironmentId: ids['environment-id'] };
    let deployment = await client.send(
      new StartDeploymentCommand({
        ...where,
        ConfigurationProfileId: ids['profile-id'],
        DeploymentStrategyId: ids['strategy-id'],
        ConfigurationVersion: String(VersionNumber),
      }),
    );
    while (deployment.State !== 'COMPLETE') {
      if (deployment.State === 'ROLLED_BACK')
        throw new Error(`Deployment ${deployment.DeploymentNumber} was rolled back`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const { DeploymentNumber } = deployment;
      deployment = await client.send(new GetDeploymentCommand({ ...where, DeploymentNumber }));
    }
    return `Version ${VersionNumber} is deployed; functions use it within two minutes.`;
  } catch (failure) {
    if (failure instanceof BadRequestException) throw new Error(refusal(failure));
    throw failure;
  } finally {
    client.destroy();
  }
}

function refusal({ message, Details }: BadRequestException): string {
  const violations = Details && 'InvalidConfiguration' in Details ? (Details.InvalidConfiguration ?? []) : [];
  const lines = violations.map(({ Location, Reason }) => `  ${Location || '/'} ${Reason}`);
  return [`The settings are refused: ${message}`, ...lines].join('\n');
}
