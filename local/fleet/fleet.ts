import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IoTClient } from '@aws-sdk/client-iot';
import type { Cloud } from '../kernel/types.ts';
import type { StartOptions } from '../start/options.ts';
import { INTERVAL_MS, type MeterColumn, readSource, SOURCE_INTERVALS } from './data/source.ts';
import { Device } from './device.ts';
import { identitiesOf, identityFiles } from './identities.ts';
import { meterSource, sensorSource } from './messages.ts';
import { boundedPlan, chooseShift, livePlan, type ReplayPlan, type Shift } from './plan.ts';
import { quarantinedReadings } from './quarantine.ts';
import { Replay } from './replay.ts';
import { readState, writeState } from './state-file.ts';
import { awaitStored, type GridApi, importTopology } from './stored.ts';
import { type FeederPlan, planFeeders, topologyDocument } from './topology.ts';

/** What the fleet is doing, for the progress line and the console. */
export interface FleetStatus {
  phase: 'provisioning' | 'publishing' | 'storing' | 'complete' | 'idle';
  devices: number;
  online: number;
  /** Readings of meters: acknowledged, in the plan, and due but not acknowledged. */
  published: number;
  total: number;
  backlog: number;
}

declare module '../kernel/types.ts' {
  interface Shared {
    fleet?: { status(): FleetStatus };
  }
}

const DEFAULT_DAYS = 14;
/** Nothing more is expected when neither stored nor quarantined readings have grown for so long. */
const SETTLED_MS = 120_000;

/** The simulated meters and sensors of one start. */
export class Fleet {
  readonly #cloud: Cloud;
  readonly #api: GridApi;
  readonly #options: StartOptions;
  readonly #folder: string;
  readonly #meters: MeterColumn[];
  readonly #feeders: FeederPlan[];
  #phase: FleetStatus['phase'] = 'provisioning';
  #devices: Device[] = [];
  #replay: Replay | undefined;
  #stopped = false;

  constructor(cloud: Cloud, api: GridApi, options: StartOptions) {
    this.#cloud = cloud;
    this.#api = api;
    this.#options = options;
    this.#folder = join(cloud.stateDir, 'fleet');
    this.#meters = readSource().slice(0, options.meters);
    this.#feeders = planFeeders(this.#meters);
  }

  status(): FleetStatus {
    const meters = new Set(this.#meters.map((meter) => meter.meterId));
    const progress = this.#replay?.progress((id) => meters.has(id)) ?? { published: 0, backlog: 0, total: 0 };
    const online = this.#devices.filter((device) => device.online).length;
    return { phase: this.#phase, devices: this.#devices.length, online, ...progress };
  }

  /** Identities and topology are there when it resolves; publishing goes on by itself. */
  async start(): Promise<void> {
    const plan = this.#plan();
    const now = plan.kind === 'live' ? this.#cloud.clock() : Number.POSITIVE_INFINITY;
    const { shiftMs } = plan;
    const document = topologyDocument({ meters: this.#meters, feeders: this.#feeders, shiftMs, now });
    const sources = [
      ...this.#meters.map((meter) => meterSource(meter, this.#cloud.stage)),
      ...this.#feeders.map((feeder) => sensorSource(feeder, this.#cloud.stage)),
    ];
    const outside = this.#outsideMeter();
    const ids = this.#options.fleet ? sources.map((source) => source.deviceId) : [outside.meterId];
    const iot = new IoTClient({
      endpoint: this.#cloud.endpoint,
      region: this.#cloud.region,
      credentials: this.#cloud.credentials({ kind: 'operator' }),
    });
    const folder = join(this.#folder, 'devices');
    const [identities] = await Promise.all([
      identitiesOf(iot, ids, { folder, policyName: this.#policyName() }).finally(() => iot.destroy()),
      importTopology(this.#api, document),
    ]);
    this.#publishEndpoint(outside, folder);
    this.#phase = 'idle';
    if (!this.#options.fleet) return;
    const { iot: broker } = this.#cloud.shared;
    if (!broker) throw new Error('the fleet needs the device gateway');
    const gateway = { host: broker.host, port: broker.port, ca: readFileSync(broker.caFile, 'utf8') };
    this.#devices = identities.map((identity) => new Device(identity, gateway));
    const lanes = sources.map((source, n) => ({ source, device: this.#devices[n] as Device }));
    this.#replay = new Replay(
      {
        plan,
        speed: plan.kind === 'live' ? 'live' : (this.#options.speed ?? 'max'),
        cursorFile: join(this.#folder, this.#cursorName(plan)),
        clock: () => this.#cloud.clock(),
      },
      lanes,
    );
    this.#phase = 'publishing';
    const began = performance.now();
    this.#replay.start();
    if (plan.kind === 'bounded') {
      void this.#conclude(this.#replay, plan, began).catch((error: Error) => this.#log(error.message));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#replay?.stop();
    for (const device of this.#devices) device.end();
  }

  #plan(): ReplayPlan {
    const { from, days = DEFAULT_DAYS } = this.#options;
    if (from !== undefined) return boundedPlan(from, days);
    const file = join(this.#folder, 'shift.json');
    const kept = readState<Shift>(file);
    const shift = kept ?? chooseShift(this.#meters, this.#cloud.clock());
    if (!kept) writeState(file, shift);
    return livePlan(shift);
  }

  #cursorName({ kind, from, end }: ReplayPlan): string {
    return kind === 'live' ? 'cursor.json' : `cursor-${from}-${end}.json`;
  }

  #policyName(): string {
    const policies = this.#cloud.resourcesOf('AWS::IoT::Policy');
    const policy = policies.find(({ physicalId }) => physicalId.endsWith('-device'));
    if (!policy) throw new Error('the templates hold no AWS::IoT::Policy for devices');
    return policy.physicalId;
  }

  /** A meter still in service where the source ends, so that readings of today are readings of a known meter. */
  #outsideMeter(): MeterColumn {
    const meter = this.#meters.find((one) => one.end === SOURCE_INTERVALS) ?? this.#meters[0];
    if (!meter) throw new Error('the fleet has no meters');
    return meter;
  }

  #publishEndpoint(meter: MeterColumn, folder: string): void {
    const { meterId } = meter;
    const start = Math.floor(this.#cloud.clock() / INTERVAL_MS) * INTERVAL_MS - INTERVAL_MS;
    const example = JSON.stringify({
      ...{ meterId, channel: 'activeEnergyImport', unit: 'kWh', intervalMinutes: 30 },
      ...{ start: `${new Date(start).toISOString().slice(0, 19)}Z`, value: 0.123 },
    });
    const { topic } = meterSource(meter, this.#cloud.stage);
    const device = { meterId, clientId: meterId, ...identityFiles(folder, meterId), topic, example };
    this.#cloud.shared.endpoints = { ...this.#cloud.shared.endpoints, device };
  }

  /** Writes `.local/replay.json` when every reading is acknowledged and the API returns it, or the quarantine holds it. */
  async #conclude(replay: Replay, plan: ReplayPlan, began: number): Promise<void> {
    const quarantinedBefore = await quarantinedReadings(this.#cloud);
    await replay.complete;
    this.#phase = 'storing';
    const { published } = this.status();
    let grew = { found: -1, quarantined: 0, at: Date.now() };
    const stored = await awaitStored(this.#api, this.#meters, {
      plan,
      cancelled: () => this.#stopped,
      settled: async (found) => {
        const quarantined = (await quarantinedReadings(this.#cloud)) - quarantinedBefore;
        if (found > grew.found || quarantined > grew.quarantined) grew = { found, quarantined, at: Date.now() };
        return quarantined > 0 && Date.now() - grew.at > SETTLED_MS;
      },
    });
    if (this.#stopped) return;
    const quarantined = (await quarantinedReadings(this.#cloud)) - quarantinedBefore;
    const seconds = Number(((performance.now() - began) / 1000).toFixed(3));
    writeState(join(this.#cloud.stateDir, 'replay.json'), { published, stored, quarantined, seconds });
    this.#phase = 'complete';
    this.#log(`replay complete: ${published} published, ${stored} stored, ${quarantined} quarantined, ${seconds} s`);
  }

  #log(text: string): void {
    this.#cloud.log({ source: 'fleet', time: this.#cloud.clock(), text });
  }
}
