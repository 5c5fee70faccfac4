import { ArnFormat, Duration } from 'aws-cdk-lib';
import type { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { MODELS, type ModelName } from '../../layers/contracts/models/learning.ts';
import type { StageSettings } from '../config/stages.ts';
import { bundleModel } from '../constructs/bundle.ts';
import { bucketArn, connectDatabase, tableArn, useDataKey } from '../constructs/grants.ts';
import { type Grant, GridFunction, type GridFunctionProps } from '../constructs/grid-function.ts';
import { GridStateMachine } from '../constructs/grid-state-machine.ts';
import { MachineSchedule } from '../constructs/machine-schedule.ts';
import { seedModel } from '../constructs/seed-model.ts';
import {
  championParameter,
  deploymentConfig,
  modelImage,
  productionVariant,
  ServedModel,
  sageMakerArn,
} from '../constructs/served-model.ts';
import { explainGrants } from '../constructs/wildcards.ts';
import { CLOUDFORMATION_WAITS, StageStack } from './stage-stack.ts';

/** Figures that training prints and the runs keep, as `[metric] name=value;`. */
const TRAINING_METRICS = ['error', 'pinball', 'entities', 'residuals'] as const;

const MISSED = 'The next hour or night does what a missed one left; an execution that fails is kept with its reason';
const TASK = 'Called by a state machine, which sees the failure, retries and ends in error; never asynchronously';

type TaskProps = Pick<GridFunctionProps, 'name' | 'memoryMb' | 'environment' | 'grants'> & {
  readonly inNetwork?: boolean;
  readonly timeout?: Duration;
};

/** From readings to what comes next: models, how they are trained, judged, served, and what they are asked every hour. */
export class IntelligenceStack extends StageStack {
  readonly #bucket: string;
  readonly #runs: string;
  readonly #dataKeyArn: string;
  readonly #modelRole: Role;

  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'intelligence', { settings, description: 'models, training, endpoints, forecasts' });
    this.#bucket = this.wire('storage/models-bucket');
    this.#runs = this.wire('storage/runs-table');
    this.#dataKeyArn = this.wire('network/data-key-arn');
    const contexts = new Map(MODELS.map((name) => [name, bundleModel(name)]));
    const images = new Map(
      MODELS.map((name) => [name, modelImage(this, `${name}-image`, contexts.get(name) as string)]),
    );
    const seeds = new Map(MODELS.map((name) => [name, seedModel(name, contexts.get(name) as string)]));
    this.#modelRole = this.modelRole([...images.values()]);
    const seed = this.seedFunction(seeds);
    const recordRun = this.recordRun();
    for (const name of MODELS) {
      const image = images.get(name) as DockerImageAsset;
      const served = new ServedModel(this, pascal(name), {
        settings,
        name,
        image,
        roleArn: this.#modelRole.roleArn,
        modelsBucket: this.#bucket,
        seedFunctionArn: seed.lambda.functionArn,
        seed: seeds.get(name) as string,
      });
      const promote = this.promotion(name, served, image);
      const train = this.training({ name, served, image, promote, recordRun });
      this.publish('intelligence/forecast-promotion-machine', promote.arn);
      this.publish('intelligence/forecast-training-machine', train.arn);
      new MachineSchedule(this, `${pascal(name)}Nightly`, {
        description: 'Trains again and lets the gate decide',
        expression: 'cron(15 16 * * ? *)',
        machine: train,
        input: { reason: 'schedule', budgetMinutes: 30 },
        missed: MISSED,
      });
      this.issuing(served, train);
    }
  }

  /** What SageMaker may do for a container: read and write its bucket, pull its image, write logs and metrics. The container itself reaches nothing. */
  private modelRole(images: readonly DockerImageAsset[]): Role {
    const repositories = [...new Set(images.map(({ repository }) => repository.repositoryArn))];
    const objects = `${bucketArn(this, this.#bucket)}/*`;
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
      { sid: 'ListArtefacts', actions: ['s3:ListBucket'], resources: [bucketArn(this, this.#bucket)] },
      useDataKey(this.#dataKeyArn, 'write'),
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
    const role = new Role(this, 'ModelRole', {
      assumedBy: new ServicePrincipal('sagemaker.amazonaws.com'),
      inlinePolicies: {
        grants: new PolicyDocument({
          statements: grants.map(
            ({ sid, actions, resources }) =>
              new PolicyStatement({ sid, effect: Effect.ALLOW, actions: [...actions], resources: [...resources] }),
          ),
        }),
      },
    });
    explainGrants(role, grants);
    return role;
  }

  private task(id: string, { inNetwork = false, timeout = Duration.minutes(5), ...props }: TaskProps): GridFunction {
    return new GridFunction(this, id, {
      ...props,
      settings: this.settings,
      dataKeyArn: this.#dataKeyArn,
      timeout,
      noDeadLetters: TASK,
      ...(inNetwork ? { network: this.functionNetwork() } : {}),
    });
  }

  private seedFunction(seeds: ReadonlyMap<ModelName, string>): GridFunction {
    return new GridFunction(this, 'SeedChampion', {
      settings: this.settings,
      name: 'learn/seed-champion',
      timeout: Duration.minutes(2),
      memoryMb: 512,
      dataKeyArn: this.#dataKeyArn,
      noDeadLetters: CLOUDFORMATION_WAITS,
      files: [...seeds].map(([name, from]) => ({ from, to: `seeds/${name}` })),
      grants: [
        {
          sid: 'PutSeeds',
          actions: ['s3:PutObject'],
          resources: [`${bucketArn(this, this.#bucket)}/seeds/*`],
          wildcardReason: 'A seed is named by the hash of its bytes',
        },
        useDataKey(this.#dataKeyArn, 'write'),
        {
          sid: 'NameFirstChampion',
          actions: ['ssm:GetParameter', 'ssm:PutParameter'],
          resources: MODELS.map((name) => this.parameterArn(name)),
        },
      ],
    });
  }

  private recordRun(): GridFunction {
    return this.task('RecordRun', {
      name: 'learn/record-run',
      memoryMb: 256,
      environment: { RUNS_TABLE: this.#runs },
      grants: [this.onRuns('dynamodb:PutItem'), useDataKey(this.#dataKeyArn, 'write')],
    });
  }

  private training({
    name,
    served,
    image,
    promote,
    recordRun,
  }: {
    name: ModelName;
    served: ServedModel;
    image: DockerImageAsset;
    promote: GridStateMachine;
    recordRun: GridFunction;
  }): GridStateMachine {
    const prepare = this.task(`Prepare${pascal(name)}Training`, {
      name: 'learn/prepare-training',
      memoryMb: 2048,
      timeout: Duration.minutes(14),
      inNetwork: true,
      environment: { ...this.databaseEnvironment('grid_reader'), MODELS_BUCKET: this.#bucket },
      grants: [this.readDatabase(), this.putObjects('training'), useDataKey(this.#dataKeyArn, 'write')],
    });
    const choose = this.task(`Choose${pascal(name)}Candidate`, {
      name: 'learn/choose-candidate',
      memoryMb: 256,
      grants: [],
    });
    const judge = this.task(`Judge${pascal(name)}Candidate`, {
      name: 'learn/judge-candidate',
      memoryMb: 1024,
      timeout: Duration.minutes(14),
      environment: {
        MODELS_BUCKET: this.#bucket,
        RUNS_TABLE: this.#runs,
        ENDPOINT_NAME: served.endpointName,
        MODEL_IMAGE: image.imageUri,
        PACKAGE_GROUP: served.packageGroupName,
      },
      grants: [
        this.readObjects(['runs', 'training']),
        this.invokeEndpoint(served),
        this.onRuns('dynamodb:PutItem'),
        useDataKey(this.#dataKeyArn, 'write'),
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
      dataKeyArn: this.#dataKeyArn,
      substitutions: {
        Model: name,
        PrepareTraining: prepare.lambda.functionArn,
        RecordRun: recordRun.lambda.functionArn,
        ChooseCandidate: choose.lambda.functionArn,
        JudgeCandidate: judge.lambda.functionArn,
        PromoteModel: promote.arn,
        ModelRole: this.#modelRole.roleArn,
        DataKey: this.#dataKeyArn,
        AlgorithmSpecification: {
          TrainingImage: image.imageUri,
          TrainingInputMode: 'File',
          MetricDefinitions: TRAINING_METRICS.map((metric) => ({
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

  private promotion(name: ModelName, served: ServedModel, image: DockerImageAsset): GridStateMachine {
    return new GridStateMachine(this, `Promote${pascal(name)}`, {
      settings: this.settings,
      name: 'promote-model',
      dataKeyArn: this.#dataKeyArn,
      substitutions: {
        Model: name,
        ModelRole: this.#modelRole.roleArn,
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
        useDataKey(this.#dataKeyArn, 'write'),
      ],
    });
  }

  private issuing(served: ServedModel, train: GridStateMachine): void {
    const build = this.task('BuildForecastRequests', {
      name: 'learn/build-forecast-requests',
      memoryMb: 1024,
      inNetwork: true,
      environment: {
        ...this.databaseEnvironment('grid_reader'),
        MODELS_BUCKET: this.#bucket,
        METER_FORECASTS: this.settings.meterForecasts ? 'on' : 'off',
      },
      grants: [this.readDatabase(), this.putObjects('forecasts'), useDataKey(this.#dataKeyArn, 'write')],
    });
    const ask = this.task('AskForecastModel', {
      name: 'learn/ask-forecast-model',
      memoryMb: 512,
      environment: { MODELS_BUCKET: this.#bucket, ENDPOINT_NAME: served.endpointName },
      grants: [
        this.readObjects(['forecasts']),
        this.putObjects('forecasts'),
        this.invokeEndpoint(served),
        useDataKey(this.#dataKeyArn, 'write'),
      ],
    });
    const store = this.task('StoreForecasts', {
      name: 'learn/store-forecasts',
      memoryMb: 1024,
      inNetwork: true,
      environment: { ...this.databaseEnvironment('grid_writer'), MODELS_BUCKET: this.#bucket },
      grants: [
        connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_writer'),
        this.readObjects(['forecasts']),
        useDataKey(this.#dataKeyArn, 'read'),
      ],
    });
    const issue = new GridStateMachine(this, 'IssueForecasts', {
      settings: this.settings,
      name: 'issue-forecasts',
      dataKeyArn: this.#dataKeyArn,
      substitutions: {
        BuildRequests: build.lambda.functionArn,
        AskModel: ask.lambda.functionArn,
        StoreForecasts: store.lambda.functionArn,
        TrainModel: train.arn,
      },
      grants: [
        this.invoke([build, ask, store]),
        { sid: 'StartTraining', actions: ['states:StartExecution'], resources: [train.arn] },
      ],
    });
    this.publish('intelligence/forecast-issuing-machine', issue.arn);
    new MachineSchedule(this, 'HourlyForecasts', {
      description: 'Issues forecasts from what was read',
      expression: 'cron(7 * * * ? *)',
      machine: issue,
      input: {},
      missed: MISSED,
    });
  }

  private parameterArn(name: ModelName): string {
    const parameter = championParameter(this.settings.stage, name).slice(1);
    return this.formatArn({ service: 'ssm', resource: 'parameter', resourceName: parameter });
  }

  private readDatabase(): Grant {
    return connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_reader');
  }

  private onRuns(...actions: string[]): Grant {
    return { sid: 'KeepRuns', actions, resources: [tableArn(this, this.#runs)] };
  }

  private readObjects(prefixes: readonly string[]): Grant {
    return {
      sid: 'ReadObjects',
      actions: ['s3:GetObject'],
      resources: prefixes.map((prefix) => `${bucketArn(this, this.#bucket)}/${prefix}/*`),
      wildcardReason: 'Keys are named by run and content',
    };
  }

  private putObjects(prefix: string): Grant {
    return {
      sid: 'PutObjects',
      actions: ['s3:PutObject'],
      resources: [`${bucketArn(this, this.#bucket)}/${prefix}/*`],
      wildcardReason: 'Keys are named by run and content',
    };
  }

  private invokeEndpoint({ endpointName }: ServedModel): Grant {
    return {
      sid: 'AskModel',
      actions: ['sagemaker:InvokeEndpoint'],
      resources: [sageMakerArn(this, 'endpoint', endpointName)],
    };
  }

  private invoke(functions: readonly GridFunction[]): Grant {
    return {
      sid: 'RunTasks',
      actions: ['lambda:InvokeFunction'],
      resources: functions.map(({ lambda }) => lambda.functionArn),
    };
  }

  private passModelRole(): Grant {
    return {
      sid: 'PassModelRole',
      actions: ['iam:PassRole'],
      resources: [this.#modelRole.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
    };
  }
}

const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
