import { Duration, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  AccountRecovery,
  type CfnUserPoolClient,
  CfnUserPoolGroup,
  Mfa,
  OAuthScope,
  ResourceServerScope,
  UserPool,
  type UserPoolClient,
  type UserPoolResourceServer,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { groups, type Scope, scopes } from '../../layers/contracts/api/access.ts';
import type { StageSettings } from '../config/stages.ts';

const MFA = { required: Mfa.REQUIRED, optional: Mfa.OPTIONAL, off: Mfa.OFF } as const;

/** What the dashboard asks for on behalf of the person. */
export const DASHBOARD_SCOPES = ['openid', 'email', 'profile', 'grid/read', 'grid/write'] as const;

/** Identifier of the resource server: the first part of each scope. */
const RESOURCE_SERVER = 'grid';

/**
 * Who may sign in: people invited by an administrator, in one of the groups of the contracts, through the hosted page
 * (code flow with PKCE); and head-end systems by client credentials.
 */
export class Identity extends Construct {
  readonly userPool: UserPool;
  readonly dashboardClient: UserPoolClient;
  readonly headendClient: UserPoolClient;
  /** Base address of the hosted sign-in page. */
  readonly signInUrl: string;

  constructor(
    scope: Construct,
    id: string,
    props: { settings: StageSettings; removal: RemovalPolicy; webOrigins: readonly string[] },
  ) {
    super(scope, id);
    const { settings } = props;
    this.userPool = new UserPool(this, 'Users', {
      selfSignUpEnabled: false,
      signInAliases: { username: true, email: true },
      signInCaseSensitive: false,
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      mfa: MFA[settings.mfa],
      ...(settings.mfa === 'off' ? {} : { mfaSecondFactor: { otp: true, sms: false } }),
      passwordPolicy: {
        minLength: 14,
        requireDigits: true,
        requireLowercase: true,
        requireSymbols: true,
        requireUppercase: true,
        tempPasswordValidity: Duration.days(3),
      },
      deletionProtection: settings.retainData,
      removalPolicy: props.removal,
    });
    this.acknowledge(settings);
    groups.forEach((groupName, rank) => {
      new CfnUserPoolGroup(this, `Group-${groupName}`, {
        userPoolId: this.userPool.userPoolId,
        groupName,
        // Cognito puts the group of the lowest precedence first: that of the most rights.
        precedence: groups.length - rank,
      });
    });
    const prefix = `smart-grid-${settings.stage}-${Stack.of(this).account}`;
    const domain = this.userPool.addDomain('SignIn', { cognitoDomain: { domainPrefix: prefix } });
    this.signInUrl = domain.baseUrl();
    const resourceServer = this.resourceServer();
    this.dashboardClient = this.dashboard(resourceServer, props.webOrigins);
    this.headendClient = this.headend(resourceServer);
  }

  private resourceServer() {
    const all = scopes.map((name) => {
      const scopeName = name.slice(RESOURCE_SERVER.length + 1);
      return [name, new ResourceServerScope({ scopeName, scopeDescription: `${scopeName} the grid's data` })] as const;
    });
    const server = this.userPool.addResourceServer('Grid', {
      identifier: RESOURCE_SERVER,
      scopes: all.map(([, scope]) => scope),
    });
    return (name: (typeof scopes)[number]) =>
      OAuthScope.resourceServer(server as UserPoolResourceServer, new Map(all).get(name) as ResourceServerScope);
  }

  /** Public: a browser keeps no secret, so PKCE stands in for one. */
  private dashboard(scope: ReturnType<Identity['resourceServer']>, origins: readonly string[]): UserPoolClient {
    const addresses = origins.map((origin) => `${origin}/`);
    const client = this.userPool.addClient('Dashboard', {
      generateSecret: false,
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.hours(12),
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: DASHBOARD_SCOPES.map((name) =>
          name.startsWith('grid/') ? scope(name as Scope) : OAuthScope.custom(name),
        ),
        callbackUrls: addresses,
        logoutUrls: addresses,
      },
    });
    // Sign-in by password through the API yields no custom scopes, so it is of no use here and not offered.
    (client.node.defaultChild as CfnUserPoolClient).explicitAuthFlows = ['ALLOW_REFRESH_TOKEN_AUTH'];
    return client;
  }

  private headend(scope: ReturnType<Identity['resourceServer']>): UserPoolClient {
    const client = this.userPool.addClient('Headend', {
      generateSecret: true,
      enableTokenRevocation: true,
      accessTokenValidity: Duration.hours(1),
      oAuth: { flows: { clientCredentials: true }, scopes: [scope('grid/ingest')] },
    });
    (client.node.defaultChild as CfnUserPoolClient).explicitAuthFlows = ['ALLOW_REFRESH_TOKEN_AUTH'];
    return client;
  }

  private acknowledge(settings: StageSettings): void {
    for (const id of ['AwsSolutions-COG3', 'AwsSolutions-COG8']) {
      Validations.of(this.userPool).acknowledge({
        id,
        reason:
          'Threat protection needs the Plus plan, priced by user; people are invited, and prod has a second factor',
      });
    }
    if (settings.mfa === 'required') return;
    Validations.of(this.userPool).acknowledge({
      id: 'AwsSolutions-COG2',
      reason: `A second factor is a stage setting, required in prod; ${settings.stage} holds no customer's data`,
    });
  }
}
