import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalCloud } from '../kernel/cloud.ts';
import { generatedName } from '../kernel/names.ts';
import { at, listAt, textAt } from '../kernel/properties.ts';
import { AwsFailure, type AwsService, type Cloud, type PendingResource, type Provider } from '../kernel/types.ts';
import { asyncDefaults } from './async-queue.ts';
import { assetFolders, codeFolder, layersFolder, mapContainerPaths } from './code.ts';
import type { FunctionSettings } from './function.ts';
import { Functions } from './functions.ts';
import { lambdaLimits } from './limits.ts';
import { mappingSettings } from './mapping/settings.ts';
import { permissionPolicy } from './permission.ts';
import { LambdaService } from './service.ts';

export interface LambdaOptions {
  /** Waits before the retries of an asynchronous invocation, ms; Lambda's by default. */
  asyncRetryDelaysMs?: readonly number[];
}

/** Functions, layers, permissions, versions, aliases and event-source mappings, run in worker threads. */
export function lambda(options: LambdaOptions = {}): { providers: Provider[]; service(cloud: Cloud): AwsService } {
  let functions: Functions | undefined;
  let served: LambdaService | undefined;
  let assets: Map<string, string> | undefined;
  const layers = new Map<string, string>();
  const running = (cloud: Cloud): Functions => {
    if (functions) return functions;
    functions = new Functions(cloud, options);
    Object.assign(cloud.shared, { lambda: functions });
    served = new LambdaService(cloud, functions);
    cloud.addService(served);
    return functions;
  };
  const folderOf = (resource: PendingResource, property: string, cloud: Cloud) => {
    assets ??= assetFolders(cloud.assemblyDir);
    const inlineDir = join(cloud.stateDir, 'lambda', 'inline');
    return codeFolder(at(resource.properties, property), assets, {
      who: resource.path || resource.logicalId,
      inlineDir,
    });
  };
  const provider: Provider = {
    types: TYPES,
    async create(resource, cloud) {
      const { properties, type } = resource;
      const known = running(cloud);
      if (type === 'AWS::Lambda::LayerVersion') {
        const name = textAt(properties, 'LayerName') ?? resource.logicalId;
        const arn = cloud.arn('lambda', `layer:${name}:1`);
        layers.set(arn, folderOf(resource, 'Content', cloud));
        return { physicalId: arn, attributes: { LayerVersionArn: arn, Arn: arn } };
      }
      if (type === 'AWS::Lambda::Function') {
        const layerDirs = listAt(properties, 'Layers').map((layer) => {
          const folder = layers.get(String(layer));
          if (!folder) throw new Error(`${resource.path}: there is no layer ${String(layer)}`);
          return folder;
        });
        const settings = await functionSettings(resource, cloud, folderOf(resource, 'Code', cloud), layerDirs);
        known.add(settings);
        return { physicalId: settings.name, attributes: { Arn: settings.arn } };
      }
      const target = known.get(textAt(properties, 'FunctionName') ?? '').settings;
      const id = `${resource.stack}/${resource.logicalId}`;
      switch (type) {
        case 'AWS::Lambda::Version':
          return { physicalId: `${target.arn}:1`, attributes: { Version: '1', FunctionArn: `${target.arn}:1` } };
        case 'AWS::Lambda::Alias': {
          const arn = `${target.arn}:${textAt(properties, 'Name')}`;
          return { physicalId: arn, attributes: { AliasArn: arn } };
        }
        case 'AWS::Lambda::Permission':
          (cloud as LocalCloud).policies.setResourcePolicy(
            target.arn,
            id,
            permissionPolicy(id, target.arn, properties),
          );
          return { physicalId: id, attributes: { Id: id } };
        case 'AWS::Lambda::EventInvokeConfig':
          known.configureAsync(target.arn, asyncSettings(properties));
          return { physicalId: id };
        default: {
          const settings = mappingSettings(id, properties);
          known.addMapping({ ...settings, functionName: target.arn });
          const arn = cloud.arn('lambda', `event-source-mapping:${settings.uuid}`);
          return { physicalId: settings.uuid, attributes: { Id: settings.uuid, EventSourceMappingArn: arn } };
        }
      }
    },
    start: async (cloud) => running(cloud).start(),
    stop: async () => functions?.stop(),
  };
  return {
    providers: [provider],
    service(cloud) {
      running(cloud);
      return served as LambdaService;
    },
  };
}

const TAGS = { Tags: 'tags decide nothing here' };

const TYPES: Provider['types'] = {
  'AWS::Lambda::Function': {
    honours: [
      'Code',
      'Environment',
      'FunctionName',
      'Handler',
      'Layers',
      'LoggingConfig',
      'MemorySize',
      'ReservedConcurrentExecutions',
      'Role',
      'Runtime',
      'Timeout',
      'TracingConfig',
      'VpcConfig',
    ],
    passesOver: {
      ...TAGS,
      Architectures: 'the code is JavaScript',
      Description: 'words',
      KmsKeyArn: 'variables stay in this process',
      EphemeralStorage: 'the disk is this machine’s',
    },
  },
  'AWS::Lambda::LayerVersion': {
    honours: ['Content', 'LayerName'],
    passesOver: {
      CompatibleArchitectures: 'not checked',
      CompatibleRuntimes: 'not checked',
      Description: 'words',
      LicenseInfo: 'words',
    },
  },
  'AWS::Lambda::Permission': {
    honours: ['Action', 'FunctionName', 'Principal', 'PrincipalOrgID', 'SourceAccount', 'SourceArn'],
  },
  'AWS::Lambda::Version': {
    honours: ['FunctionName'],
    passesOver: {
      Description: 'words',
      CodeSha256: 'there is one code',
      ProvisionedConcurrencyConfig: 'cold starts are short here',
    },
  },
  'AWS::Lambda::Alias': {
    honours: ['FunctionName', 'Name'],
    passesOver: {
      Description: 'words',
      FunctionVersion: 'there is one code',
      ProvisionedConcurrencyConfig: 'cold starts are short here',
    },
  },
  'AWS::Lambda::EventInvokeConfig': {
    honours: ['DestinationConfig', 'FunctionName', 'MaximumEventAgeInSeconds', 'MaximumRetryAttempts'],
    passesOver: { Qualifier: 'there is one code' },
  },
  'AWS::Lambda::EventSourceMapping': {
    honours: [
      'BatchSize',
      'BisectBatchOnFunctionError',
      'DestinationConfig',
      'Enabled',
      'EventSourceArn',
      'FilterCriteria',
      'FunctionName',
      'FunctionResponseTypes',
      'MaximumBatchingWindowInSeconds',
      'MaximumRecordAgeInSeconds',
      'MaximumRetryAttempts',
      'ParallelizationFactor',
      'StartingPosition',
      'StartingPositionTimestamp',
      'TumblingWindowInSeconds',
    ],
    passesOver: { ...TAGS, MetricsConfig: 'function metrics only' },
  },
};

async function functionSettings(
  resource: PendingResource,
  cloud: Cloud,
  codeDir: string,
  layerDirs: readonly string[],
): Promise<FunctionSettings> {
  const { properties, path } = resource;
  const name = textAt(properties, 'FunctionName') ?? generatedName(resource, { most: 64 });
  const runtime = textAt(properties, 'Runtime') ?? '';
  if (!runtime.startsWith('nodejs'))
    throw new Error(`${path}: only Node runtimes run locally, not ${runtime || 'images'}`);
  const within = (property: string, fallback: number, low: number, high: number) => {
    const value = Number(at(properties, property) ?? fallback);
    if (value >= low && value <= high) return value;
    throw new Error(`${path}: ${property} ${value} is outside ${low}–${high}`);
  };
  const { defaultTimeoutS, maxTimeoutS, defaultMemoryMb, maxMemoryMb, environmentBytes } = lambdaLimits;
  const given = Object.entries((at(properties, 'Environment', 'Variables') ?? {}) as Record<string, unknown>);
  if (Buffer.byteLength(JSON.stringify(Object.fromEntries(given))) > environmentBytes)
    throw new Error(`${path}: its variables exceed ${environmentBytes} bytes`);
  const opt =
    layerDirs.length === 0 ? undefined : await layersFolder(layerDirs, join(cloud.stateDir, 'lambda', 'opt', name));
  const folders = { '/var/runtime': join(cloud.stateDir, 'var-runtime'), ...(opt ? { '/opt': opt } : {}) };
  mkdirSync(folders['/var/runtime'], { recursive: true });
  const roleArn = textAt(properties, 'Role') ?? '';
  const arn = cloud.arn('lambda', `function:${name}`);
  cloud.assumeRole(roleArn, 'lambda.amazonaws.com');
  const reserved = at(properties, 'ReservedConcurrentExecutions');
  const subnetIds = listAt(properties, 'VpcConfig', 'SubnetIds').map(String);
  if (subnetIds.length > 0) mayJoinNetwork(cloud, roleArn);
  const securityGroupIds = listAt(properties, 'VpcConfig', 'SecurityGroupIds').map(String);
  return {
    name,
    arn,
    roleArn,
    runtime,
    handler: textAt(properties, 'Handler') ?? '',
    codeDir,
    layerDirs: opt ? [opt] : [],
    variables: Object.fromEntries(given.map(([key, value]) => [key, mapContainerPaths(String(value), folders)])),
    timeoutMs: within('Timeout', defaultTimeoutS, 1, maxTimeoutS) * 1000,
    memoryMb: within('MemorySize', defaultMemoryMb, 128, maxMemoryMb),
    ...(reserved === undefined ? {} : { reservedConcurrency: Number(reserved) }),
    tracing: textAt(properties, 'TracingConfig', 'Mode') === 'Active',
    logGroupName: textAt(properties, 'LoggingConfig', 'LogGroup') ?? `/aws/lambda/${name}`,
    ...(subnetIds.length > 0 ? { subnetIds, securityGroupIds } : {}),
  };
}

/** @throws as CreateFunction does. Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions */
function mayJoinNetwork(cloud: Cloud, roleArn: string): void {
  for (const action of ['CreateNetworkInterface', 'DescribeNetworkInterfaces', 'DeleteNetworkInterface']) {
    if (cloud.allowed({ principal: { kind: 'role', roleArn }, action: `ec2:${action}`, resource: '*' })) continue;
    throw new AwsFailure(
      'InvalidParameterValueException',
      `The provided execution role does not have permissions to call ${action} on EC2`,
    );
  }
}

function asyncSettings(properties: Record<string, unknown>) {
  const onFailure = textAt(properties, 'DestinationConfig', 'OnFailure', 'Destination');
  const onSuccess = textAt(properties, 'DestinationConfig', 'OnSuccess', 'Destination');
  return {
    maxRetries: Number(at(properties, 'MaximumRetryAttempts') ?? asyncDefaults.maxRetries),
    maxAgeS: Number(at(properties, 'MaximumEventAgeInSeconds') ?? asyncDefaults.maxAgeS),
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(onSuccess === undefined ? {} : { onSuccess }),
  };
}
