import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { AwsFailure, type AwsRequest, type AwsResponse, type AwsService } from '../kernel/types.ts';
import { issueTokens } from './token-endpoint.ts';
import type { SigningKey } from './tokens.ts';
import type { PoolClient, PoolUser, UserPool } from './user-pool.ts';

export interface RunningPool {
  pool: UserPool;
  key: SigningKey;
}

const attributes = z.array(z.object({ Name: z.string(), Value: z.string().optional() })).default([]);
const inPool = z.object({ UserPoolId: z.string() });
const ofUser = inPool.extend({ Username: z.string().min(1) });
const ofGroup = ofUser.extend({ GroupName: z.string() });
const page = inPool.extend({
  Limit: z.int().min(0).max(60).default(60),
  PaginationToken: z.string().optional(),
  NextToken: z.string().optional(),
});

const seconds = (ms: number): number => ms / 1000;
const attributeList = (user: PoolUser) => Object.entries(user.attributes).map(([Name, Value]) => ({ Name, Value }));
const userShape = (user: PoolUser) => ({
  Username: user.username,
  Enabled: user.enabled,
  UserStatus: user.status,
  UserCreateDate: seconds(user.createdAt),
  UserLastModifiedDate: seconds(user.modifiedAt),
});

type Operation = (input: unknown, find: (poolId: string) => RunningPool) => unknown | Promise<unknown>;

/** Lists of at most 60, continued by an opaque token. */
function pageOf<T>(items: readonly T[], limit: number, token: string | undefined): { items: T[]; next?: string } {
  const start = token === undefined ? 0 : Number.parseInt(Buffer.from(token, 'base64url').toString(), 10);
  if (!(start >= 0)) throw new AwsFailure('InvalidParameterException', 'Invalid pagination token provided.');
  const end = start + (limit || 60);
  return {
    items: items.slice(start, end),
    next: end < items.length ? Buffer.from(String(end)).toString('base64url') : undefined,
  };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html: `attribute = "value"` or `^=`. */
function matching(filter: string | undefined): (user: PoolUser) => boolean {
  if (!filter) return () => true;
  const parsed = /^\s*([\w:]+)\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(filter);
  if (!parsed) throw new AwsFailure('InvalidParameterException', 'Error while parsing filter');
  const [, name = '', operator, wanted = ''] = parsed;
  const read = (user: PoolUser): string =>
    name === 'username'
      ? user.username
      : name === 'cognito:user_status'
        ? user.status
        : name === 'status'
          ? user.enabled
            ? 'Enabled'
            : 'Disabled'
          : (user.attributes[name] ?? '');
  return (user) => (operator === '=' ? read(user) === wanted : read(user).startsWith(wanted));
}

function change(
  input: unknown,
  find: (id: string) => RunningPool,
  apply: (user: PoolUser, pool: UserPool) => void,
): object {
  const { UserPoolId, Username } = ofUser.parse(input);
  const { pool } = find(UserPoolId);
  const user = pool.user(Username);
  apply(user, pool);
  pool.touch(user);
  return {};
}

/** AuthFlow by password, for the clients that allow it; it yields no custom scopes, as in Cognito. */
async function initiateAuth(input: unknown, running: RunningPool): Promise<unknown> {
  const { AuthFlow, ClientId, AuthParameters } = z
    .object({
      AuthFlow: z.string(),
      ClientId: z.string(),
      AuthParameters: z.record(z.string(), z.string()).default({}),
    })
    .parse(input);
  const client = running.pool.clients.get(ClientId) as PoolClient;
  if (!client.authFlows.includes(`ALLOW_${AuthFlow}`))
    throw new AwsFailure('InvalidParameterException', `${AuthFlow} flow not enabled for this client`);
  if (AuthFlow !== 'USER_PASSWORD_AUTH')
    throw new AwsFailure('InvalidParameterException', `The local user pool has no ${AuthFlow}`);
  const user = running.pool.find(AuthParameters.USERNAME ?? '');
  if (!running.pool.passwordMatches(user, AuthParameters.PASSWORD ?? '') || !user) {
    throw new AwsFailure('NotAuthorizedException', 'Incorrect username or password.');
  }
  const now = Math.floor(Date.now() / 1000);
  const tokens = await issueTokens(running.key, user, {
    pool: running.pool,
    client,
    scopes: ['aws.cognito.signin.user.admin'],
    now,
    authTime: now,
    originJti: randomUUID(),
  });
  return {
    AuthenticationResult: {
      AccessToken: tokens.access_token,
      IdToken: tokens.id_token,
      ExpiresIn: tokens.expires_in,
      TokenType: 'Bearer',
    },
    ChallengeParameters: {},
  };
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  AdminCreateUser(input, find) {
    const { UserPoolId, Username, UserAttributes, TemporaryPassword } = ofUser
      .extend({ UserAttributes: attributes, TemporaryPassword: z.string().optional() })
      .parse(input);
    const { pool } = find(UserPoolId);
    const given = Object.fromEntries(UserAttributes.map(({ Name, Value = '' }) => [Name, Value]));
    const user = pool.create(Username, given, TemporaryPassword ?? `Aa1-${randomBytes(18).toString('base64url')}`);
    return { User: { ...userShape(user), Attributes: attributeList(user) } };
  },
  AdminSetUserPassword(input, find) {
    const { UserPoolId, Username, Password, Permanent } = ofUser
      .extend({ Password: z.string(), Permanent: z.boolean().default(false) })
      .parse(input);
    const { pool } = find(UserPoolId);
    pool.setPassword(pool.user(Username), Password, Permanent);
    return {};
  },
  AdminGetUser(input, find) {
    const { UserPoolId, Username } = ofUser.parse(input);
    const user = find(UserPoolId).pool.user(Username);
    return { ...userShape(user), UserAttributes: attributeList(user) };
  },
  AdminDeleteUser(input, find) {
    const { UserPoolId, Username } = ofUser.parse(input);
    const { pool } = find(UserPoolId);
    pool.delete(pool.user(Username));
    return {};
  },
  AdminAddUserToGroup(input, find) {
    const { GroupName } = ofGroup.parse(input);
    return change(input, find, (user, pool) => {
      pool.group(GroupName);
      if (!user.groups.includes(GroupName)) user.groups.push(GroupName);
    });
  },
  AdminRemoveUserFromGroup(input, find) {
    const { GroupName } = ofGroup.parse(input);
    return change(input, find, (user, pool) => {
      pool.group(GroupName);
      user.groups = user.groups.filter((name) => name !== GroupName);
    });
  },
  AdminDisableUser: (input, find) =>
    change(input, find, (user) => {
      user.enabled = false;
    }),
  AdminEnableUser: (input, find) =>
    change(input, find, (user) => {
      user.enabled = true;
    }),
  AdminUserGlobalSignOut: (input, find) =>
    change(input, find, (user) => {
      user.signedOutAt = Date.now();
    }),
  AdminListGroupsForUser(input, find) {
    const { UserPoolId, Username } = ofUser.parse(input);
    const { pool } = find(UserPoolId);
    return { Groups: pool.user(Username).groups.map((name) => groupShape(pool, name)) };
  },
  ListGroups(input, find) {
    const { UserPoolId, Limit, NextToken } = page.parse(input);
    const { pool } = find(UserPoolId);
    const { items, next } = pageOf([...pool.groups.keys()], Limit, NextToken);
    return { Groups: items.map((name) => groupShape(pool, name)), NextToken: next };
  },
  ListUsers(input, find) {
    const { UserPoolId, Limit, PaginationToken, Filter } = page.extend({ Filter: z.string().optional() }).parse(input);
    const { items, next } = pageOf(find(UserPoolId).pool.users().filter(matching(Filter)), Limit, PaginationToken);
    return {
      Users: items.map((user) => ({ ...userShape(user), Attributes: attributeList(user) })),
      PaginationToken: next,
    };
  },
  ListUsersInGroup(input, find) {
    const { UserPoolId, Limit, NextToken, GroupName } = page.extend({ GroupName: z.string() }).parse(input);
    const { pool } = find(UserPoolId);
    pool.group(GroupName);
    const { items, next } = pageOf(
      pool.users().filter(({ groups }) => groups.includes(GroupName)),
      Limit,
      NextToken,
    );
    return { Users: items.map((user) => ({ ...userShape(user), Attributes: attributeList(user) })), NextToken: next };
  },
  DescribeUserPoolClient(input, find) {
    const { UserPoolId, ClientId } = inPool.extend({ ClientId: z.string() }).parse(input);
    const client = find(UserPoolId).pool.clients.get(ClientId);
    if (!client) throw new AwsFailure('ResourceNotFoundException', `User pool client ${ClientId} does not exist.`);
    return {
      UserPoolClient: {
        UserPoolId,
        ClientId,
        ClientName: client.name,
        ClientSecret: client.secret,
        CallbackURLs: client.callbackUrls,
        LogoutURLs: client.logoutUrls,
        AllowedOAuthFlows: client.flows,
        AllowedOAuthScopes: client.scopes,
        AllowedOAuthFlowsUserPoolClient: client.flows.length > 0,
        ExplicitAuthFlows: client.authFlows,
        EnableTokenRevocation: client.revocable,
      },
    };
  },
};

const groupShape = (pool: UserPool, name: string) => ({
  GroupName: name,
  UserPoolId: pool.id,
  Description: pool.groups.get(name)?.description,
  Precedence: pool.groups.get(name)?.precedence,
});

/** The part of the Cognito user pools API that operators and functions of this system call. */
export class UserPoolApi implements AwsService {
  readonly signingNames = ['cognito-idp'];
  readonly #pools: ReadonlyMap<string, RunningPool>;

  constructor(pools: ReadonlyMap<string, RunningPool>) {
    this.#pools = pools;
  }

  access(request: AwsRequest): { action: string; resource: string }[] {
    const { UserPoolId } = bodyOf(request);
    const pool = this.#pools.get(String(UserPoolId))?.pool;
    // Operations of a client on its own behalf (InitiateAuth) need no IAM permission.
    return UserPoolId === undefined ? [] : [{ action: `cognito-idp:${request.target}`, resource: pool?.arn ?? '*' }];
  }

  async answer(request: AwsRequest): Promise<AwsResponse> {
    const input = bodyOf(request);
    const operation = OPERATIONS[request.target ?? ''];
    try {
      const output =
        request.target === 'InitiateAuth'
          ? await initiateAuth(input, this.#byClient(String(input.ClientId)))
          : await operation?.(input, (id) => this.#byId(id));
      if (output === undefined)
        throw new AwsFailure('UnknownOperationException', `The local user pool has no operation ${request.target}.`);
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(output) };
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      const reasons = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
      throw new AwsFailure('InvalidParameterException', reasons);
    }
  }

  #byId(id: string): RunningPool {
    const running = this.#pools.get(id);
    if (!running) throw new AwsFailure('ResourceNotFoundException', `User pool ${id} does not exist.`);
    return running;
  }

  #byClient(clientId: string): RunningPool {
    for (const running of this.#pools.values()) if (running.pool.clients.has(clientId)) return running;
    throw new AwsFailure('ResourceNotFoundException', `User pool client ${clientId} does not exist.`);
  }
}

function bodyOf(request: AwsRequest): Record<string, unknown> {
  try {
    return JSON.parse(request.body.toString() || '{}') as Record<string, unknown>;
  } catch {
    throw new AwsFailure('SerializationException', 'The request body is not JSON.');
  }
}
