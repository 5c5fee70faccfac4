import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { at, listAt, textAt } from '../kernel/properties.ts';
import { AwsFailure, type Cloud } from '../kernel/types.ts';
import { type ContainerAnswer, ServerProcess } from './server-process.ts';
import type { Document, SageMakerState } from './state.ts';

declare module '../kernel/types.ts' {
  interface Shared {
    /** The state an alarm has at this moment. */
    alarmState?: (name: string) => string | undefined;
  }
}

/** How often a deployment looks at its clock and its alarms, ms of real time. */
const LOOK_MS = 250;

/** A fleet that serves one endpoint configuration. */
interface Fleet {
  configName: string;
  variant: string;
  server: ServerProcess;
}

interface Live {
  blue: Fleet;
  /** New fleet while an update runs, and the share of traffic it gets. */
  green?: { fleet: Fleet; share: number };
  /** Requests since the share was set: the green fleet gets every n-th, not a random one. */
  asked: number;
  given: number;
}

/** Endpoints: traffic to one fleet, or during an update to two, with alarms that call the update back. */
export class Endpoints {
  readonly #cloud: Cloud;
  readonly #state: SageMakerState;
  readonly #folder: string;
  readonly #live = new Map<string, Live>();
  readonly #updates = new Set<Promise<void>>();
  #closed = false;
  #fleets = 0;

  constructor(cloud: Cloud, state: SageMakerState, folder: string) {
    this.#cloud = cloud;
    this.#state = state;
    this.#folder = folder;
    // An update that ran when this cloud ended has not shifted its traffic: the old fleet serves.
    for (const endpoint of Object.values(state.kept.endpoints)) endpoint.EndpointStatus = 'InService';
  }

  create(name: string, configName: string): Document {
    const { endpoints } = this.#state.kept;
    if (endpoints[name])
      throw new AwsFailure('ValidationException', `Cannot create already existing endpoint "${name}".`);
    this.#config(configName);
    const now = this.#cloud.clock() / 1000;
    endpoints[name] = {
      EndpointName: name,
      EndpointArn: this.#cloud.arn('sagemaker', `endpoint/${name}`),
      EndpointConfigName: configName,
      EndpointStatus: 'InService',
      CreationTime: now,
      LastModifiedTime: now,
    };
    this.#state.save();
    return { EndpointArn: endpoints[name].EndpointArn };
  }

  describe(name: string): Document {
    const endpoint = this.#state.kept.endpoints[name];
    if (!endpoint) throw new AwsFailure('ValidationException', `Could not find endpoint "${name}".`);
    const { fingerprint: _, ...shown } = endpoint;
    return shown;
  }

  /** Starts an update; it goes on by itself. https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html */
  update(name: string, configName: string, deployment: unknown): Document {
    const endpoint = this.#state.kept.endpoints[name];
    if (!endpoint) throw new AwsFailure('ValidationException', `Could not find endpoint "${name}".`);
    if (endpoint.EndpointStatus !== 'InService')
      throw new AwsFailure('ValidationException', `Cannot update in-progress endpoint "${name}".`);
    if (endpoint.EndpointConfigName === configName)
      throw new AwsFailure('ValidationException', `Endpoint "${name}" already uses configuration "${configName}".`);
    this.#checkDeployment(configName, deployment);
    Object.assign(endpoint, { EndpointStatus: 'Updating', LastModifiedTime: this.#cloud.clock() / 1000 });
    delete endpoint.FailureReason;
    this.#state.save();
    const update = this.#shift(name, configName, deployment)
      .catch((failure: unknown) => {
        endpoint.FailureReason = failure instanceof Error ? failure.message : String(failure);
      })
      .finally(() => {
        if (this.#closed) return;
        Object.assign(endpoint, { EndpointStatus: 'InService', LastModifiedTime: this.#cloud.clock() / 1000 });
        this.#state.save();
      });
    this.#updates.add(update);
    void update.finally(() => this.#updates.delete(update));
    return { EndpointArn: endpoint.EndpointArn };
  }

  async invoke(
    name: string,
    request: { body: Buffer; contentType: string; accept: string },
  ): Promise<ContainerAnswer & { variant: string }> {
    const endpoint = this.#state.kept.endpoints[name];
    if (!endpoint)
      throw new AwsFailure('ValidationError', `Endpoint ${name} of account ${this.#cloud.accountId} not found.`);
    const live = this.#serving(name, String(endpoint.EndpointConfigName));
    const fleet = this.#chosen(live);
    const count = (metric: string, value: number, unit: string) =>
      this.#cloud.metric({
        namespace: 'AWS/SageMaker',
        name: metric,
        dimensions: { EndpointName: name, VariantName: fleet.variant },
        value,
        unit,
        time: this.#cloud.clock(),
      });
    count('Invocations', 1, 'Count');
    try {
      const answer = await fleet.server.ask(request);
      count('ModelLatency', answer.durationMs * 1000, 'Microseconds');
      count('Invocation4XXErrors', answer.status >= 400 && answer.status < 500 ? 1 : 0, 'Count');
      count('Invocation5XXErrors', answer.status >= 500 ? 1 : 0, 'Count');
      return { ...answer, variant: fleet.variant };
    } catch (failure) {
      count('Invocation5XXErrors', 1, 'Count');
      throw new AwsFailure('ModelError', failure instanceof Error ? failure.message : String(failure), 424);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#updates);
    const fleets = [...this.#live.values()].flatMap(({ blue, green }) => (green ? [blue, green.fleet] : [blue]));
    await Promise.all(fleets.map(({ server }) => server.stop()));
  }

  #config(name: string): Document {
    const config = this.#state.kept.configs[name];
    if (!config) throw new AwsFailure('ValidationException', `Could not find endpoint configuration "${name}".`);
    return config;
  }

  #fleet(configName: string): Fleet {
    const [variant, ...others] = listAt(this.#config(configName), 'ProductionVariants') as Document[];
    if (!variant || others.length > 0) throw new Error('an endpoint has exactly one variant here');
    const modelName = String(variant.ModelName);
    const model = this.#state.kept.models[modelName];
    if (!model) throw new AwsFailure('ValidationException', `Could not find model "${modelName}".`);
    this.#fleets += 1;
    const root = join(this.#folder, 'fleets', String(this.#fleets));
    const server = new ServerProcess({ cloud: this.#cloud, model, modelName, root });
    return { configName, variant: String(variant.VariantName), server };
  }

  #serving(name: string, configName: string): Live {
    const live = this.#live.get(name) ?? { blue: this.#fleet(configName), asked: 0, given: 0 };
    this.#live.set(name, live);
    return live;
  }

  #chosen(live: Live): Fleet {
    if (!live.green) return live.blue;
    live.asked += 1;
    if (live.given + 1 > live.asked * live.green.share) return live.blue;
    live.given += 1;
    return live.green.fleet;
  }

  /** @throws as UpdateEndpoint does for what the fleet cannot do. */
  #checkDeployment(configName: string, deployment: unknown): void {
    const type = textAt(deployment, 'BlueGreenUpdatePolicy', 'TrafficRoutingConfiguration', 'Type') ?? 'ALL_AT_ONCE';
    if (!['ALL_AT_ONCE', 'CANARY'].includes(type))
      throw new AwsFailure('ValidationException', `${type} is not run here`);
    const variant = listAt(this.#config(configName), 'ProductionVariants')[0];
    if (type !== 'CANARY') return;
    if (at(variant, 'ServerlessConfig') !== undefined)
      throw new AwsFailure('ValidationException', 'Deployment guardrails are not supported for serverless endpoints.');
    const instances = Number(at(variant, 'InitialInstanceCount') ?? 0);
    const size = Number(at(deployment, 'BlueGreenUpdatePolicy', 'TrafficRoutingConfiguration', 'CanarySize', 'Value'));
    if (instances < 2 || !(size > 0 && size <= 50))
      throw new AwsFailure('ValidationException', 'A canary needs at least two instances, and at most half of them.');
  }

  async #shift(name: string, configName: string, deployment: unknown): Promise<void> {
    const endpoint = this.#state.kept.endpoints[name] as Document;
    const live = this.#serving(name, String(endpoint.EndpointConfigName));
    const green = this.#fleet(configName);
    const policy = at(deployment, 'BlueGreenUpdatePolicy');
    const seconds = (...path: string[]) => Number(at(policy, ...path) ?? 0);
    const alarms = listAt(deployment, 'AutoRollbackConfiguration', 'Alarms').map((alarm) =>
      String(textAt(alarm, 'AlarmName')),
    );
    try {
      await green.server.start();
      if (textAt(policy, 'TrafficRoutingConfiguration', 'Type') === 'CANARY') {
        const share = seconds('TrafficRoutingConfiguration', 'CanarySize', 'Value') / 100;
        Object.assign(live, { green: { fleet: green, share }, asked: 0, given: 0 });
        await this.#bake(seconds('TrafficRoutingConfiguration', 'WaitIntervalInSeconds'), alarms);
      }
      Object.assign(live, { green: { fleet: green, share: 1 }, asked: 0, given: 0 });
      await this.#bake(seconds('TerminationWaitInSeconds'), alarms);
    } catch (failure) {
      delete live.green;
      await green.server.stop();
      throw failure;
    }
    const blue = live.blue;
    live.blue = green;
    delete live.green;
    endpoint.EndpointConfigName = configName;
    this.#state.save();
    await blue.server.stop();
  }

  /** @throws when an alarm rings within the time. */
  async #bake(seconds: number, alarms: readonly string[]): Promise<void> {
    const until = this.#cloud.clock() + seconds * 1000;
    do {
      for (const alarm of alarms) {
        if (this.#cloud.shared.alarmState?.(alarm) !== 'ALARM') continue;
        throw new Error(`Alarm ${alarm} went into ALARM: the traffic is back on the old fleet.`);
      }
      if (this.#closed) throw new Error('The local cloud stopped.');
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    } while (this.#cloud.clock() < until);
  }
}

/** Identity of what a template asks of an endpoint. */
export const fingerprintOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
