import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateModelPackageCommand,
  CreateTrainingJobCommand,
  DescribeEndpointCommand,
  DescribeModelPackageCommand,
  DescribeTrainingJobCommand,
  ListModelPackagesCommand,
  SageMakerClient,
  StopTrainingJobCommand,
  UpdateEndpointCommand,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import * as tar from 'tar';
import { verifySeal } from '../../../models/container/sealed-model.ts';
import { seededRandom } from '../../harness/seeded-random.ts';
import { assemblyOf, roleWith, type SmallCloud, smallCloud } from '../kernel/small-cloud.ts';
import { addMeanImage, MEAN_IMAGE } from './mean-image.ts';

const roleOf = (service: string, ...statements: object[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    },
    Policies: [{ PolicyName: 'own', PolicyDocument: { Statement: statements } }],
  },
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const allow = (action: string | string[], resource: unknown = '*') => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
});
const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

const rings = (metric: string, threshold: number, statistic: string, endpoint: string) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmName: `${endpoint}-${metric}`,
    Namespace: 'AWS/SageMaker',
    MetricName: metric,
    Dimensions: [
      { Name: 'EndpointName', Value: endpoint },
      { Name: 'VariantName', Value: 'main' },
    ],
    Statistic: statistic,
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: threshold,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
  },
});

const ENDPOINTS = ['errors', 'slow', 'good'] as const;
const machine = {
  StartAt: 'TrainMean',
  States: {
    TrainMean: {
      Type: 'Task',
      Resource: 'arn:aws:states:::sagemaker:createTrainingJob.sync',
      Parameters: {
        'TrainingJobName.$': '$$.Execution.Name',
        RoleArn: '${Role}',
        AlgorithmSpecification: { TrainingImage: MEAN_IMAGE, TrainingInputMode: 'File' },
        'HyperParameters.$': '$.hyperparameters',
        InputDataConfig: [
          {
            ChannelName: 'train',
            DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://${Bucket}/train/' } },
          },
        ],
        OutputDataConfig: { S3OutputPath: 's3://${Bucket}/jobs' },
        ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
        StoppingCondition: { MaxRuntimeInSeconds: 60 },
      },
      ResultSelector: { 'model.$': '$.ModelArtifacts.S3ModelArtifacts' },
      Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'Failed', ResultPath: '$.failure' }],
      End: true,
    },
    Failed: { Type: 'Fail', Error: 'TrainingFailed', CausePath: '$.failure.Cause' },
  },
};

const TEMPLATE = {
  Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'models' } },
  Trainer: roleOf('sagemaker.amazonaws.com', allow(['s3:GetObject', 's3:PutObject', 's3:ListBucket'])),
  Blind: roleOf('sagemaker.amazonaws.com'),
  Caller: roleWith(allow(['sagemaker:*', 's3:*'])),
  Passer: roleWith(
    allow(['sagemaker:*', 's3:*', 'states:*']),
    allow('iam:PassRole', arnOf('Trainer')),
    allow('iam:PassRole', arnOf('Blind')),
  ),
  MachineRole: roleOf(
    'states.amazonaws.com',
    allow(['sagemaker:CreateTrainingJob', 'sagemaker:DescribeTrainingJob']),
    allow('iam:PassRole', arnOf('Trainer')),
    allow(['events:PutTargets', 'events:PutRule', 'events:DescribeRule']),
  ),
  Group: { Type: 'AWS::SageMaker::ModelPackageGroup', Properties: { ModelPackageGroupName: 'means' } },
  KilledGroup: { Type: 'AWS::SageMaker::ModelPackageGroup', Properties: { ModelPackageGroupName: 'killed-means' } },
  Machine: {
    Type: 'AWS::StepFunctions::StateMachine',
    Properties: {
      StateMachineName: 'train-mean',
      DefinitionString: JSON.stringify(machine),
      DefinitionSubstitutions: { Role: arnOf('Trainer'), Bucket: { Ref: 'Bucket' } },
      RoleArn: arnOf('MachineRole'),
    },
  },
  SeedModel: {
    Type: 'AWS::SageMaker::Model',
    Properties: {
      ExecutionRoleArn: arnOf('Trainer'),
      PrimaryContainer: { Image: MEAN_IMAGE, ModelDataUrl: 's3://models/jobs/job-1/output/model.tar.gz' },
    },
  },
  SeedConfig: {
    Type: 'AWS::SageMaker::EndpointConfig',
    Properties: {
      ProductionVariants: [
        {
          VariantName: 'main',
          ModelName: { 'Fn::GetAtt': ['SeedModel', 'ModelName'] },
          InitialInstanceCount: 2,
          InstanceType: 'ml.m5.large',
          InitialVariantWeight: 1,
        },
      ],
    },
  },
  ...Object.fromEntries(
    ENDPOINTS.flatMap((name) => [
      [
        `Endpoint${name}`,
        {
          Type: 'AWS::SageMaker::Endpoint',
          Properties: {
            EndpointName: name,
            EndpointConfigName: { 'Fn::GetAtt': ['SeedConfig', 'EndpointConfigName'] },
          },
        },
      ],
      [`Errors${name}`, rings('Invocation5XXErrors', 0, 'Sum', name)],
      [`Slow${name}`, rings('ModelLatency', 200_000, 'Maximum', name)],
    ]),
  ),
};

let cloud: SmallCloud;
let sagemaker: SageMakerClient;
let runtime: SageMakerRuntimeClient;
let s3: S3Client;
let roles: Record<'Trainer' | 'Blind', string>;

beforeAll(async () => {
  cloud = await smallCloud(TEMPLATE, {}, addMeanImage);
  const settings = cloud.as(cloud.role('Passer'));
  sagemaker = new SageMakerClient(settings);
  runtime = new SageMakerRuntimeClient(settings);
  s3 = new S3Client({ ...settings, forcePathStyle: true });
  const arn = (id: string) => (cloud.role(id) as { roleArn: string }).roleArn;
  roles = { Trainer: arn('Trainer'), Blind: arn('Blind') };
  await s3.send(new PutObjectCommand({ Bucket: 'models', Key: 'train/values.csv', Body: '1\n2\n6\n' }));
}, 60_000);
afterAll(() => cloud?.stop());

const job = (name: string, over: { role?: string; hyperparameters?: Record<string, string>; prefix?: string } = {}) =>
  new CreateTrainingJobCommand({
    TrainingJobName: name,
    RoleArn: over.role ?? roles.Trainer,
    AlgorithmSpecification: {
      TrainingImage: MEAN_IMAGE,
      TrainingInputMode: 'File',
      MetricDefinitions: [{ Name: 'mean', Regex: String.raw`\[metric\] mean=([-+0-9.eE]+);` }],
    },
    HyperParameters: over.hyperparameters ?? {},
    InputDataConfig: [
      {
        ChannelName: 'train',
        DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `s3://models/${over.prefix ?? 'train'}/` } },
      },
    ],
    OutputDataConfig: { S3OutputPath: 's3://models/jobs' },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
    StoppingCondition: { MaxRuntimeInSeconds: 60 },
  });

async function ended(name: string) {
  for (;;) {
    const found = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name }));
    if (['Completed', 'Failed', 'Stopped'].includes(found.TrainingJobStatus ?? '')) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
async function trained(name: string, over: Parameters<typeof job>[1] = {}) {
  await sagemaker.send(job(name, over));
  return ended(name);
}

describe('training', () => {
  test('the image trains on the channel and its model lands in S3, with its figures', async () => {
    const done = await trained('job-1');
    expect([done.TrainingJobStatus, done.FailureReason]).toEqual(['Completed', undefined]);
    expect(done.FinalMetricDataList?.map(({ MetricName, Value }) => [MetricName, Value])).toEqual([['mean', 3]]);
    expect(done.ModelArtifacts?.S3ModelArtifacts).toBe('s3://models/jobs/job-1/output/model.tar.gz');
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'models', Key: 'jobs/job-1/output/model.tar.gz' }));
    const file = join(cloud.directory, 'model.tar.gz');
    writeFileSync(file, await (Body as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray());
    const names: string[] = [];
    tar.list({ sync: true, file, onReadEntry: ({ path }) => names.push(path) });
    expect(names.filter((name) => !name.endsWith('/')).sort()).toEqual([
      './fault.txt',
      './manifest.json',
      './mean.json',
      './scale.json',
    ]);
  });

  test('a name twice, a role not passed, a role that may not read, nothing to read', async () => {
    await expect(sagemaker.send(job('job-1'))).rejects.toMatchObject({ name: 'ResourceInUse' });
    const caller = new SageMakerClient(cloud.as(cloud.role('Caller')));
    await expect(caller.send(job('job-2'))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('iam:PassRole'),
    });
    expect(await trained('job-3', { role: roles.Blind })).toMatchObject({
      TrainingJobStatus: 'Failed',
      FailureReason: expect.stringContaining('ClientError'),
    });
    expect(await trained('job-4', { prefix: 'nowhere' })).toMatchObject({
      FailureReason: expect.stringContaining('No S3 objects found'),
    });
  });

  test('a failing model says why, a stopped one leaves none', async () => {
    await s3.send(new PutObjectCommand({ Bucket: 'models', Key: 'bad/values.csv', Body: 'x\n' }));
    expect(await trained('job-5', { prefix: 'bad' })).toMatchObject({
      TrainingJobStatus: 'Failed',
      FailureReason: 'AlgorithmError: values.csv holds what is no number, exit code: 1',
    });
    await sagemaker.send(job('job-6', { hyperparameters: { pauseMs: '60000' } }));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await sagemaker.send(new StopTrainingJobCommand({ TrainingJobName: 'job-6' }));
    const stopped = await ended('job-6');
    expect([stopped.TrainingJobStatus, stopped.ModelArtifacts]).toEqual(['Stopped', undefined]);
  });

  test('a machine trains by .sync, and fails by name when the job does', async () => {
    const states = new SFNClient(cloud.as(cloud.role('Passer')));
    const stateMachineArn = cloud.cloud.arn('states', 'stateMachine:train-mean');
    const run = async (name: string, pauseMs: string) => {
      const { executionArn } = await states.send(
        new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify({ hyperparameters: { pauseMs } }) }),
      );
      for (;;) {
        const found = await states.send(new DescribeExecutionCommand({ executionArn }));
        if (found.status !== 'RUNNING') return found;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    expect(await run('by-machine', '1')).toMatchObject({
      status: 'SUCCEEDED',
      output: '{"model":"s3://models/jobs/by-machine/output/model.tar.gz"}',
    });
    expect(await run('job-5', '1')).toMatchObject({ status: 'FAILED', error: 'TrainingFailed' });
  });
});

test('the registry numbers versions, and takes a repeated request once', async () => {
  const create = (token: string) =>
    sagemaker.send(
      new CreateModelPackageCommand({
        ModelPackageGroupName: 'means',
        ModelApprovalStatus: 'PendingManualApproval',
        InferenceSpecification: {
          Containers: [{ Image: MEAN_IMAGE, ModelDataUrl: 's3://models/jobs/job-1/output/model.tar.gz' }],
          SupportedContentTypes: ['application/json'],
          SupportedResponseMIMETypes: ['application/json'],
        },
        ClientToken: token,
      }),
    );
  const [first, second, again] = [await create('a'), await create('b'), await create('a')];
  expect(first.ModelPackageArn).toMatch(/model-package\/means\/1$/);
  expect(second.ModelPackageArn).toMatch(/model-package\/means\/2$/);
  expect(again.ModelPackageArn).toBe(first.ModelPackageArn);
  const { ModelPackageSummaryList } = await sagemaker.send(
    new ListModelPackagesCommand({ ModelPackageGroupName: 'means' }),
  );
  expect(ModelPackageSummaryList?.map(({ ModelPackageVersion }) => ModelPackageVersion)).toEqual([2, 1]);
});

describe('a trainer that is killed', () => {
  const KILLS = 10;
  const GROUP = 'killed-means';
  const hyperparameters = { pauseMs: '100', parts: '300' };

  /** Process of a training job's container; undefined before it began, and after it ended. */
  const trainerOf = (name: string): number | undefined => {
    const processes = execFileSync('ps', ['-ww', '-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
    const own = processes.find((line) => line.includes(`/jobs/${name}/`) || line.includes(`/jobs/${name} `));
    return own === undefined ? undefined : Number.parseInt(own, 10);
  };

  /** Trains by the machine and registers what it says it made; SIGKILL so long after the trainer began. */
  const trainAndRegister = async (states: SFNClient, name: string, delayMs: number) => {
    const stateMachineArn = cloud.cloud.arn('states', 'stateMachine:train-mean');
    const { executionArn } = await states.send(
      new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify({ hyperparameters }) }),
    );
    let trainer: number | undefined;
    for (const until = Date.now() + 20_000; trainer === undefined && Date.now() < until; await pause(5))
      trainer = trainerOf(name);
    expect(trainer).toBeGreaterThan(0);
    const began = performance.now();
    if (Number.isFinite(delayMs)) {
      await pause(delayMs);
      if (trainerOf(name) === trainer) process.kill(trainer as number, 'SIGKILL');
    }
    for (;;) {
      const { status, output } = await states.send(new DescribeExecutionCommand({ executionArn }));
      if (status === 'RUNNING') {
        await pause(20);
        continue;
      }
      const ms = performance.now() - began;
      if (status !== 'SUCCEEDED') return { ms, registered: false };
      const { model } = JSON.parse(output ?? '{}') as { model: string };
      await sagemaker.send(
        new CreateModelPackageCommand({
          ModelPackageGroupName: GROUP,
          ModelApprovalStatus: 'PendingManualApproval',
          InferenceSpecification: {
            Containers: [{ Image: MEAN_IMAGE, ModelDataUrl: model }],
            SupportedContentTypes: ['application/json'],
            SupportedResponseMIMETypes: ['application/json'],
          },
          ClientToken: name,
        }),
      );
      return { ms, registered: true };
    }
  };

  /** Where the versions of the registry are. */
  const registered = async (): Promise<string[]> => {
    const { ModelPackageSummaryList = [] } = await sagemaker.send(
      new ListModelPackagesCommand({ ModelPackageGroupName: GROUP }),
    );
    const described = ModelPackageSummaryList.map(({ ModelPackageArn }) =>
      sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: ModelPackageArn })),
    );
    return (await Promise.all(described)).map(
      ({ InferenceSpecification }) => InferenceSpecification?.Containers?.[0]?.ModelDataUrl ?? '',
    );
  };

  test('at random points never leaves half a model in the registry', async () => {
    const states = new SFNClient(cloud.as(cloud.role('Passer')));
    const random = seededRandom(20_261);
    const undisturbed = await trainAndRegister(states, 'undisturbed', Number.POSITIVE_INFINITY);
    expect(undisturbed.registered).toBe(true);
    let whole = 1;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const delayMs = ((kill + random()) / KILLS) * undisturbed.ms;
      if ((await trainAndRegister(states, `killed-${kill}`, delayMs)).registered) whole += 1;
    }
    states.destroy();
    expect(whole).toBeLessThan(KILLS);
    const versions = await registered();
    expect(versions).toHaveLength(whole);
    for (const [n, url] of versions.entries()) {
      const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url) ?? [];
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const file = join(cloud.directory, `version-${n}.tar.gz`);
      const cwd = join(cloud.directory, `version-${n}`);
      mkdirSync(cwd);
      writeFileSync(file, await (Body as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray());
      tar.extract({ sync: true, file, cwd });
      expect([url, verifySeal({ name: 'mean', folder: cwd })]).toEqual([url, expect.stringMatching(/^[0-9a-f]{16}$/)]);
    }
  }, 120_000);
});

describe('endpoints', () => {
  const ask = async (endpoint: string, body = '{"count":1}') => {
    const answer = await runtime.send(
      new InvokeEndpointCommand({ EndpointName: endpoint, ContentType: 'application/json', Body: body }),
    );
    return JSON.parse(new TextDecoder().decode(answer.Body)) as { values: number[] };
  };
  const asking = async (endpoint: string, until: () => boolean) => {
    while (!until()) {
      await ask(endpoint).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  };

  test('the trained model answers; what it refuses comes back as a model error', async () => {
    expect(await ask('good')).toEqual({ values: [3] });
    await expect(ask('good', '{"count":0}')).rejects.toMatchObject({ name: 'ModelError', OriginalStatusCode: 400 });
    await expect(ask('nowhere')).rejects.toMatchObject({ name: 'ValidationError' });
  });

  async function canary(endpoint: string, seconds: number, hyperparameters: Record<string, string>) {
    const { ModelArtifacts } = await trained(`for-${endpoint}`, { hyperparameters });
    await sagemaker.send(
      new CreateModelCommand({
        ModelName: `model-${endpoint}`,
        ExecutionRoleArn: roles.Trainer,
        PrimaryContainer: { Image: MEAN_IMAGE, ModelDataUrl: ModelArtifacts?.S3ModelArtifacts },
      }),
    );
    const EndpointConfigName = `config-${endpoint}`;
    await sagemaker.send(
      new CreateEndpointConfigCommand({
        EndpointConfigName,
        ProductionVariants: [
          { VariantName: 'main', ModelName: `model-${endpoint}`, InitialInstanceCount: 2, InstanceType: 'ml.m5.large' },
        ],
      }),
    );
    await sagemaker.send(
      new UpdateEndpointCommand({
        EndpointName: endpoint,
        EndpointConfigName,
        DeploymentConfig: {
          BlueGreenUpdatePolicy: {
            TrafficRoutingConfiguration: {
              Type: 'CANARY',
              CanarySize: { Type: 'CAPACITY_PERCENT', Value: 50 },
              WaitIntervalInSeconds: seconds,
            },
            TerminationWaitInSeconds: 0,
          },
          AutoRollbackConfiguration: {
            Alarms: [{ AlarmName: `${endpoint}-Invocation5XXErrors` }, { AlarmName: `${endpoint}-ModelLatency` }],
          },
        },
      }),
    );
    let done: Awaited<ReturnType<typeof described>> | undefined;
    const described = () => sagemaker.send(new DescribeEndpointCommand({ EndpointName: endpoint }));
    const watching = (async () => {
      do {
        await new Promise((resolve) => setTimeout(resolve, 300));
        done = await described();
      } while (done.EndpointStatus === 'Updating');
    })();
    let ready = false;
    void watching.then(() => {
      ready = true;
    });
    await asking(endpoint, () => ready);
    await watching;
    return done;
  }

  test('a canary that fails or is slow goes back by its alarm; a good one takes over', async () => {
    for (const endpoint of ENDPOINTS) expect(await ask(endpoint)).toEqual({ values: [3] });
    const [errors, slow, good] = await Promise.all([
      canary('errors', 75, { fault: 'errors' }),
      canary('slow', 75, { fault: 'slow' }),
      canary('good', 5, { scale: '2' }),
    ]);
    expect(errors).toMatchObject({
      EndpointStatus: 'InService',
      FailureReason: expect.stringContaining('Alarm errors-Invocation5XXErrors'),
    });
    expect(slow).toMatchObject({
      EndpointStatus: 'InService',
      FailureReason: expect.stringContaining('Alarm slow-ModelLatency'),
    });
    expect(errors?.EndpointConfigName).not.toBe('config-errors');
    expect([good?.EndpointConfigName, good?.FailureReason]).toEqual(['config-good', undefined]);
    expect(await ask('errors')).toEqual({ values: [3] });
    expect(await ask('slow')).toEqual({ values: [3] });
    expect(await ask('good')).toEqual({ values: [6] });
  }, 240_000);
});

test('what a machine asks for and this cloud cannot do is refused at start', async () => {
  const refused = async (definition: object) => {
    const template = {
      Role: roleOf('states.amazonaws.com'),
      Machine: {
        Type: 'AWS::StepFunctions::StateMachine',
        Properties: { DefinitionString: JSON.stringify(definition), RoleArn: arnOf('Role') },
      },
    };
    expect(assemblyOf(template)).toBeTruthy();
    return smallCloud(template).then(
      () => 'started',
      (failure: { failures: { reason: string }[] }) => failure.failures[0]?.reason,
    );
  };
  const pass = (more: object = {}) => ({ StartAt: 'A', States: { A: { Type: 'Pass', End: true, ...more } } });
  expect(await refused({ ...pass(), QueryLanguage: 'JSONata' })).toContain('JSONata');
  expect(await refused(pass({ Assign: { x: 1 } }))).toContain('Assign');
  expect(await refused(pass({ Type: 'Task', Resource: 'arn:aws:states:::ecs:runTask' }))).toContain('ecs:runTask');
  expect(
    await refused(
      pass({ Type: 'Task', Resource: 'arn:aws:states:::sagemaker:createTrainingJob.sync', Parameters: {} }),
    ),
  ).toContain('events:PutTargets');
});
