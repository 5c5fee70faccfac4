import { ArnFormat, Duration } from 'aws-cdk-lib';
import type { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { ANOMALY_GUARDS, detectionOf, FAULT_LABELS } from '../../layers/contracts/models/anomaly.ts';
import { MODELS, type ModelName } from '../../layers/contracts/models/learning.ts';
import type { StageSettings } from '../config/stages.ts';
import { grantedRole } from '../constructs/granted-role.ts';
import { bucketArn, connectDatabase, tableArn, useDataKey } from '../constructs/grants.ts';
import { type Grant, GridFunction, type GridFunctionProps } from '../constructs/grid-function.ts';
import { GridStateMachine } from '../constructs/grid-state-machine.ts';
import {
  championParameter,
  deploymentConfig,
  productionVariant,
  type ServedModel,
  sageMakerArn,
} from '../constructs/served-model.ts';
import { CLOUDFORMATION_WAITS, StageStack } from './stage-stack.ts';

/** Figures that training prints and the runs keep, as `[metric] name=value;`: first the guards of the gate. */
const TRAINING_METRICS: Readonly<Record<ModelName, readonly string[]>> = {
  forecast: ['error', 'pinball', 'entities', 'residuals'],
  anomaly: [...ANOMALY_GUARDS, ...FAULT_LABELS.map(detectionOf), 'meters', 'segments', 'labelled_spans'],
};

/** Function that lays out what a model is trained on. */
const PREPARES: Readonly<Record<ModelName, string>> = {
  forecast: 'learn/prepare-training',
  anomaly: 'learn/prepare-anomaly-training',
};

const TASK = 'Called by a state machine, which sees the failure, retries and ends in error; never asynchronously';

type TaskProps = Pick<GridFunctionProps, 'name' | 'purpose' | 'memoryMb' | 'environment' | 'grants'> & {
  readonly inNetwork?: boolean;
  readonly timeout?: Duration;
};

/** What every model has, whatever it is asked: a role, a seed, and the machines that train, judge and promote it. */
export abstract class ModelStack extends StageStack {
  protected readonly bucket: string;
  readonly #runs: string;
  protected readonly dataKeyArn: string;
  protected modelRole!: Role;

  constructor(scope: Construct, settings: StageSettings, description: string) {
    super(scope, 'intelligence', { settings, description });
    this.bucket = this.wire('storage/models-bucket');
    this.#runs = this.wire('storage/runs-table');
    this.dataKeyArn = this.wire('network/data-key-arn');
  }

  /** What SageMaker may do for a container: read and write its bucket, pull its image, write logs and metrics. The container itself reaches nothing. */
  protected roleOfModels(images: readonly DockerImageAsset[]): Role {
    const repositories = [...new Set(images.map(({ repository }) => repository.repositoryArn))];
    const objects = `${bucketArn(this, this.bucket)}/*`;
    const logs = this.formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: '/aws/sagemaker/*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const grants: Grant[] = [
      {
        sid: 'ReadAndWriteArtefacts',
        actions: ['s3:GetObject', 's3:PutObject'],
        resources: [objects],
        wildcardReason: 'Training data, seeds and artefacts of every run are objects of this one bucket',
      },
      { sid: 'ListArtefacts', actions: ['s3:ListBucket'], resources: [bucketArn(this, this.bucket)] },
      useDataKey(this.dataKeyArn, 'write'),
      {
        sid: 'PullImages',
        actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        resources: repositories,
      },
      {
        sid: 'WriteLogs',
        actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
        resources: [logs],
        wildcardReason: 'SageMaker names the log groups and streams of jobs and endpoints itself',
      },
      {
        sid: 'SignInToRegistryAndCount',
        actions: ['cloudwatch:PutMetricData', 'ecr:GetAuthorizationToken'],
        resources: ['*'],
        wildcardReason: 'Neither action has a resource to name',
      },
    ];
    return grantedRole(this, { id: 'ModelRole', service: 'sagemaker.amazonaws.com', grants });
  }

  protected task(id: string, { inNetwork = false, timeout = Duration.minutes(5), ...props }: TaskProps): GridFunction {
    return new GridFunction(this, id, {
      ...props,
      settings: this.settings,
      dataKeyArn: this.dataKeyArn,
      timeout,
      noDeadLetters: TASK,
      ...(inNetwork ? { network: this.functionNetwork() } : {}),
    });
  }

  protected seedFunction(seeds: ReadonlyMap<ModelName, string>): GridFunction {
    return new GridFunction(this, 'SeedChampion', {
      settings: this.settings,
      name: 'learn/seed-champion',
      timeout: Duration.minutes(2),
      memoryMb: 512,
      dataKeyArn: this.dataKeyArn,
      noDeadLetters: CLOUDFORMATION_WAITS,
      environment: { RUNS_TABLE: this.#runs },
      files: [...seeds].map(([name, from]) => ({ from, to: `seeds/${name}` })),
      grants: [
        {
          sid: 'PutSeeds',
          actions: ['s3:PutObject'],
          resources: [`${bucketArn(this, this.bucket)}/seeds/*`],
          wildcardReason: 'A seed is named by the hash of its bytes',
        },
        useDataKey(this.dataKeyArn, 'write'),
        this.onRuns('dynamodb:GetItem', 'dynamodb:PutItem'),
        {
          sid: 'NameFirstChampion',
          actions: ['ssm:GetParameter', 'ssm:PutParameter'],
          resources: MODELS.map((name) => this.parameterArn(name)),
        },
      ],
    });
  }

  protected recordRun(): GridFunction {
    return this.task('RecordRun', {
      name: 'learn/record-run',
      memoryMb: 256,
      environment: { RUNS_TABLE: this.#runs },
      grants: [this.onRuns('dynamodb:PutItem'), useDataKey(this.dataKeyArn, 'write')],
    });
  }

  protected chooseCandidate(): GridFunction {
    return this.task('ChooseCandidate', { name: 'learn/choose-candidate', memoryMb: 256, grants: [] });
  }

  protected training({
    name,
    served,
    image,
    promote,
    recordRun,
    choose,
  }: {
    name: ModelName;
    served: ServedModel;
    image: DockerImageAsset;
    promote: GridStateMachine;
    recordRun: GridFunction;
    choose: GridFunction;
  }): GridStateMachine {
    const prepare = this.task(`Prepare${pascal(name)}Training`, {
      name: PREPARES[name],
      memoryMb: 2048,
      timeout: Duration.minutes(14),
      inNetwork: true,
      environment: { ...this.databaseEnvironment('grid_reader'), MODELS_BUCKET: this.bucket },
      grants: [this.readDatabase(), this.putObjects('training'), useDataKey(this.dataKeyArn, 'write')],
    });
    const judge = this.task(`Judge${pascal(name)}Candidate`, {
      name: 'learn/judge-candidate',
      purpose: name,
      memoryMb: 1024,
      timeout: Duration.minutes(14),
      environment: {
        MODELS_BUCKET: this.bucket,
        RUNS_TABLE: this.#runs,
        ENDPOINT_NAME: served.endpointName,
        MODEL_IMAGE: image.imageUri,
        PACKAGE_GROUP: served.packageGroupName,
      },
      grants: [
        this.readObjects(['runs', 'training']),
        this.invokeEndpoint(served),
        this.onRuns('dynamodb:PutItem'),
        useDataKey(this.dataKeyArn, 'write'),
        {
          sid: 'RegisterVersions',
          actions: ['sagemaker:CreateModelPackage'],
          resources: [
            sageMakerArn(this, 'model-package-group', served.packageGroupName),
            sageMakerArn(this, 'model-package', `${served.packageGroupName}/*`),
          ],
          wildcardReason: 'SageMaker numbers the versions of the group',
        },
        {
          sid: 'RegisterImage',
          actions: ['ecr:BatchGetImage', 'ecr:DescribeImages'],
          resources: [image.repository.repositoryArn],
        },
      ],
    });
    return new GridStateMachine(this, `Train${pascal(name)}`, {
      settings: this.settings,
      name: 'train-model',
      dataKeyArn: this.dataKeyArn,
      substitutions: {
        Model: name,
        PrepareTraining: prepare.lambda.functionArn,
        RecordRun: recordRun.lambda.functionArn,
        ChooseCandidate: choose.lambda.functionArn,
        JudgeCandidate: judge.lambda.functionArn,
        PromoteModel: promote.arn,
        ModelRole: this.modelRole.roleArn,
        DataKey: this.dataKeyArn,
        AlgorithmSpecification: {
          TrainingImage: image.imageUri,
          TrainingInputMode: 'File',
          MetricDefinitions: TRAINING_METRICS[name].map((metric) => ({
            Name: metric,
            Regex: `\\[metric\\] ${metric}=([-+0-9.eE]+);`,
          })),
        },
        TrainingResources: {
          InstanceType: this.settings.trainingInstanceType,
          InstanceCount: 1,
          VolumeSizeInGB: 10,
        },
      },
      grants: [
        this.invoke([prepare, recordRun, choose, judge]),
        {
          sid: 'TrainCandidates',
          actions: ['sagemaker:CreateTrainingJob', 'sagemaker:DescribeTrainingJob', 'sagemaker:StopTrainingJob'],
          resources: [sageMakerArn(this, 'training-job', `${name}-*`)],
          wildcardReason: 'Jobs are named by the model, the plan and the candidate',
        },
        this.passModelRole(),
        {
          sid: 'HearOfJobs',
          actions: ['events:DescribeRule', 'events:PutRule', 'events:PutTargets'],
          resources: [
            this.formatArn({
              service: 'events',
              resource: 'rule',
              resourceName: 'StepFunctionsGetEventsForSageMakerTrainingJobsRule',
            }),
          ],
        },
        { sid: 'StartPromotion', actions: ['states:StartExecution'], resources: [promote.arn] },
      ],
    });
  }

  protected promotion(name: ModelName, served: ServedModel, image: DockerImageAsset): GridStateMachine {
    return new GridStateMachine(this, `Promote${pascal(name)}`, {
      settings: this.settings,
      name: 'promote-model',
      dataKeyArn: this.dataKeyArn,
      substitutions: {
        Model: name,
        ModelRole: this.modelRole.roleArn,
        ModelImage: image.imageUri,
        ChampionParameter: served.championParameter,
        EndpointName: served.endpointName,
        RunsTable: this.#runs,
        ProductionVariant: productionVariant(this.settings),
        DeploymentConfig: deploymentConfig(this.settings, served.alarms),
      },
      grants: [
        {
          sid: 'NameChampion',
          actions: ['ssm:GetParameter', 'ssm:PutParameter'],
          resources: [this.parameterArn(name)],
        },
        {
          sid: 'ServeVersions',
          actions: [
            'sagemaker:CreateEndpointConfig',
            'sagemaker:CreateModel',
            'sagemaker:DescribeEndpoint',
            'sagemaker:UpdateEndpoint',
            'sagemaker:UpdateModelPackage',
          ],
          resources: [
            sageMakerArn(this, 'model', `${name}-*`),
            sageMakerArn(this, 'endpoint-config', `${name}-*`),
            sageMakerArn(this, 'endpoint', served.endpointName),
            sageMakerArn(this, 'model-package', `${served.packageGroupName}/*`),
          ],
          wildcardReason:
            'Each promotion makes a model and a configuration of its own, named by the model and the execution',
        },
        this.passModelRole(),
        {
          sid: 'WatchCanary',
          actions: ['cloudwatch:DescribeAlarms'],
          resources: served.alarms.map(({ alarmArn }) => alarmArn),
        },
        this.onRuns('dynamodb:UpdateItem'),
        useDataKey(this.dataKeyArn, 'write'),
      ],
    });
  }

  protected parameterArn(name: ModelName): string {
    const parameter = championParameter(this.settings.stage, name).slice(1);
    return this.formatArn({ service: 'ssm', resource: 'parameter', resourceName: parameter });
  }

  protected readDatabase(): Grant {
    return connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_reader');
  }

  protected onRuns(...actions: string[]): Grant {
    return { sid: 'KeepRuns', actions, resources: [tableArn(this, this.#runs)] };
  }

  protected readObjects(prefixes: readonly string[]): Grant {
    return {
      sid: 'ReadObjects',
      actions: ['s3:GetObject'],
      resources: prefixes.map((prefix) => `${bucketArn(this, this.bucket)}/${prefix}/*`),
      wildcardReason: 'Keys are named by run and content',
    };
  }

  protected putObjects(prefix: string): Grant {
    return {
      sid: 'PutObjects',
      actions: ['s3:PutObject'],
      resources: [`${bucketArn(this, this.bucket)}/${prefix}/*`],
      wildcardReason: 'Keys are named by run and content',
    };
  }

  protected invokeEndpoint({ endpointName }: ServedModel): Grant {
    return {
      sid: 'AskModel',
      actions: ['sagemaker:InvokeEndpoint'],
      resources: [sageMakerArn(this, 'endpoint', endpointName)],
    };
  }

  protected invoke(functions: readonly GridFunction[]): Grant {
    return {
      sid: 'RunTasks',
      actions: ['lambda:InvokeFunction'],
      resources: functions.map(({ lambda }) => lambda.functionArn),
    };
  }

  protected passModelRole(): Grant {
    return {
      sid: 'PassModelRole',
      actions: ['iam:PassRole'],
      resources: [this.modelRole.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
    };
  }
}

export const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
