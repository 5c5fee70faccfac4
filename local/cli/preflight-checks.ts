import { paginateListServiceQuotas, type ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { GetParameterCommand, ParameterNotFound, type SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { ListDatabasesCommand, type TimestreamWriteClient } from '@aws-sdk/client-timestream-write';

export type TelemetryStore = 'timestream' | 'postgres';

/** What a check found, and what to do about it. `blocked`: a deployment would fail. `attention`: it may, or later will. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'attention' | 'blocked';
  readonly found: string;
  readonly todo?: string;
}

/** Version of the bootstrap stack that these templates need: assets published by the modern roles. */
export const MIN_BOOTSTRAP_VERSION = 8;

const nameOf = (failure: unknown): string => (failure instanceof Error ? failure.name : 'Error');
const messageOf = (failure: unknown): string => (failure instanceof Error ? failure.message : String(failure));

/** Whose credentials are used. @returns the account too, if they work. */
export async function checkCredentials(sts: STSClient): Promise<Finding & { account?: string }> {
  try {
    const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
    return {
      check: 'credentials',
      status: 'ok',
      found: `${Arn} in account ${Account}`,
      ...(Account ? { account: Account } : {}),
    };
  } catch (failure) {
    return {
      check: 'credentials',
      status: 'blocked',
      found: `${nameOf(failure)}: ${messageOf(failure)}`,
      todo: 'Sign in (`aws sso login`, or set AWS_PROFILE) as somebody who may deploy, and run this again',
    };
  }
}

/** Whether the account and region are bootstrapped for CDK, and recently enough. */
export async function checkBootstrap(ssm: SSMClient, account: string, region: string): Promise<Finding> {
  const check = 'bootstrap';
  const todo = `Run \`npx cdk bootstrap aws://${account}/${region}\` once`;
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/cdk-bootstrap/hnb659fds/version' }));
    const version = Number(Parameter?.Value);
    if (version >= MIN_BOOTSTRAP_VERSION) return { check, status: 'ok', found: `version ${version}` };
    return { check, status: 'blocked', found: `version ${Parameter?.Value}, needed is ${MIN_BOOTSTRAP_VERSION}`, todo };
  } catch (failure) {
    if (failure instanceof ParameterNotFound) return { check, status: 'blocked', found: 'not bootstrapped', todo };
    return {
      check,
      status: 'attention',
      found: `not known: ${nameOf(failure)}: ${messageOf(failure)}`,
      todo: 'Allow ssm:GetParameter on /cdk-bootstrap/*, which `cdk deploy` reads as well',
    };
  }
}

interface NeededQuota {
  readonly service: string;
  readonly quota: string;
  /** Enough for one stage of the largest preset beside what accounts usually run. */
  readonly least: number;
  readonly status: 'attention' | 'blocked';
}

/** Quotas by the names the Service Quotas console shows. */
const QUOTAS: readonly NeededQuota[] = [
  { service: 'lambda', quota: 'Concurrent executions', least: 400, status: 'attention' },
  { service: 'vpc', quota: 'VPCs per Region', least: 2, status: 'blocked' },
  { service: 'kinesis', quota: 'Shards per Region', least: 12, status: 'attention' },
  { service: 'iotcore', quota: 'Rule evaluations per second per AWS account', least: 1_000, status: 'attention' },
];

/** Each needed quota, as the account has it. */
export async function checkQuotas(quotas: ServiceQuotasClient): Promise<Finding[]> {
  return Promise.all(QUOTAS.map((needed) => checkQuota(quotas, needed)));
}

async function checkQuota(
  client: ServiceQuotasClient,
  { service, quota, least, status }: NeededQuota,
): Promise<Finding> {
  const check = `quota ${service}: ${quota}`;
  const todo = `Service Quotas console, ${service}, "${quota}": ask for at least ${least}`;
  try {
    for await (const { Quotas } of paginateListServiceQuotas({ client }, { ServiceCode: service })) {
      const found = Quotas?.find(({ QuotaName }) => QuotaName === quota)?.Value;
      if (found === undefined) continue;
      return found >= least
        ? { check, status: 'ok', found: String(found) }
        : { check, status, found: `${found}, needed are ${least}`, todo };
    }
    return {
      check,
      status: 'attention',
      found: 'not listed by Service Quotas',
      todo: `Look it up: at least ${least} are needed`,
    };
  } catch (failure) {
    return {
      check,
      status: 'attention',
      found: `not known: ${nameOf(failure)}`,
      todo: `${todo}; or allow servicequotas:ListServiceQuotas`,
    };
  }
}

/**
 * Whether this account may use Timestream for LiveAnalytics, which admits no new customers since 2025-06-20.
 * @returns the store to use too, if that could be found out.
 */
export async function checkTimestream(
  timestream: TimestreamWriteClient,
): Promise<Finding & { store?: TelemetryStore }> {
  const check = 'telemetry store';
  try {
    await timestream.send(new ListDatabasesCommand({ MaxResults: 1 }));
    return { check, status: 'ok', found: 'the account may use Timestream', store: 'timestream' };
  } catch (failure) {
    const [name, message] = [nameOf(failure), messageOf(failure)];
    if (name === 'AccessDeniedException' && !message.includes('is not authorized to perform')) {
      return {
        check,
        status: 'ok',
        found: 'Timestream is closed to this account: telemetry goes to PostgreSQL',
        store: 'postgres',
      };
    }
    // No such host: the region has no Timestream.
    if (hasCode(failure, 'ENOTFOUND')) {
      return {
        check,
        status: 'ok',
        found: 'the region has no Timestream: telemetry goes to PostgreSQL',
        store: 'postgres',
      };
    }
    return {
      check,
      status: 'blocked',
      found: `not known: ${name}: ${message}`,
      todo: 'Allow timestream:DescribeEndpoints and timestream:ListDatabases and run this again, or decide: `--telemetry-store postgres`',
    };
  }
}

/** The SDK wraps what the network said. */
function hasCode(failure: unknown, code: string): boolean {
  if (typeof failure !== 'object' || failure === null) return false;
  if ('code' in failure && failure.code === code) return true;
  return 'cause' in failure && hasCode(failure.cause, code);
}
