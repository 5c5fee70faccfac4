import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appconfig } from '../../../local/appconfig/index.ts';
import { cloudwatch } from '../../../local/cloudwatch/index.ts';
import { dynamodb } from '../../../local/dynamodb/index.ts';
import type { Principal } from '../../../local/kernel/types.ts';
import { kms } from '../../../local/kms/index.ts';
import { network } from '../../../local/network/index.ts';
import { sagemaker } from '../../../local/sagemaker/index.ts';
import { ssm } from '../../../local/ssm/index.ts';
import { boot, type Running } from '../../../local/start/boot.ts';
import { stepfunctions } from '../../../local/stepfunctions/index.ts';
import { storage } from '../../../local/storage/index.ts';

/** An assembly of one stack, written to a folder of its own. */
export function assemblyOf(resources: Record<string, unknown>, rest: Record<string, unknown> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'small-cloud-'));
  const artifact = { type: 'aws:cloudformation:stack', properties: { templateFile: 't.json', stackName: 'small' } };
  writeFileSync(
    join(directory, 'manifest.json'),
    JSON.stringify({ version: '36.0.0', artifacts: { small: artifact } }),
  );
  writeFileSync(join(directory, 't.json'), JSON.stringify({ Resources: resources, ...rest }));
  return directory;
}

export interface SmallCloud extends Running {
  directory: string;
  /** Client settings that sign as a role. */
  as(principal: Principal, options?: { lifeMs?: number }): ReturnType<typeof clientSettings>;
  role(logicalId: string, more?: object): Principal;
}

const clientSettings = (endpoint: string, credentials: object) => ({
  endpoint,
  region: 'ap-southeast-2',
  credentials: credentials as { accessKeyId: string; secretAccessKey: string; sessionToken: string },
  maxAttempts: 1,
});

/** Boots a template on the parts that need nothing else. */
export async function smallCloud(
  resources: Record<string, unknown>,
  rest: Record<string, unknown> = {},
  prepare: (directory: string) => void = () => {},
): Promise<SmallCloud> {
  const directory = assemblyOf(resources, rest);
  prepare(directory);
  const parts = { ssm, kms, network, cloudwatch, storage, dynamodb, sagemaker, stepfunctions, appconfig };
  const running = await boot({
    assemblyDir: directory,
    stateDir: join(directory, 'state'),
    portBase: 0,
    stage: 'local',
    parts: Object.entries(parts).map(([name, make]) => ({ name, part: make() })),
    start: { fresh: false, fleet: false, portBase: 0, json: false },
  });
  return {
    ...running,
    directory,
    as: (principal, options) => clientSettings(running.cloud.endpoint, running.cloud.credentials(principal, options)),
    role: (logicalId, more = {}) => {
      const role = running.cloud.resourcesOf('AWS::IAM::Role').find((each) => each.logicalId === logicalId);
      return { kind: 'role', roleArn: String(role?.attributes.Arn), ...more };
    },
    stop: async () => {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A role that a Lambda function may have, with these statements. */
export const roleWith = (...statements: readonly object[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    Policies: [{ PolicyName: 'own', PolicyDocument: { Statement: statements } }],
  },
});
