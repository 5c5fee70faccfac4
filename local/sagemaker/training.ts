import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, listAt, textAt } from '../kernel/properties.ts';
import { AwsFailure, type Cloud, type Principal } from '../kernel/types.ts';
import { type Container, startContainer } from './container.ts';
import { imageAt } from './image.ts';
import { Objects } from './objects.ts';
import type { Document, SageMakerState } from './state.ts';

/** Jobs that run at one time; the others wait as Pending. A laptop has other things to do. */
const AT_ONCE = 1;
/** SIGKILL this long after SIGTERM. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html */
const STOP_MS = 120_000;
const NAME = /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/;

interface Running {
  container?: Container;
  stop: boolean;
}

/** Training jobs: the image's `train` over the channels' objects, its model and output packed back into S3. */
export class Training {
  readonly #cloud: Cloud;
  readonly #state: SageMakerState;
  readonly #folder: string;
  readonly #running = new Map<string, Running>();
  readonly #waiting: string[] = [];

  constructor(cloud: Cloud, state: SageMakerState, folder: string) {
    this.#cloud = cloud;
    this.#state = state;
    this.#folder = folder;
    // A job that ran when this cloud ended has lost its machine.
    for (const job of Object.values(state.kept.jobs)) {
      if (!['Completed', 'Failed', 'Stopped'].includes(String(job.TrainingJobStatus)))
        Object.assign(job, failed('InternalServerError: the machine of the job is gone'), this.#ends());
    }
  }

  create(input: Document): Document {
    const name = String(input.TrainingJobName);
    const { jobs } = this.#state.kept;
    if (!NAME.test(name))
      throw new AwsFailure('ValidationException', `TrainingJobName ${name} must match ${NAME.source}`);
    if (jobs[name]) throw new AwsFailure('ResourceInUse', `Training job names must be unique: ${name} exists.`);
    for (const [key, value] of Object.entries((input.HyperParameters ?? {}) as Document)) {
      if (typeof value !== 'string' || key.length > 256 || value.length > 2500)
        throw new AwsFailure('ValidationException', `Hyperparameter ${key} must be text of at most 2500 characters`);
    }
    const image = String(at(input, 'AlgorithmSpecification', 'TrainingImage'));
    imageAt(image, this.#cloud.assemblyDir);
    this.#cloud.assumeRole(String(input.RoleArn), 'sagemaker.amazonaws.com');
    const arn = this.#cloud.arn('sagemaker', `training-job/${name}`);
    jobs[name] = {
      ...input,
      TrainingJobArn: arn,
      TrainingJobStatus: 'InProgress',
      SecondaryStatus: 'Pending',
      CreationTime: this.#cloud.clock() / 1000,
    };
    this.#state.save();
    this.#waiting.push(name);
    this.#next();
    return { TrainingJobArn: arn };
  }

  describe(name: string): Document {
    const job = this.#state.kept.jobs[name];
    if (!job) throw new AwsFailure('ValidationException', 'Requested resource not found.');
    return job;
  }

  list(): Document[] {
    return Object.values(this.#state.kept.jobs);
  }

  stop(name: string): void {
    const job = this.describe(name);
    if (job.TrainingJobStatus !== 'InProgress')
      throw new AwsFailure('ValidationException', `The training job ${name} is ${job.TrainingJobStatus}.`);
    job.TrainingJobStatus = 'Stopping';
    const waiting = this.#waiting.indexOf(name);
    if (waiting >= 0) {
      this.#waiting.splice(waiting, 1);
      Object.assign(job, { TrainingJobStatus: 'Stopped', SecondaryStatus: 'Stopped' }, this.#ends());
    }
    const running = this.#running.get(name);
    if (running) this.#terminate(running);
    this.#state.save();
  }

  /** Ends what runs: with this process, the job's machine goes. */
  async close(): Promise<void> {
    this.#waiting.length = 0;
    const containers = [...this.#running.values()].flatMap(({ container }) => (container ? [container] : []));
    for (const { child } of containers) child.kill('SIGKILL');
    await Promise.all(containers.map(({ ended }) => ended));
  }

  #ends(): Document {
    return { TrainingEndTime: this.#cloud.clock() / 1000 };
  }

  #next(): void {
    while (this.#running.size < AT_ONCE) {
      const name = this.#waiting.shift();
      if (name === undefined) return;
      this.#running.set(name, { stop: false });
      void this.#run(name).finally(() => {
        this.#running.delete(name);
        this.#next();
      });
    }
  }

  async #run(name: string): Promise<void> {
    const job = this.describe(name);
    const root = join(this.#folder, 'jobs', name);
    try {
      const principal = this.#cloud.assumeRole(String(job.RoleArn), 'sagemaker.amazonaws.com');
      await this.#prepare(job, root, new Objects(this.#cloud, principal));
      const code = await this.#train(name, job, root);
      await this.#finish({ name, job, root, code, principal });
    } catch (failure) {
      Object.assign(job, failed(`ClientError: ${failure instanceof Error ? failure.message : String(failure)}`));
    } finally {
      Object.assign(job, this.#ends());
      job.SecondaryStatus = job.TrainingJobStatus;
      this.#state.save();
      rmSync(root, { recursive: true, force: true });
    }
  }

  async #prepare(job: Document, root: string, objects: Objects): Promise<void> {
    job.SecondaryStatus = 'Downloading';
    const config = join(root, 'opt/ml/input/config');
    for (const folder of [config, join(root, 'opt/ml/model'), join(root, 'opt/ml/output/data')])
      mkdirSync(folder, { recursive: true });
    const channels = listAt(job, 'InputDataConfig') as Document[];
    const described: Document = {};
    for (const channel of channels) {
      const source = at(channel, 'DataSource', 'S3DataSource') as Document | undefined;
      if (source?.S3DataType !== 'S3Prefix') throw new Error('only channels of S3DataType S3Prefix are run here');
      const channelName = String(channel.ChannelName);
      const folder = join(root, 'opt/ml/input/data', channelName);
      if ((await objects.downloadAll(String(source.S3Uri), folder)) === 0)
        throw new Error(`No S3 objects found under S3 URL "${source.S3Uri}" of channel ${channelName}`);
      described[channelName] = { TrainingInputMode: 'File', S3DistributionType: 'FullyReplicated' };
    }
    writeFileSync(join(config, 'inputdataconfig.json'), JSON.stringify(described));
    writeFileSync(join(config, 'hyperparameters.json'), JSON.stringify(job.HyperParameters ?? {}));
  }

  async #train(name: string, job: Document, root: string): Promise<number> {
    const running = this.#running.get(name) as Running;
    Object.assign(job, { SecondaryStatus: 'Training', TrainingStartTime: this.#cloud.clock() / 1000 });
    this.#state.save();
    const definitions = listAt(job, 'AlgorithmSpecification', 'MetricDefinitions').map((definition) => ({
      name: String(textAt(definition, 'Name')),
      regex: new RegExp(String(textAt(definition, 'Regex'))),
    }));
    const metrics = new Map<string, Document>();
    running.container = startContainer({
      image: imageAt(String(at(job, 'AlgorithmSpecification', 'TrainingImage')), this.#cloud.assemblyDir),
      root,
      verb: 'train',
      env: Object.fromEntries(Object.entries((job.Environment ?? {}) as Document).map(([k, v]) => [k, String(v)])),
      onLine: (text) => {
        this.#cloud.log({ source: `training/${name}`, time: this.#cloud.clock(), text });
        for (const { name: metric, regex } of definitions) {
          const value = Number(regex.exec(text)?.[1] ?? Number.NaN);
          if (Number.isFinite(value))
            metrics.set(metric, { MetricName: metric, Value: value, Timestamp: this.#cloud.clock() / 1000 });
        }
        job.FinalMetricDataList = [...metrics.values()];
      },
    });
    if (running.stop) this.#terminate(running);
    const limitS = Number(at(job, 'StoppingCondition', 'MaxRuntimeInSeconds') ?? 86_400);
    const timer = setTimeout(() => {
      job.SecondaryStatus = 'MaxRuntimeExceeded';
      this.#terminate(running);
    }, limitS * 1000);
    timer.unref();
    const code = await running.container.ended;
    clearTimeout(timer);
    return code;
  }

  #terminate(running: Running): void {
    running.stop = true;
    const child = running.container?.child;
    child?.kill('SIGTERM');
    setTimeout(() => child?.kill('SIGKILL'), STOP_MS).unref();
  }

  async #finish({
    name,
    job,
    root,
    code,
    principal,
  }: {
    name: string;
    job: Document;
    root: string;
    code: number;
    principal: Principal;
  }): Promise<void> {
    const stopped = this.#running.get(name)?.stop === true;
    if (code !== 0 && !stopped) {
      const file = join(root, 'opt/ml/output/failure');
      const reason = existsSync(file) ? readFileSync(file, 'utf8') : 'the container wrote no failure file';
      Object.assign(job, failed(`AlgorithmError: ${reason}, exit code: ${code}`));
      return;
    }
    job.SecondaryStatus = 'Uploading';
    const objects = new Objects(this.#cloud, principal);
    const destination = `${String(at(job, 'OutputDataConfig', 'S3OutputPath')).replace(/\/$/, '')}/${name}/output`;
    // As SageMaker does, a stopped job's model folder is kept as it is, empty or half: the seal inside tells.
    for (const [folder, file] of [
      ['opt/ml/output/data', 'output.tar.gz'],
      ['opt/ml/model', 'model.tar.gz'],
    ] as const) {
      if (readdirSync(join(root, folder)).length === 0) continue;
      await objects.pack(join(root, folder), `${destination}/${file}`, join(root, file));
      if (file === 'model.tar.gz') job.ModelArtifacts = { S3ModelArtifacts: `${destination}/${file}` };
    }
    job.TrainingJobStatus = stopped ? 'Stopped' : 'Completed';
  }
}

const failed = (reason: string): Document => ({ TrainingJobStatus: 'Failed', FailureReason: reason.slice(0, 1024) });
