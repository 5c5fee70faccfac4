import {
  type AppConfigDataClient,
  BadRequestException,
  GetLatestConfigurationCommand,
  ResourceNotFoundException,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import type { DeployedConfiguration } from '../../domain/settings/settings-source.ts';

/** Shortest time between two questions of a session, s: the least that AppConfig takes, below any schedule's period. */
const MIN_POLL_SECONDS = 15;

/**
 * What is deployed to an environment. The session is kept between calls, so that AppConfig hands a configuration over (and charges for
 * it) only when it changed; a session that ended is started anew.
 */
export function appConfigDeployed(
  client: AppConfigDataClient,
  names: { application: string; environment: string; profile: string },
): DeployedConfiguration {
  let token: string | undefined;
  const started = async (): Promise<string> => {
    const { InitialConfigurationToken = '' } = await client.send(
      new StartConfigurationSessionCommand({
        ApplicationIdentifier: names.application,
        EnvironmentIdentifier: names.environment,
        ConfigurationProfileIdentifier: names.profile,
        RequiredMinimumPollIntervalInSeconds: MIN_POLL_SECONDS,
      }),
    );
    return InitialConfigurationToken;
  };
  const ask = async (ConfigurationToken: string): Promise<Uint8Array | undefined> => {
    try {
      const answer = await client.send(new GetLatestConfigurationCommand({ ConfigurationToken }));
      token = answer.NextPollConfigurationToken;
      return answer.Configuration;
    } catch (failure) {
      // Nothing has been deployed yet.
      if (failure instanceof ResourceNotFoundException) return undefined;
      throw failure;
    }
  };
  return {
    async latest() {
      const last = token;
      token = undefined;
      if (last === undefined) return ask(await started());
      try {
        return await ask(last);
      } catch (failure) {
        if (failure instanceof BadRequestException) return ask(await started());
        throw failure;
      }
    },
  };
}
