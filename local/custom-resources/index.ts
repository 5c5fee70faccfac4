import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { LocalCloud } from '../kernel/cloud.ts';
import { listAt, textAt } from '../kernel/properties.ts';
import type { Access, Cloud, PendingResource, Provider } from '../kernel/types.ts';

interface Answer {
  Status: 'SUCCESS' | 'FAILED';
  Reason?: string;
  PhysicalResourceId?: string;
  Data?: Record<string, unknown>;
}

interface Kept {
  physicalId: string;
  data: Record<string, unknown>;
  properties: Record<string, unknown>;
}

/** Default and greatest wait for an answer, s. Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html */
const MAX_WAIT_S = 3600;

/** Custom resources: the function behind the service token is asked to create, and to update when its properties changed. */
export function customResources(): { providers: Provider[] } {
  const waiting = new Map<string, (answer: Answer) => void>();
  let server: Promise<Server> | undefined;

  const ask = async (resource: PendingResource, cloud: Cloud, before: Kept | undefined): Promise<Kept> => {
    checkAnswerPath(resource, cloud as LocalCloud);
    server ??= listen(waiting);
    const { port } = (await server).address() as AddressInfo;
    const { ServiceToken, ServiceTimeout } = resource.properties;
    const asked = askedProperties(resource);
    const requestId = randomUUID();
    const event = {
      RequestType: before ? 'Update' : 'Create',
      ServiceToken,
      ResponseURL: `http://127.0.0.1:${port}/${requestId}`,
      StackId: cloud.arn('cloudformation', `stack/${resource.stack}/local`),
      RequestId: requestId,
      LogicalResourceId: resource.logicalId,
      ResourceType: resource.type,
      ...(before ? { PhysicalResourceId: before.physicalId, OldResourceProperties: before.properties } : {}),
      ResourceProperties: asked,
    };
    const waitS = Math.min(Number(ServiceTimeout ?? MAX_WAIT_S), MAX_WAIT_S);
    const answer = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`its function gave no answer within ${waitS} s`)), waitS * 1000);
      const settle = (answer: Answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      waiting.set(requestId, settle);
      cloud.invoke(String(ServiceToken), event, { kind: 'operator' }).then(
        (result) => {
          if (!result.functionError) return;
          settle({
            Status: 'FAILED',
            Reason: `${result.functionError.errorType}: ${result.functionError.errorMessage}`,
          });
        },
        (error: unknown) =>
          settle({ Status: 'FAILED', Reason: error instanceof Error ? error.message : String(error) }),
      );
    });
    waiting.delete(requestId);
    if (answer.Status !== 'SUCCESS') throw new Error(answer.Reason ?? 'its function reported failure');
    return {
      physicalId: answer.PhysicalResourceId ?? before?.physicalId ?? requestId,
      data: answer.Data ?? {},
      properties: asked,
    };
  };

  return {
    providers: [
      {
        types: { 'Custom::*': { honours: '*' }, 'AWS::CloudFormation::CustomResource': { honours: '*' } },
        async create(resource, cloud) {
          const directory = join(cloud.stateDir, 'custom-resources');
          mkdirSync(directory, { recursive: true });
          const id = createHash('sha256').update(`${resource.stack}/${resource.logicalId}`).digest('hex').slice(0, 16);
          const file = join(directory, `${id}.json`);
          const before = kept(file);
          if (before && JSON.stringify(before.properties) === JSON.stringify(askedProperties(resource))) {
            return { physicalId: before.physicalId, attributes: before.data };
          }
          const now = await ask(resource, cloud, before);
          writeFileSync(`${file}.new`, JSON.stringify(now));
          renameSync(`${file}.new`, file);
          return { physicalId: now.physicalId, attributes: now.data };
        },
        async stop() {
          const running = await server;
          running?.closeAllConnections();
          running?.close();
        },
      },
    ],
  };
}

/** What the function is given: CloudFormation writes numbers and booleans as text, and keeps the time-out to itself. */
function askedProperties({ properties }: PendingResource): Record<string, unknown> {
  const { ServiceToken, ServiceTimeout: _, ...rest } = properties;
  const written = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(written);
    if (value === null || typeof value !== 'object') return String(value);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, written(item)]));
  };
  return { ServiceToken, ...(written(rest) as Record<string, unknown>) };
}

/** The answer goes to a bucket of CloudFormation's: a function in a VPC needs a way there. @throws if it has none. */
function checkAnswerPath(resource: PendingResource, cloud: LocalCloud): void {
  const properties = cloud.resource(String(resource.properties.ServiceToken))?.properties;
  const access: Access = {
    principal: {
      kind: 'role',
      roleArn: textAt(properties, 'Role') ?? '',
      vpcSubnetIds: listAt(properties, 'VpcConfig', 'SubnetIds').map(String),
      securityGroupIds: listAt(properties, 'VpcConfig', 'SecurityGroupIds').map(String),
    },
    action: 's3:PutObject',
    resource: `arn:aws:s3:::cloudformation-custom-resource-response-${cloud.region.replaceAll('-', '')}/answer`,
  };
  const obstacle = cloud.obstacle(access, 's3');
  if (obstacle) throw new Error(`its function cannot answer CloudFormation: ${obstacle}`);
}

function kept(file: string): Kept | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Kept;
  } catch {
    return undefined; // never created, or cut off while being written
  }
}

/** Takes the answers that functions put to their ResponseURL. */
async function listen(waiting: ReadonlyMap<string, (answer: Answer) => void>): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.end();
      const settle = waiting.get((request.url ?? '').slice(1));
      try {
        settle?.(JSON.parse(Buffer.concat(chunks).toString()) as Answer);
      } catch (error) {
        settle?.({ Status: 'FAILED', Reason: `its answer is not JSON: ${String(error)}` });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
