import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { CfnEndpoint, CfnEndpointConfig, CfnModel, CfnModelPackageGroup } from 'aws-cdk-lib/aws-sagemaker';
import { Construct } from 'constructs';
import { MODEL_METRICS } from '../../layers/contracts/models/metrics.ts';
import type { StageSettings } from '../config/stages.ts';
import { folderFingerprint } from './bundle.ts';

export interface ServedModelProps {
  readonly settings: StageSettings;
  readonly name: string;
  readonly image: DockerImageAsset;
  readonly roleArn: string;
  readonly modelsBucket: string;
  /** Function behind `Custom::Champion`. */
  readonly seedFunctionArn: string;
  /** Folder of the packaged seed. */
  readonly seed: string;
  /** What goes missing while the model does not answer as it should. */
  readonly impact: string;
}

/** Name of the only variant of an endpoint. */
const VARIANT = 'main';

/** How long callers of a served model may wait before a new version goes back. [proposed] */
const MAX_ANSWER_MS = 2_000;

/**
 * A model behind an endpoint. The template names the version it begins with, which a custom resource finds: the packaged seed at first, later
 * whoever was promoted last, so that a deployment never puts an older version back.
 */
export class ServedModel extends Construct {
  readonly endpointName: string;
  readonly packageGroupName: string;
  readonly championParameter: string;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: ServedModelProps) {
    super(scope, id);
    const { settings, name } = props;
    this.endpointName = endpointNameOf(settings.stage, name);
    this.packageGroupName = this.endpointName;
    this.championParameter = championParameter(settings.stage, name);
    new CfnModelPackageGroup(this, 'Versions', {
      modelPackageGroupName: this.packageGroupName,
      modelPackageGroupDescription: `Versions of the ${name} model, ${settings.stage}`,
    });
    const champion = new CustomResource(this, 'Champion', {
      resourceType: 'Custom::Champion',
      serviceToken: props.seedFunctionArn,
      serviceTimeout: Duration.minutes(5),
      properties: {
        model: name,
        bucketName: props.modelsBucket,
        parameterName: this.championParameter,
        fingerprint: [props.image.assetHash, folderFingerprint(props.seed), JSON.stringify(settings.inference)].join(
          ' ',
        ),
      },
    });
    const model = new CfnModel(this, 'Model', {
      executionRoleArn: props.roleArn,
      enableNetworkIsolation: true,
      primaryContainer: { image: props.image.imageUri, modelDataUrl: champion.getAttString('modelDataUrl') },
    });
    const config = new CfnEndpointConfig(this, 'Config', { productionVariants: [] });
    // As the API writes it, which promotions do too.
    config.addPropertyOverride('ProductionVariants', [productionVariant(settings, model.attrModelName)]);
    new CfnEndpoint(this, 'Endpoint', {
      endpointName: this.endpointName,
      endpointConfigName: config.attrEndpointConfigName,
    });
    this.alarms = this.guardAlarms(props.impact);
  }

  /**
   * What calls a new version back, as its caller sees it, within ten seconds: SageMaker's own metrics come by the minute.
   * They have no action of their own: the deployment that names them is the action.
   */
  private guardAlarms(impact: string): Alarm[] {
    const alarm = (id: string, metricName: string, statistic: string, threshold: number, says: string): Alarm =>
      new Alarm(this, id, {
        metric: new Metric({
          namespace: 'SmartGrid',
          metricName,
          dimensionsMap: { service: `ask-${this.node.id.toLowerCase()}-model` },
          statistic,
          period: Duration.seconds(10),
        }),
        threshold,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
        alarmDescription: `Impact: ${says}. Runbook: docs/runbooks/models.md`,
      });
    return [
      alarm('Fails', MODEL_METRICS.failed, Stats.SUM, 0, `${impact} because the model fails`),
      alarm('Slow', MODEL_METRICS.answered, 'p90', MAX_ANSWER_MS, `${impact}, or late, because the model is slow`),
      alarm('Invalid', MODEL_METRICS.invalid, Stats.SUM, 0, `${impact} because the model answers what is none`),
    ];
  }
}

export const championParameter = (stage: string, name: string): string => `/smart-grid/${stage}/champions/${name}`;

export const endpointNameOf = (stage: string, name: string): string => `smart-grid-${stage}-${name}`;

/** How a version is served, as SageMaker's API writes it. */
export function productionVariant({ inference }: StageSettings, modelName?: string): Record<string, unknown> {
  const common = {
    VariantName: VARIANT,
    ...(modelName === undefined ? { 'ModelName.$': '$.name' } : { ModelName: modelName }),
  };
  return inference.mode === 'serverless'
    ? {
        ...common,
        ServerlessConfig: { MemorySizeInMB: inference.memoryMb, MaxConcurrency: inference.maxConcurrency },
      }
    : {
        ...common,
        InitialInstanceCount: inference.instances,
        InstanceType: inference.instanceType,
        InitialVariantWeight: 1,
      };
}

/** How a promotion shifts the traffic; serverless endpoints know no such thing. */
export function deploymentConfig(
  { inference, canarySeconds, settleSeconds }: StageSettings,
  alarms: readonly Alarm[],
): unknown {
  if (inference.mode === 'serverless') return undefined;
  return {
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration: {
        Type: 'CANARY',
        CanarySize: { Type: 'CAPACITY_PERCENT', Value: 50 },
        WaitIntervalInSeconds: canarySeconds,
      },
      TerminationWaitInSeconds: settleSeconds,
      MaximumExecutionTimeoutInSeconds: 3600 + canarySeconds + settleSeconds,
    },
    AutoRollbackConfiguration: { Alarms: alarms.map(({ alarmName }) => ({ AlarmName: alarmName })) },
  };
}

/** An image of a model's build context; only a deployment needs Docker to build it. */
export const modelImage = (scope: Construct, id: string, context: string): DockerImageAsset =>
  new DockerImageAsset(scope, id, { directory: context, platform: Platform.LINUX_AMD64, assetName: id });

/** ARN of SageMaker's resource in this account. */
export const sageMakerArn = (scope: Construct, resource: string, name: string): string =>
  Stack.of(scope).formatArn({ service: 'sagemaker', resource, resourceName: name });
