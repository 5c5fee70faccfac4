import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { TimestreamWriteClient } from '@aws-sdk/client-timestream-write';
import {
  checkBootstrap,
  checkCredentials,
  checkQuotas,
  checkTimestream,
  type Finding,
  type TelemetryStore,
} from './preflight-checks.ts';

const USAGE = `npm run preflight -- --stage NAME [options]

Finds out whether this AWS account can take a stage, says what to do where it cannot, and writes the stage's telemetryStore
to cdk.context.json. It changes nothing in the account.

  --stage NAME              stage of lib/config/stages.ts, such as dev or prod
  --region REGION           default: AWS_REGION, or the profile's
  --telemetry-store STORE   timestream or postgres: decide instead of asking the account
  --json                    the findings as JSON
  --help

Exit status: 0 ready, 1 something blocks a deployment, 2 wrong use.`;

/** Where the CDK command reads settings from. */
const CONTEXT_FILE = join(resolve(import.meta.dirname, '../..'), 'cdk.context.json');

const SIGN = { ok: 'ok       ', attention: 'attention', blocked: 'BLOCKED  ' } as const;

const { values } = options();
if (values.help) {
  console.log(USAGE);
} else if (!values.stage || (values['telemetry-store'] && !isStore(values['telemetry-store']))) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const { findings, store } = await inspect(values.region ? { region: values.region } : {});
  const chosen = isStore(values['telemetry-store']) ? values['telemetry-store'] : store;
  if (chosen) findings.push(remember(process.env.PREFLIGHT_CONTEXT_FILE ?? CONTEXT_FILE, values.stage, chosen));
  const all = isStore(values['telemetry-store'])
    ? findings.filter(({ check }) => check !== 'telemetry store')
    : findings;
  print(all, values.stage);
  if (all.some(({ status }) => status === 'blocked')) process.exitCode = 1;
}

function options() {
  try {
    return parseArgs({
      options: {
        stage: { type: 'string' },
        region: { type: 'string' },
        'telemetry-store': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (failure) {
    console.error(`${failure instanceof Error ? failure.message : failure}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function inspect(where: { region?: string }): Promise<{ findings: Finding[]; store?: TelemetryStore }> {
  const sts = new STSClient(where);
  let region: string;
  try {
    region = await sts.config.region();
  } catch {
    return {
      findings: [{ check: 'region', status: 'blocked', found: 'none is set', todo: 'Set AWS_REGION or give --region' }],
    };
  }
  const findings: Finding[] = [{ check: 'region', status: 'ok', found: region }];
  const credentials = await checkCredentials(sts);
  findings.push(credentials);
  if (!credentials.account) return { findings };
  const timestream = await checkTimestream(new TimestreamWriteClient({ region }));
  findings.push(
    await checkBootstrap(new SSMClient({ region }), credentials.account, region),
    ...(await checkQuotas(new ServiceQuotasClient({ region }))),
    timestream,
  );
  return { findings, ...(timestream.store ? { store: timestream.store } : {}) };
}

/** Writes the store for the stage. One that is already chosen stays: data of the other would be left behind. */
function remember(file: string, stage: string, store: TelemetryStore): Finding {
  const check = 'cdk.context.json';
  const context = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {};
  const stages = (context.stages ?? {}) as Record<string, Record<string, unknown>>;
  const before = stages[stage]?.telemetryStore;
  if (before === store) return { check, status: 'ok', found: `stages.${stage}.telemetryStore is ${store}` };
  if (before !== undefined) {
    return {
      check,
      status: 'attention',
      found: `stages.${stage}.telemetryStore is ${String(before)}, the account says ${store}`,
      todo: 'Kept as it is. If nothing is deployed yet, remove it from cdk.context.json and run this again',
    };
  }
  stages[stage] = { ...stages[stage], telemetryStore: store };
  writeFileSync(file, `${JSON.stringify({ ...context, stages }, undefined, 2)}\n`);
  return { check, status: 'ok', found: `wrote stages.${stage}.telemetryStore = ${store}` };
}

function print(findings: readonly Finding[], stage: string): void {
  if (values.json) {
    console.log(JSON.stringify(findings, undefined, 2));
    return;
  }
  for (const { check, status, found, todo } of findings) {
    console.log(`${SIGN[status]}  ${check}: ${found}${todo ? `\n           → ${todo}` : ''}`);
  }
  const blocked = findings.filter(({ status }) => status === 'blocked').length;
  console.log(
    blocked > 0 ? `\n${blocked} to settle before deploying.` : `\nReady: npx cdk deploy --all -c stage=${stage}`,
  );
}

function isStore(value: unknown): value is TelemetryStore {
  return value === 'timestream' || value === 'postgres';
}
