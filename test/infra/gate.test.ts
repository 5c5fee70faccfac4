import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { smartGridApp } from '../../lib/stacks/smart-grid-app.ts';
import { foldersOf, resourcesOf, synthesise } from './assembly.ts';

const local = synthesise({ stage: 'local' });
const prod = synthesise({
  stage: 'prod',
  stages: {
    prod: { telemetryStore: 'timestream', alarmEmails: ['grid@example.org'], alertEmails: ['grid@example.org'] },
  },
});

test.each([
  ['local', local],
  ['prod', prod],
])('%s has no finding that is not acknowledged with its reason, not even a warning', (_, templates) => {
  const report = JSON.parse(readFileSync(join(foldersOf.get(templates) ?? '', 'validation-report.json'), 'utf8')) as {
    pluginReports: { pluginName: string; violations: { ruleName: string }[]; suppressedViolations?: unknown[] }[];
  };
  const reports = report.pluginReports;
  expect(reports.length).toBeGreaterThan(0);
  expect(reports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName))).toEqual([]);
});

test('a finding of either pack stops the synthesis', () => {
  const folder = mkdtempSync(join(tmpdir(), 'smart-grid-gate-'));
  writeFileSync(join(folder, 'index.html'), '');
  const { app } = smartGridApp({ outdir: join(folder, 'cdk.out'), site: folder, context: { stage: 'local' } });
  new Queue(new Stack(app, 'careless'), 'Queue');
  let report = '';
  try {
    app.synth();
  } catch (failure) {
    report = String(failure);
  }
  expect(report).toContain('AwsSolutions-SQS4');
  expect(report).toContain('Serverless-SQSRedrivePolicy');
});

test('every bundle loads on its own, with the variables of its template', () => {
  const folder = foldersOf.get(local) ?? '';
  const functions = resourcesOf(local, 'AWS::Lambda::Function');
  expect(functions.length).toBeGreaterThan(10);
  for (const { properties, resource } of functions) {
    const asset = join(folder, String(resource.Metadata?.['aws:asset:path']));
    const { Variables } = properties.Environment as { Variables: Record<string, unknown> };
    const env = {
      // What depends on the deployment is a reference; any text stands for it.
      ...Object.fromEntries(
        Object.entries(Variables).map(([name, value]) => [name, typeof value === 'string' ? value : '1']),
      ),
      ...('SCHEMA_VERSIONS' in Variables ? { SCHEMA_VERSIONS: `meter-events:1=${crypto.randomUUID()}` } : {}),
      // Lambda's own file, which this machine has elsewhere.
      DATABASE_CA_FILE: import.meta.filename,
      LOG_LEVEL: 'INFO',
      AWS_REGION: 'ap-southeast-2',
    };
    const script = `const { handler } = await import(${JSON.stringify(join(asset, 'index.mjs'))}); process.stdout.write(typeof handler)`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env,
      encoding: 'utf8',
    });
    expect([properties.Description, stdout, stderr.slice(-400)]).toEqual([properties.Description, 'function', '']);
  }
});
