import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Failure, provision } from '../../../local/assembly/provision.ts';
import { LocalCloud } from '../../../local/kernel/cloud.ts';
import type { Provider } from '../../../local/kernel/types.ts';

interface Declared {
  Type: string;
  Properties?: Record<string, unknown>;
}

export interface SmallCloud {
  cloud: LocalCloud;
  portBase: number;
  stop(): Promise<void>;
}

/** A cloud of a few resources, created and started as the real one is. @throws naming the resources that failed. */
export async function smallCloud(options: {
  resources: Record<string, Declared>;
  providers: readonly Provider[];
  portBase: number;
  prepare?: (cloud: LocalCloud) => void;
}): Promise<SmallCloud> {
  const { resources, providers, portBase } = options;
  const stateDir = mkdtempSync(join(tmpdir(), 'grid-cloud-'));
  const cloud = new LocalCloud({ stage: 'test', stateDir, assemblyDir: stateDir, portBase });
  cloud.shared.endpoints = {};
  await cloud.listen(portBase);
  options.prepare?.(cloud);
  const stack = { name: 'test', template: { Resources: resources } };
  const assembly = { stacks: [stack] } as unknown as Parameters<typeof provision>[0]['assembly'];
  const { failures } = await provision({ assembly, providers, cloud, progress: () => {} });
  if (failures.length > 0)
    throw new Error(failures.map(({ logicalId, reason }: Failure) => `${logicalId}: ${reason}`).join('\n'));
  for (const provider of providers) await provider.start?.(cloud);
  return {
    cloud,
    portBase,
    stop: async () => {
      for (const provider of [...providers].reverse()) await provider.stop?.();
      await cloud.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** A user pool as the stage has it: two groups, one client of people, one of machines. */
export const poolResources: Record<string, Declared> = {
  Pool: {
    Type: 'AWS::Cognito::UserPool',
    Properties: { Policies: { PasswordPolicy: { MinimumLength: 14, RequireNumbers: true, RequireSymbols: true } } },
  },
  Viewer: {
    Type: 'AWS::Cognito::UserPoolGroup',
    Properties: { UserPoolId: { Ref: 'Pool' }, GroupName: 'viewer', Precedence: 2 },
  },
  Admin: {
    Type: 'AWS::Cognito::UserPoolGroup',
    Properties: { UserPoolId: { Ref: 'Pool' }, GroupName: 'admin', Precedence: 1 },
  },
  Domain: { Type: 'AWS::Cognito::UserPoolDomain', Properties: { UserPoolId: { Ref: 'Pool' }, Domain: 'grid-test' } },
  Server: {
    Type: 'AWS::Cognito::UserPoolResourceServer',
    Properties: {
      UserPoolId: { Ref: 'Pool' },
      Identifier: 'grid',
      Scopes: [{ ScopeName: 'read' }, { ScopeName: 'ingest' }],
    },
  },
  People: {
    Type: 'AWS::Cognito::UserPoolClient',
    Properties: {
      UserPoolId: { Ref: 'Pool' },
      AllowedOAuthFlows: ['code'],
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthScopes: ['openid', 'email', { 'Fn::Join': ['', [{ Ref: 'Server' }, '/read']] }],
      CallbackURLs: ['https://app.example/'],
      LogoutURLs: ['https://app.example/'],
      ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
    },
  },
  Machine: {
    Type: 'AWS::Cognito::UserPoolClient',
    Properties: {
      UserPoolId: { Ref: 'Pool' },
      GenerateSecret: true,
      AllowedOAuthFlows: ['client_credentials'],
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthScopes: [{ 'Fn::Join': ['', [{ Ref: 'Server' }, '/ingest']] }],
    },
  },
};

/** Physical id of a resource by its logical id. */
export const idOf = ({ cloud }: SmallCloud, logicalId: string): string =>
  cloud.resources.find((resource) => resource.logicalId === logicalId)?.physicalId ?? '';
