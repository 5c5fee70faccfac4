import { join } from 'node:path';
import type { JSONWebKeySet } from 'jose';
import { addressesOf } from '../cloudfront/addresses.ts';
import { PUBLIC_PORTS } from '../cloudfront/ports.ts';
import type { Cloud, PendingResource, Provider } from '../kernel/types.ts';
import type { Part } from '../services.ts';
import { type RunningPool, UserPoolApi } from './api.ts';
import { writeClients } from './clients-file.ts';
import { type LocalUser, seedLocalUsers } from './local-users.ts';
import { ALPHANUMERIC, LOWER_ALPHANUMERIC, physicalId } from './physical-id.ts';
import { SignInServer } from './server.ts';
import { SigningKey } from './tokens.ts';
import { type PasswordPolicy, type PoolClient, UserPool } from './user-pool.ts';

declare module '../kernel/types.ts' {
  interface Shared {
    cognito?: {
      /** Base of the hosted sign-in page and the token endpoint, set once it listens. */
      url: string;
      users: readonly LocalUser[];
      /** Public keys and issuer of a pool, for the REST API's authorizer. */
      verification(poolId: string): { jwks: JSONWebKeySet; issuer: string } | undefined;
    };
  }
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
const strings = (list: unknown): string[] => (Array.isArray(list) ? list.map(String) : []);

/** This folder's part of the local cloud. */
export const cognito = (): Part => ({ providers: [new CognitoProvider()] });

/** User pools, their groups, clients, scopes and sign-in domain. */
export class CognitoProvider implements Provider {
  readonly types: Provider['types'] = {
    'AWS::Cognito::UserPool': {
      honours: ['Policies', 'UserPoolName', 'AdminCreateUserConfig'],
      passesOver: {
        AliasAttributes: 'people sign in by user name or e-mail here, as with this setting',
        UsernameConfiguration: 'user names differ by more than case here, as with this setting',
        AccountRecoverySetting: 'no mail leaves this machine',
        AutoVerifiedAttributes: 'no mail leaves this machine',
        EmailVerificationMessage: 'no mail leaves this machine',
        EmailVerificationSubject: 'no mail leaves this machine',
        SmsVerificationMessage: 'no message leaves this machine',
        VerificationMessageTemplate: 'no mail leaves this machine',
        DeletionProtection: 'nothing is deleted but by --fresh',
        EnabledMfas: 'no authenticator app is asked for locally',
        MfaConfiguration: 'no authenticator app is asked for locally',
        UserPoolTier: 'a price',
        UserPoolTags: 'tags have no effect locally',
      },
    },
    'AWS::Cognito::UserPoolGroup': { honours: ['UserPoolId', 'GroupName', 'Precedence', 'Description'] },
    'AWS::Cognito::UserPoolClient': {
      honours: [
        'UserPoolId',
        'ClientName',
        'GenerateSecret',
        'CallbackURLs',
        'LogoutURLs',
        'AllowedOAuthFlows',
        'AllowedOAuthScopes',
        'AllowedOAuthFlowsUserPoolClient',
        'ExplicitAuthFlows',
        'EnableTokenRevocation',
        'AccessTokenValidity',
        'IdTokenValidity',
        'RefreshTokenValidity',
        'TokenValidityUnits',
        'SupportedIdentityProviders',
      ],
      passesOver: { PreventUserExistenceErrors: 'no answer here tells whether a user exists' },
    },
    'AWS::Cognito::UserPoolResourceServer': { honours: ['UserPoolId', 'Identifier', 'Name', 'Scopes'] },
    'AWS::Cognito::UserPoolDomain': {
      honours: ['UserPoolId', 'Domain'],
      passesOver: { ManagedLoginVersion: 'the local page has its own looks' },
    },
    'AWS::Cognito::ManagedLoginBranding': { honours: [], passesOver: { '*': 'the local page has its own looks' } },
  };

  readonly #pools = new Map<string, RunningPool>();
  readonly #scopes = new Map<string, Set<string>>();
  readonly #servers: SignInServer[] = [];
  #serving = false;

  async create(resource: PendingResource, cloud: Cloud) {
    if (!this.#serving) {
      cloud.addService(new UserPoolApi(this.#pools));
      this.#serving = true;
    }
    const { properties } = resource;
    const poolId = String(properties.UserPoolId);
    switch (resource.type) {
      case 'AWS::Cognito::UserPool':
        return this.#createPool(resource, cloud);
      case 'AWS::Cognito::UserPoolGroup': {
        const { GroupName, Precedence, Description } = properties as {
          GroupName: string;
          Precedence?: number;
          Description?: string;
        };
        this.#pool(poolId).groups.set(GroupName, {
          precedence: Precedence === undefined ? undefined : Number(Precedence),
          description: Description,
        });
        return { physicalId: GroupName };
      }
      case 'AWS::Cognito::UserPoolResourceServer': {
        const identifier = String(properties.Identifier);
        const known =
          this.#scopes.get(poolId) ?? new Set(['openid', 'email', 'phone', 'profile', 'aws.cognito.signin.user.admin']);
        for (const { ScopeName } of (properties.Scopes ?? []) as { ScopeName: string }[])
          known.add(`${identifier}/${ScopeName}`);
        this.#scopes.set(poolId, known);
        return { physicalId: identifier };
      }
      case 'AWS::Cognito::UserPoolClient':
        return this.#createClient(resource, this.#pool(poolId));
      case 'AWS::Cognito::UserPoolDomain': {
        const domain = String(properties.Domain);
        const host = domain.includes('.') ? domain : `${domain}.auth.${cloud.region}.amazoncognito.com`;
        const port = cloud.portBase + PUBLIC_PORTS.signIn;
        addressesOf(cloud).add(`https://${host}`, `http://localhost:${port}`, `http://127.0.0.1:${port}`);
        return { physicalId: domain, attributes: { CloudFrontDistribution: host } };
      }
      default:
        return { physicalId: physicalId(resource, LOWER_ALPHANUMERIC, 12) };
    }
  }

  async start(cloud: Cloud): Promise<void> {
    const [domain, ...more] = cloud.resourcesOf('AWS::Cognito::UserPoolDomain');
    if (more.length > 0) throw new Error('The local runtime serves one Cognito sign-in domain; the template has more.');
    const running = domain && this.#pools.get(String(domain.properties.UserPoolId));
    if (!running) return;
    const port = cloud.portBase + PUBLIC_PORTS.signIn;
    const url = `http://localhost:${port}`;
    const server = new SignInServer({ ...running, url, addresses: addressesOf(cloud), clock: () => cloud.clock() });
    await server.listen(port);
    this.#servers.push(server);
    writeClients(stateFolder(cloud), { url, pool: running.pool, addresses: addressesOf(cloud) });
    const users = seedLocalUsers(running.pool, stateFolder(cloud));
    if (cloud.shared.endpoints) cloud.shared.endpoints.users = users;
    cloud.shared.cognito = {
      url,
      users,
      verification: (poolId) => {
        const found = this.#pools.get(poolId);
        return found && { jwks: found.key.jwks, issuer: found.pool.issuer };
      },
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  #pool(id: string): UserPool {
    const running = this.#pools.get(id);
    if (!running) throw new Error(`There is no user pool ${id}.`);
    return running.pool;
  }

  async #createPool(resource: PendingResource, cloud: Cloud) {
    const id = `${cloud.region}_${physicalId(resource, ALPHANUMERIC, 9)}`;
    const arn = cloud.arn('cognito-idp', `userpool/${id}`);
    const providerName = `cognito-idp.${cloud.region}.amazonaws.com/${id}`;
    const policies = resource.properties.Policies as { PasswordPolicy?: PasswordPolicy } | undefined;
    const pool = new UserPool({
      id,
      arn,
      issuer: `https://${providerName}`,
      policy: policies?.PasswordPolicy ?? {},
      stateDir: stateFolder(cloud),
      clock: () => cloud.clock(),
    });
    this.#pools.set(id, { pool, key: await SigningKey.of(id, stateFolder(cloud)) });
    return {
      physicalId: id,
      attributes: { Arn: arn, ProviderName: providerName, ProviderURL: `https://${providerName}`, UserPoolId: id },
    };
  }

  #createClient(resource: PendingResource, pool: UserPool) {
    const { properties } = resource;
    const clientId = physicalId(resource, LOWER_ALPHANUMERIC, 26);
    const units = (properties.TokenValidityUnits ?? {}) as Record<string, string>;
    const life = (token: 'AccessToken' | 'IdToken' | 'RefreshToken', fallback: number, unit: string) => {
      const amount = properties[`${token}Validity`];
      return amount === undefined ? fallback : Number(amount) * (UNIT_SECONDS[units[token] ?? unit] as number);
    };
    const scopes = strings(properties.AllowedOAuthScopes);
    const known = this.#scopes.get(pool.id);
    const unknown = scopes.filter((scope) => scope.includes('/') && !known?.has(scope));
    if (unknown.length > 0)
      throw new Error(`${resource.logicalId}: no resource server defines the scopes ${unknown.join(', ')}.`);
    const secret = String(properties.GenerateSecret) === 'true' ? pool.secretOf(clientId) : undefined;
    const client: PoolClient = {
      clientId,
      name: String(properties.ClientName ?? resource.logicalId),
      secret,
      callbackUrls: strings(properties.CallbackURLs),
      logoutUrls: strings(properties.LogoutURLs),
      flows: String(properties.AllowedOAuthFlowsUserPoolClient) === 'true' ? strings(properties.AllowedOAuthFlows) : [],
      scopes,
      authFlows: strings(properties.ExplicitAuthFlows),
      revocable: String(properties.EnableTokenRevocation ?? true) === 'true',
      accessTokenSeconds: life('AccessToken', 3600, 'hours'),
      idTokenSeconds: life('IdToken', 3600, 'hours'),
      refreshTokenSeconds: life('RefreshToken', 30 * 86_400, 'days'),
    };
    pool.clients.set(clientId, client);
    return {
      physicalId: clientId,
      attributes: { ClientId: clientId, Name: client.name, ...(secret ? { ClientSecret: secret } : {}) },
    };
  }
}

const stateFolder = (cloud: Cloud): string => join(cloud.stateDir, 'cognito');
