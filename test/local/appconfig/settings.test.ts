import {
  AppConfigClient,
  CreateHostedConfigurationVersionCommand,
  StartDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import { AppConfigDataClient, StartConfigurationSessionCommand } from '@aws-sdk/client-appconfigdata';
import { appConfigDeployed } from '../../../layers/adapters/appconfig/deployed-configuration.ts';
import { dynamoAuditLog } from '../../../layers/adapters/dynamodb/audit-log.ts';
import { dynamoSettingsStore } from '../../../layers/adapters/dynamodb/settings-store.ts';
import { DEFAULT_GRID_SETTINGS, gridSettingsSchema } from '../../../layers/contracts/settings/grid-settings.ts';
import { cachedSettings } from '../../../layers/domain/settings/cached-settings.ts';
import { publishSettings } from '../../../layers/domain/settings/publish-settings.ts';
import { getSettings, setSettings } from '../../../local/cli/grid-settings.ts';
import { type TestTables, testTables } from '../../harness/dynamodb.ts';
import { roleWith, type SmallCloud, smallCloud } from '../kernel/small-cloud.ts';

const wire = (name: string, logicalId: string) => ({
  Type: 'AWS::SSM::Parameter',
  Properties: { Name: `/smart-grid/local/settings/${name}`, Type: 'String', Value: { Ref: logicalId } },
});
const ARN = {
  'Fn::Sub':
    'arn:${AWS::Partition}:appconfig:${AWS::Region}:${AWS::AccountId}:application/${App}/environment/${Env}/configuration/${Profile}',
};
const resources = {
  App: { Type: 'AWS::AppConfig::Application', Properties: { Name: 'smart-grid-local' } },
  Env: { Type: 'AWS::AppConfig::Environment', Properties: { ApplicationId: { Ref: 'App' }, Name: 'local' } },
  Profile: {
    Type: 'AWS::AppConfig::ConfigurationProfile',
    Properties: {
      ApplicationId: { Ref: 'App' },
      Name: 'grid-settings',
      LocationUri: 'hosted',
      Validators: [{ Type: 'JSON_SCHEMA', Content: JSON.stringify(gridSettingsSchema()) }],
    },
  },
  Strategy: {
    Type: 'AWS::AppConfig::DeploymentStrategy',
    Properties: { Name: 'at-once', DeploymentDurationInMinutes: 0, GrowthFactor: 100, ReplicateTo: 'NONE' },
  },
  Reader: roleWith({
    Effect: 'Allow',
    Action: ['appconfig:StartConfigurationSession', 'appconfig:GetLatestConfiguration'],
    Resource: ARN,
  }),
  Nobody: roleWith({ Effect: 'Allow', Action: 'appconfig:GetLatestConfiguration', Resource: ARN }),
  W1: wire('application-id', 'App'),
  W2: wire('environment-id', 'Env'),
  W3: wire('profile-id', 'Profile'),
  W4: wire('strategy-id', 'Strategy'),
};

let cloud: SmallCloud;
let tables: TestTables;
beforeAll(async () => {
  cloud = await smallCloud(resources);
  tables = await testTables({ settings: { key: ['pk'] }, audit: { key: ['pk', 'number:sequence'] } });
});
afterAll(async () => {
  tables.stop();
  await cloud.stop();
});

const names = { application: 'smart-grid-local', environment: 'local', profile: 'grid-settings' };
const operator = () => cloud.as({ kind: 'operator' });
const text = (value: unknown) => Buffer.from(JSON.stringify(value));
const changed = {
  ...DEFAULT_GRID_SETTINGS,
  outages: { ...DEFAULT_GRID_SETTINGS.outages, silenceGraceMinutes: 60 },
};

test('a change of a threshold is in force without a deployment of the stack; an invalid one is refused with every violation', async () => {
  let now = 0;
  const refused: string[] = [];
  const store = dynamoSettingsStore(tables.client, 'settings');
  const deployed = appConfigDeployed(new AppConfigDataClient(cloud.as(cloud.role('Reader'))), names);
  const publish = publishSettings({
    deployed,
    store,
    audit: dynamoAuditLog(tables.client, 'audit'),
    clock: () => now,
    onRefusal: (_, violations) => refused.push(...violations),
  });
  const source = cachedSettings({ store, clock: () => now });

  expect(await publish()).toEqual({ SettingsPublished: 0, SettingsRefused: 0 });
  expect(await source.current()).toEqual({ version: 'default', settings: DEFAULT_GRID_SETTINGS });
  expect(JSON.parse(await getSettings(operator(), 'local'))).toEqual(DEFAULT_GRID_SETTINGS);

  expect(await setSettings(operator(), 'local', text(changed))).toContain('Version 1 is deployed');
  expect(await publish()).toEqual({ SettingsPublished: 1, SettingsRefused: 0 });
  // Asked again within the poll interval: the session is started anew, and the same content is the same version.
  expect(await publish()).toEqual({ SettingsPublished: 0, SettingsRefused: 0 });
  expect((await source.current()).version).toBe('default');
  now += 60_001;
  const { version, settings } = await source.current();
  expect([version.length, settings.outages.silenceGraceMinutes]).toEqual([16, 60]);
  expect(JSON.parse(await getSettings(operator(), 'local'))).toEqual(changed);
  // Once, although it was asked for three times.
  expect(await dynamoAuditLog(tables.client, 'audit').of('settings#current')).toMatchObject([
    { action: 'settings.publish', details: { version } },
  ]);

  const broken = {
    vee: changed.vee,
    outages: { ...changed.outages, memberShare: 7, minMembers: 'many' },
    more: 1,
  };
  const refusal = setSettings(operator(), 'local', text(broken));
  const message = await refusal.catch(({ message }: Error) => message);
  for (const part of ['/outages/memberShare', '/outages/minMembers', 'more']) expect(message).toContain(part);
  await expect(setSettings(operator(), 'local', Buffer.from('{'))).rejects.toThrow('refused');
  expect(JSON.parse(await getSettings(operator(), 'local'))).toEqual(changed);
  expect(refused).toEqual([]);
});

test('what a validator let through but the contract does not is not published', async () => {
  const refused: string[] = [];
  const store = dynamoSettingsStore(tables.client, 'settings');
  const before = await store.read();
  const publish = publishSettings({
    deployed: { latest: async () => Buffer.from('{"vee": 1, "vee": 2}') },
    store,
    audit: dynamoAuditLog(tables.client, 'audit'),
    clock: () => 0,
    onRefusal: (_, violations) => refused.push(...violations),
  });
  expect(await publish()).toEqual({ SettingsPublished: 0, SettingsRefused: 1 });
  expect(refused.join()).toContain('DUPLICATE_KEY');
  expect(await store.read()).toEqual(before);
});

test('while the store fails or holds what breaks the contract, the last good settings hold; with none it throws', async () => {
  let now = 0;
  let document: unknown = changed;
  let fails = true;
  const failures: unknown[] = [];
  const source = cachedSettings({
    store: {
      read: async () => {
        if (fails) throw new Error('no answer');
        return { version: 'v', document };
      },
    },
    clock: () => now,
    onFailure: (failure) => failures.push(failure),
  });
  await expect(source.current()).rejects.toThrow('no answer');
  fails = false;
  expect((await source.current()).settings).toEqual(changed);
  document = { outages: {} };
  now += 60_000;
  expect((await source.current()).settings).toEqual(changed);
  fails = true;
  now += 60_000;
  expect((await source.current()).settings).toEqual(changed);
  expect(failures).toHaveLength(2);
});

describe('AppConfig refuses here what it refuses there', () => {
  test('a session without the grant', async () => {
    const client = new AppConfigDataClient(cloud.as(cloud.role('Nobody')));
    const start = new StartConfigurationSessionCommand({
      ApplicationIdentifier: names.application,
      EnvironmentIdentifier: names.environment,
      ConfigurationProfileIdentifier: names.profile,
    });
    await expect(client.send(start)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('a deployment of a version or strategy that is not there; a configuration over 2 MB', async () => {
    const client = new AppConfigClient(operator());
    const id = (logicalId: string) => cloud.cloud.resources.find((one) => one.logicalId === logicalId)?.physicalId;
    const where = { ApplicationId: id('App'), ConfigurationProfileId: id('Profile') };
    const deploy = (ConfigurationVersion: string, DeploymentStrategyId: string | undefined) =>
      client.send(
        new StartDeploymentCommand({ ...where, EnvironmentId: id('Env'), ConfigurationVersion, DeploymentStrategyId }),
      );
    await expect(deploy('99', id('Strategy'))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(deploy('1', 'nothing')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const put = (bytes: number) =>
      client.send(
        new CreateHostedConfigurationVersionCommand({
          ...where,
          Content: Buffer.alloc(bytes, 32),
          ContentType: 'application/json',
        }),
      );
    await put(2 * 1024 * 1024);
    await expect(put(2 * 1024 * 1024 + 1)).rejects.toMatchObject({ name: 'PayloadTooLargeException' });
  });
});
