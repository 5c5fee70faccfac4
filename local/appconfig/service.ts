import { randomUUID } from 'node:crypto';
import type { ValidateFunction } from 'ajv';
import { AwsFailure, type AwsRequest, type AwsResponse, type AwsService, type Cloud } from '../kernel/types.ts';
import type { AppConfigStore, Deployment } from './store.ts';

/** Largest hosted configuration, bytes. https://docs.aws.amazon.com/general/latest/gr/appconfig.html: "Hosted configuration store size limit" 2 MB. */
const MAX_CONTENT_BYTES = 2 * 1024 * 1024;
/** A poll token is good for a day. https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_GetLatestConfiguration.html */
const TOKEN_MS = 24 * 3_600_000;
const DEFAULT_POLL_SECONDS = 60;

/** What templates say, by physical id. */
export interface AppConfigResources {
  applications: Map<string, string>;
  /** Name and application. */
  environments: Map<string, { name: string; applicationId: string }>;
  profiles: Map<string, { name: string; applicationId: string; validators: ValidateFunction[] }>;
  strategies: Set<string>;
}

interface Session {
  environmentId: string;
  profileId: string;
  pollSeconds: number;
  notBefore: number;
  until: number;
  seen: number | undefined;
}

const VERSIONS = /^\/applications\/([^/]+)\/configurationprofiles\/([^/]+)\/hostedconfigurationversions$/;
const VALIDATORS = /^\/applications\/([^/]+)\/configurationprofiles\/([^/]+)\/validators$/;
const DEPLOYMENTS = /^\/applications\/([^/]+)\/environments\/([^/]+)\/deployments$/;
const DEPLOYMENT = /^\/applications\/([^/]+)\/environments\/([^/]+)\/deployments\/(\d+)$/;

/** A refusal with the details that AppConfig gives of an invalid configuration. */
class InvalidConfiguration extends AwsFailure {
  readonly details: readonly object[];
  constructor(details: readonly object[]) {
    super('BadRequestException', 'Configuration failed validation');
    this.details = details;
  }
}

const notFound = (what: string): AwsFailure => new AwsFailure('ResourceNotFoundException', `${what} not found`, 404);
const badRequest = (message: string): AwsFailure => new AwsFailure('BadRequestException', message);

/** Answers AppConfig's control plane and data plane (REST JSON), which sign with one name. */
export class AppConfigService implements AwsService {
  readonly signingNames = ['appconfig'];
  readonly #cloud: Cloud;
  readonly #resources: AppConfigResources;
  readonly #store: AppConfigStore;
  readonly #sessions = new Map<string, Session>();

  constructor(cloud: Cloud, resources: AppConfigResources, store: AppConfigStore) {
    this.#cloud = cloud;
    this.#resources = resources;
    this.#store = store;
  }

  access(request: AwsRequest) {
    const { method, url, body } = request;
    const path = url.pathname;
    const of = (name: string) => this.#cloud.arn('appconfig', `application/${name}`);
    const versions = VERSIONS.exec(path);
    if (versions && method === 'POST') {
      return [
        {
          action: 'appconfig:CreateHostedConfigurationVersion',
          resource: of(`${versions[1]}/configurationprofile/${versions[2]}`),
        },
      ];
    }
    const validated = VALIDATORS.exec(path);
    if (validated && method === 'POST') {
      return [
        {
          action: 'appconfig:ValidateConfiguration',
          resource: of(`${validated[1]}/configurationprofile/${validated[2]}`),
        },
      ];
    }
    const deployments = DEPLOYMENTS.exec(path);
    if (deployments && method === 'POST') {
      const { ConfigurationProfileId: profile, DeploymentStrategyId: strategy } = textFields(body);
      const resources = [of(`${deployments[1]}/environment/${deployments[2]}`)];
      resources.push(of(`${deployments[1]}/configurationprofile/${profile}`));
      resources.push(this.#cloud.arn('appconfig', `deploymentstrategy/${strategy}`));
      return resources.map((resource) => ({ action: 'appconfig:StartDeployment', resource }));
    }
    const deployment = DEPLOYMENT.exec(path);
    if (deployment && method === 'GET') {
      const resource = of(`${deployment[1]}/environment/${deployment[2]}/deployment/${deployment[3]}`);
      return [{ action: 'appconfig:GetDeployment', resource }];
    }
    if (path === '/configurationsessions' && method === 'POST') {
      const { environmentId, profileId, applicationId } = this.#named(body);
      const resource = of(`${applicationId}/environment/${environmentId}/configuration/${profileId}`);
      return [{ action: 'appconfig:StartConfigurationSession', resource }];
    }
    if (path === '/configuration' && method === 'GET') {
      const { environmentId, profileId } = this.#session(url);
      const applicationId = this.#resources.environments.get(environmentId)?.applicationId;
      const resource = of(`${applicationId}/environment/${environmentId}/configuration/${profileId}`);
      return [{ action: 'appconfig:GetLatestConfiguration', resource }];
    }
    throw new AwsFailure('UnknownOperationException', `appconfig: ${method} ${path} is not emulated.`, 404);
  }

  async answer(request: AwsRequest): Promise<AwsResponse> {
    const { method, url, body, headers } = request;
    const path = url.pathname;
    const versions = VERSIONS.exec(path);
    if (versions) return this.#createVersion(versions[2] ?? '', body, String(headers['content-type'] ?? ''));
    const validated = VALIDATORS.exec(path);
    if (validated) {
      this.#validate(validated[2] ?? '', url.searchParams.get('configuration_version') ?? '');
      return { status: 204 };
    }
    const deployments = DEPLOYMENTS.exec(path);
    if (deployments && method === 'POST') return this.#startDeployment(deployments[2] ?? '', body);
    const deployment = DEPLOYMENT.exec(path);
    if (deployment) {
      const found = this.#store.deployments(deployment[2] ?? '').find(({ number }) => String(number) === deployment[3]);
      if (!found) throw notFound('Deployment');
      return json(200, shown(found));
    }
    return path === '/configuration' ? this.#latest(url) : this.#startSession(body);
  }

  error(failure: AwsFailure): AwsResponse {
    const details =
      failure instanceof InvalidConfiguration
        ? { Reason: 'InvalidConfiguration', Details: { InvalidConfiguration: failure.details } }
        : {};
    const answer = json(failure.status, { Message: failure.message, ...details });
    return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': failure.code } };
  }

  #createVersion(profileId: string, body: Buffer, contentType: string): AwsResponse {
    if (!this.#resources.profiles.has(profileId)) throw notFound('Configuration profile');
    if (body.length > MAX_CONTENT_BYTES) {
      throw new AwsFailure('PayloadTooLargeException', 'The configuration is too large.', 413);
    }
    const { number } = this.#store.addVersion(profileId, body, contentType);
    return {
      status: 201,
      headers: {
        'content-type': contentType,
        'version-number': String(number),
        'configuration-profile-id': profileId,
        'application-id': this.#resources.profiles.get(profileId)?.applicationId ?? '',
      },
      body,
    };
  }

  /** As AppConfig does before a deployment starts: every validator, every violation. */
  #validate(profileId: string, version: string): void {
    const profile = this.#resources.profiles.get(profileId);
    const hosted = this.#store.version(profileId, version);
    if (!profile || !hosted) throw notFound('Configuration version');
    let document: unknown;
    try {
      document = JSON.parse(Buffer.from(hosted.content, 'base64').toString('utf8'));
    } catch {
      throw new InvalidConfiguration([{ Constraint: 'json', Location: '', Reason: 'not JSON', Type: 'JSON_SCHEMA' }]);
    }
    const found = profile.validators.flatMap((validate) => (validate(document) ? [] : (validate.errors ?? [])));
    if (found.length === 0) return;
    throw new InvalidConfiguration(
      found.map(({ keyword, instancePath, message, params }) => ({
        Constraint: keyword,
        Location: instancePath,
        Reason: `${message} ${JSON.stringify(params)}`,
        Type: 'JSON_SCHEMA',
      })),
    );
  }

  #startDeployment(environmentId: string, body: Buffer): AwsResponse {
    const { ConfigurationProfileId = '', ConfigurationVersion = '', DeploymentStrategyId = '' } = textFields(body);
    if (!this.#resources.environments.has(environmentId)) throw notFound('Environment');
    if (!this.#resources.strategies.has(DeploymentStrategyId)) throw notFound('Deployment strategy');
    this.#validate(ConfigurationProfileId, ConfigurationVersion);
    const started = this.#store.deploy(environmentId, {
      profileId: ConfigurationProfileId,
      version: ConfigurationVersion,
      strategyId: DeploymentStrategyId,
      startedAt: this.#cloud.clock(),
    });
    return json(201, shown(started));
  }

  /** Environment and profile of a session's request, each by id or by name. */
  #named(body: Buffer): { applicationId: string; environmentId: string; profileId: string; pollSeconds: number } {
    const fields = JSON.parse(body.toString() || '{}') as Record<string, string | number | undefined>;
    const { applications, environments, profiles } = this.#resources;
    const application = String(fields.ApplicationIdentifier);
    const applicationId = applications.has(application)
      ? application
      : [...applications].find(([, name]) => name === application)?.[0];
    const within = (all: Map<string, { name: string; applicationId: string }>, wanted: unknown) =>
      [...all].find(([id, one]) => one.applicationId === applicationId && (id === wanted || one.name === wanted))?.[0];
    const environmentId = within(environments, fields.EnvironmentIdentifier);
    const profileId = within(profiles, fields.ConfigurationProfileIdentifier);
    if (!applicationId || !environmentId || !profileId) throw notFound('Application, environment or profile');
    const pollSeconds = Number(fields.RequiredMinimumPollIntervalInSeconds ?? DEFAULT_POLL_SECONDS);
    if (pollSeconds < 15 || pollSeconds > 86_400) throw badRequest('RequiredMinimumPollIntervalInSeconds: 15 to 86400');
    return { applicationId, environmentId, profileId, pollSeconds };
  }

  #startSession(body: Buffer): AwsResponse {
    const { environmentId, profileId, pollSeconds } = this.#named(body);
    const now = this.#cloud.clock();
    const session = { environmentId, profileId, pollSeconds, notBefore: now, until: now + TOKEN_MS, seen: undefined };
    return json(201, { InitialConfigurationToken: this.#tokenOf(session) });
  }

  #session(url: URL): Session {
    const session = this.#sessions.get(url.searchParams.get('configuration_token') ?? '');
    if (!session || session.until < this.#cloud.clock()) throw badRequest('Token is expired or unknown');
    return session;
  }

  #latest(url: URL): AwsResponse {
    const session = this.#session(url);
    const now = this.#cloud.clock();
    if (now < session.notBefore) throw badRequest('Request too early');
    const deployed = this.#store.deployed(session.environmentId, session.profileId);
    if (!deployed) throw notFound('Deployment');
    // A token is used once.
    this.#sessions.delete(url.searchParams.get('configuration_token') ?? '');
    const token = this.#tokenOf({
      ...session,
      seen: deployed.number,
      notBefore: now + session.pollSeconds * 1000,
      until: now + TOKEN_MS,
    });
    return {
      status: 200,
      headers: {
        'content-type': deployed.contentType,
        'next-poll-configuration-token': token,
        'next-poll-interval-in-seconds': String(session.pollSeconds),
      },
      // Nothing new is an empty answer.
      body: session.seen === deployed.number ? '' : Buffer.from(deployed.content, 'base64'),
    };
  }

  #tokenOf(session: Session): string {
    const token = randomUUID();
    this.#sessions.set(token, session);
    return token;
  }
}

const textFields = (body: Buffer): Record<string, string> =>
  JSON.parse(body.toString() || '{}') as Record<string, string>;

const json = (status: number, body: unknown): AwsResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Strategies here take no time: a deployment that started has ended. */
const shown = ({ number, profileId, version, strategyId, startedAt }: Deployment) => ({
  DeploymentNumber: number,
  ConfigurationProfileId: profileId,
  ConfigurationVersion: version,
  DeploymentStrategyId: strategyId,
  State: 'COMPLETE',
  PercentageComplete: 100,
  StartedAt: new Date(startedAt).toISOString(),
  CompletedAt: new Date(startedAt).toISOString(),
});
