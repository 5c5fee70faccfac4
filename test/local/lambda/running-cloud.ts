import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCloud } from '../../../local/kernel/cloud.ts';
import type { LogLine, MetricDatum, Provider } from '../../../local/kernel/types.ts';
import { kinesis } from '../../../local/kinesis/index.ts';
import { lambda } from '../../../local/lambda/index.ts';

export const STREAM_GRANTS = [
  'kinesis:DescribeStream',
  'kinesis:ListShards',
  'kinesis:GetShardIterator',
  'kinesis:GetRecords',
];

/** What a function needs to be heard. */
const HEARD = ['logs:CreateLogStream', 'logs:PutLogEvents', 'xray:PutTraceSegments'];

/** A cloud with streams and functions only, in a folder of its own; functions are inline code under one role. */
export async function runningCloud(
  options: { grants?: readonly string[]; unheard?: boolean; stateDir?: string; throttled?: boolean } = {},
) {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'grid-cloud-'));
  const assemblyDir = join(stateDir, 'assembly');
  mkdirSync(assemblyDir, { recursive: true });
  const cloud = new LocalCloud({ stage: 'test', stateDir, assemblyDir, portBase: 21_200 });
  await cloud.listen(0);
  const roleArn = cloud.arn('iam', 'role/consumer');
  cloud.policies.addRole(roleArn, {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  cloud.policies.attachInline(roleArn, 'grants', {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: [...(options.grants ?? STREAM_GRANTS), ...(options.unheard ? [] : HEARD)],
        Resource: '*',
      },
    ],
  });
  const streams = kinesis({ throttled: options.throttled ?? false });
  const functions = lambda({ asyncRetryDelaysMs: [20, 20] });
  const providers: Provider[] = [streams.provider, ...functions.providers];
  streams.service(cloud);
  functions.service(cloud);
  const lines: LogLine[] = [];
  const metrics: MetricDatum[] = [];
  const segments: Record<string, unknown>[] = [];
  cloud.events.on('log', (line) => lines.push(line));
  cloud.events.on('metric', (datum) => metrics.push(datum));
  cloud.events.on('segment', (document) => segments.push(document));

  const create = async (type: string, logicalId: string, properties: Record<string, unknown>) => {
    const provider = providers.find(({ types }) => type in types);
    if (!provider) throw new Error(`no provider of ${type}`);
    const pending = { stack: 'T', logicalId, path: `T/${logicalId}`, type, properties };
    const made = await provider.create(pending, cloud);
    const resource = { ...pending, physicalId: made.physicalId, attributes: made.attributes ?? {} };
    cloud.addResource(resource);
    return resource;
  };
  return {
    cloud,
    stateDir,
    roleArn,
    lines,
    metrics,
    segments,
    create,
    fn: (name: string, code: string, extra: Record<string, unknown> = {}) =>
      create('AWS::Lambda::Function', name, {
        FunctionName: name,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: roleArn,
        Code: { ZipFile: code },
        ...extra,
      }),
    start: async () => {
      for (const provider of providers) await provider.start?.(cloud);
    },
    stop: async (keep = false) => {
      for (const provider of [...providers].reverse()) await provider.stop?.();
      await cloud.close();
      if (!keep) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Waits until a condition holds. @throws after `limitMs`. */
export async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not reached in ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
