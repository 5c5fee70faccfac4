import { apigateway } from './apigateway/index.ts';
import { appconfig } from './appconfig/index.ts';
import { cloudfront } from './cloudfront/index.ts';
import { cloudwatch } from './cloudwatch/index.ts';
import { cognito } from './cognito/index.ts';
import { console as consolePage } from './console/index.ts';
import { customResources } from './custom-resources/index.ts';
import { dynamodb } from './dynamodb/index.ts';
import { events } from './events/index.ts';
import { firehose } from './firehose/index.ts';
import { fleet } from './fleet/index.ts';
import { glue } from './glue/index.ts';
import { iot } from './iot/index.ts';
import type { AwsService, Cloud, Provider } from './kernel/types.ts';
import { kinesis } from './kinesis/index.ts';
import { kms } from './kms/index.ts';
import { lambda } from './lambda/index.ts';
import { network } from './network/index.ts';
import { postgres } from './postgres/index.ts';
import { sagemaker } from './sagemaker/index.ts';
import { ssm } from './ssm/index.ts';
import { stepfunctions } from './stepfunctions/index.ts';
import { storage } from './storage/index.ts';
import { timestream } from './timestream/index.ts';
import { unneeded } from './unneeded/index.ts';
import { waf } from './waf/index.ts';

/** One emulated service of the local cloud, as its folder's factory gives it. */
export interface Part {
  providers?: Provider[];
  service?(cloud: Cloud): AwsService;
  services?(cloud: Cloud): AwsService[];
  /** After every provider has started, in the order of the parts. */
  start?(cloud: Cloud): Promise<void>;
  stop?(): Promise<void>;
}

/** A part of one provider. */
const single = ({ provider, ...part }: { provider: Provider } & Part): Part => ({ ...part, providers: [provider] });

/** Every part. Providers start in this order and stop in the reverse. */
const PARTS: Readonly<Record<string, () => Part>> = {
  ssm,
  glue,
  kms,
  network,
  cloudwatch,
  storage,
  dynamodb,
  postgres,
  timestream,
  lambda,
  kinesis: () => single(kinesis()),
  firehose: () => single(firehose()),
  iot,
  sagemaker,
  stepfunctions,
  appconfig,
  events,
  'custom-resources': customResources,
  unneeded,
  waf,
  cognito,
  apigateway,
  cloudfront,
  console: consolePage,
  fleet,
};

/** All parts, new. */
export const allParts = (): { name: string; part: Part }[] =>
  Object.entries(PARTS).map(([name, make]) => ({ name, part: make() }));
