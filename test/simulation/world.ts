import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { acceptBatch, type BatchResult } from '../../functions/ingest/accept-batch/accept-batch.ts';
import { kinesisStreamWriter } from '../../layers/adapters/kinesis/stream-writer.ts';
import type { QuarantinedMessage } from '../../layers/contracts/messages/quarantined-message.ts';
import { bucketOf } from '../../layers/domain/readings/calendar-day.ts';
import type { MeterRegistry, RegisteredMeter } from '../../layers/domain/readings/meter-registry.ts';
import { storeReadings } from '../../layers/domain/readings/store-readings.ts';
import { aggregateWindows } from '../../layers/domain/windows/aggregate-windows.ts';
import { LEVELS } from '../../layers/domain/windows/window-store.ts';
import { ApiProblem } from '../../layers/runtime/api-problem.ts';
import { logger } from '../../layers/runtime/observability.ts';
import { Chaos, Process } from './chaos.ts';
import { Mapping } from './mapping.ts';
import { memoryIdempotency } from './memory-idempotency.ts';
import { MemoryReadings } from './memory-readings.ts';
import { type Around, MemoryWindows } from './memory-windows.ts';
import { MUTANTS, type Mutant } from './mutants.ts';
import { DAY_MS, FEEDER_OF, FIRST_DAY, METERS, type PlannedMessage, planOf, REGION_OF } from './plan.ts';
import { Stream } from './stream.ts';
import { type Outcome, violationsOf } from './violations.ts';
import { VirtualTime } from './virtual-time.ts';

// A log line for each throttle of thousands of seeds says nothing.
logger.setLogLevel('SILENT');

const HOUR_MS = 3_600_000;
/** After this nothing goes wrong any more, and everything that was published has to come to rest. */
const STORM_MS = 49 * HOUR_MS;
const AT_REST_BY_MS = 60 * HOUR_MS;

export interface SeedReport {
  seed: number;
  violations: string[];
  /** SHA-256 over the course of events: equal for a replay. */
  digest: string;
  messages: number;
  effects: number;
  /** Crashes and faults. */
  wrong: number;
}

/**
 * One seed: devices and a head-end publish through a broker into a stream, a mapping hands batches to the use case, compaction
 * and aggregation run beside it, over stores in memory; processes end, requests and answers are lost, shards split and merge.
 */
export async function runSeed(seed: number, mutant?: Mutant): Promise<SeedReport> {
  const startsAt = FIRST_DAY * DAY_MS;
  const time = new VirtualTime(startsAt);
  const random = new Chaos({ seed: seed ^ 0x77ea7, time, weather: { crash: 0, fault: 0, slow: 0 } });
  const weather = { crash: 0.06 * random.random(), fault: 0.1 * random.random(), slow: 0.2 * random.random() };
  const chaos = new Chaos({ seed, time, weather });
  const plan = planOf(seed);
  const stream = new Stream(chaos, { refused: 0.4 * random.random(), shards: 1 + random.below(3) });
  const topology = { members: [...plan.members], feederOf: FEEDER_OF, regionOf: REGION_OF };
  const quarantine = new Map<string, QuarantinedMessage>();
  const readings: MemoryReadings = new MemoryReadings({
    now: time.now,
    onAppend: (touched) => {
      if (mutant !== 'mark-first') windows.mark(touched);
      // Often it is summed at once, while the next batch arrives.
      if (chaos.happens(0.6)) afterwards(aggregate);
    },
  });
  const windows: MemoryWindows = new (MUTANTS.windows[mutant ?? ''] ?? MemoryWindows)(readings, topology);
  const acknowledged: PlannedMessage[] = [];

  const openEnvironment = () => {
    const process = new Process();
    const consume = storeReadings({
      readings: {
        ...unused,
        appendDeltas: async (batch) => {
          const touched = Array.from({ length: batch.length }, (_, row) => batch.at(row));
          if (mutant === 'mark-first') {
            const marks = touched.map(({ meterNo, day }) => ({ bucket: bucketOf(meterNo), day }));
            await chaos.effect(process, 'mark', () => windows.mark(marks));
          }
          await chaos.effect(process, 'append', () => readings.appendDeltas(batch));
        },
      },
      facts: { storeRegisterReads: async () => {}, storeMeterEvents: async () => {} },
      registry: { ...registry, find: (ids) => chaos.effect(process, 'registry', () => registry.find(ids)) },
      quarantine: {
        put: async (messages) => {
          for (const message of messages) {
            await chaos.effect(process, 'quarantine', () => quarantine.set(`${message.kind}/${message.id}`, message));
          }
        },
      },
      clock: time.now,
    });
    return { process, consume };
  };
  const mapping = new Mapping({
    chaos,
    time,
    stream,
    open: openEnvironment,
    checkpointFirst: mutant === 'checkpoint-first',
  });

  /** A broker that acknowledges what the stream holds. Its session may end at any moment. */
  const publish = async (message: PlannedMessage): Promise<boolean> => {
    const broker = new Process();
    const lost = chaos.happens(0.1);
    if (lost && !calm) return false;
    const answered = (async () => {
      const record = envelopeOf(message, time.now());
      if (mutant === 'acknowledge-first') acknowledged.push(message);
      await chaos.effect(broker, 'publish', () => stream.put(message.partitionKey, record));
      return true;
    })();
    return Promise.race([answered.catch(() => false), broker.killed.then(() => false)]);
  };

  const idempotency = memoryIdempotency<BatchResult>();
  const wrongAnswers: string[] = [];
  let calls = 0;
  /** A call of the head-end's, served by an environment of its own. */
  const postBatch = async (key: string, messages: readonly PlannedMessage[]): Promise<boolean> => {
    const environment = new Process();
    const effect: Around = (name, apply) => chaos.effect(environment, name, apply);
    const client = stream.client(environment) as unknown as KinesisClient;
    const accept = acceptBatch({
      stream: kinesisStreamWriter(
        mutant === 'forget-refused' ? MUTANTS.forgetRefused(client) : client,
        'readings',
        time.sleep,
      ),
      idempotency: {
        claim: (request) => effect('claim key', () => idempotency.claim(request)),
        complete: (request) => effect('complete key', () => idempotency.complete(request)),
        release: (request) => effect('release key', () => idempotency.release(request)),
      },
      register: { put: (batch) => effect('register batch', () => void batch) },
    });
    calls += 1;
    const request = {
      body: { readings: messages.map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8'))) },
      inexact: new Set<string>(),
      headers: { 'idempotency-key': key },
      caller: { clientId: 'hes' },
      correlationId: `batch-${calls}`,
      now: time.now(),
    } as unknown as Parameters<typeof accept>[0];
    const answer = await Promise.race([
      accept(request).catch(() => undefined),
      environment.killed.then(() => undefined),
    ]);
    if (answer === undefined || answer instanceof ApiProblem) return false;
    for (const { index, status } of answer.items) {
      const expected = messages[index]?.rejected ? 'rejected' : 'accepted';
      if (status !== expected) wrongAnswers.push(`item ${index} of ${key} is ${status}, not ${expected}`);
    }
    return true;
  };

  const untilAcknowledged = async (messages: readonly PlannedMessage[], send: () => Promise<boolean>) => {
    for (;;) {
      const sent = await send();
      if (sent && mutant === 'acknowledge-first' && messages.length === 1) return;
      // The acknowledgement itself may be lost: then it is sent again.
      if (sent && (calm || !chaos.happens(0.1))) break;
      if (mutant === 'acknowledge-first' && messages.length === 1) return;
      await time.sleep(1_000 + chaos.below(20_000));
    }
    acknowledged.push(...messages);
  };

  const fleet = plan.messages
    .filter(({ byHeadEnd }) => !byHeadEnd)
    .map(async (message) => {
      await time.sleep(message.publishedAfter);
      await untilAcknowledged([message], () => publish(message));
    });
  const fromHeadEnd = plan.messages.filter(({ byHeadEnd }) => byHeadEnd);
  const batches = Map.groupBy(fromHeadEnd, ({ publishedAfter }) => Math.floor(publishedAfter / (4 * HOUR_MS)));
  const headEnd = [...batches.values()].map(async (messages, index) => {
    await time.sleep(Math.max(...messages.map(({ publishedAfter }) => publishedAfter)));
    await untilAcknowledged(messages, () => postBatch(`batch ${index}`, messages));
  });

  let calm = false;
  let over = false;
  const running = new Set<Promise<unknown>>();
  const start = async (job: (process: Process) => Promise<unknown>) => {
    const process = new Process();
    const run = Promise.race([job(process).catch(() => {}), process.killed]);
    running.add(run);
    await run;
    running.delete(run);
  };
  const every = async (milliseconds: number, job: (process: Process) => Promise<unknown>) => {
    for (;;) {
      await time.sleep(chaos.below(2 * milliseconds));
      if (over) return;
      await start(job);
    }
  };
  const afterwards = async (job: (process: Process) => Promise<unknown>) => {
    await time.sleep(chaos.below(300));
    if (!over) await start(job);
  };
  const aggregate = (process: Process) =>
    aggregateWindows(
      windows.aggregation(
        (name, apply) => chaos.effect(process, name, apply),
        (undo) => process.onKill(undo),
      ),
      { clock: time.now },
    );
  every(6 * HOUR_MS, aggregate);
  every(5 * HOUR_MS, (process) => chaos.effect(process, 'compact', () => readings.compact({ everything: true })));
  every(12 * HOUR_MS, async () => stream.reshard());
  const move = (async () => {
    await time.sleep(plan.move.after);
    moveMeter(topology.members, plan.move);
    const places = topology.members.filter(({ meterNo }) => meterNo === plan.move.meterNo);
    windows.mark(places.map(({ transformerId }) => ({ level: LEVELS.transformer, id: transformerId })));
  })();

  const course = (async () => {
    const polling = mapping.run();
    await time.sleep(STORM_MS);
    calm = true;
    chaos.calm();
    stream.calm();
    await Promise.all([...fleet, ...headEnd, move]);
    while (!stream.drained) await time.sleep(1_000);
    over = true;
    mapping.stop();
    await Promise.all([polling, ...running]);
    await readings.compact({ everything: true });
    await aggregateWindows(windows.aggregation(), { clock: time.now });
  })();
  let stuck: string | undefined;
  try {
    await time.runUntil(course, startsAt + AT_REST_BY_MS);
  } catch (failure) {
    stuck = failure instanceof Error ? failure.message : String(failure);
  }
  const outcome: Outcome = { plan, topology, acknowledged, versions: readings.versions(), quarantine, windows };
  return {
    seed,
    violations: [...(stuck === undefined ? [] : [stuck]), ...wrongAnswers, ...violationsOf(outcome)],
    digest: chaos.digest(),
    messages: plan.messages.length,
    effects: chaos.effects,
    wrong: chaos.wrong,
  };
}

const registered = new Map<string, RegisteredMeter>(
  METERS.map(({ meterId, meterNo, intervalMinutes }) => [meterId, { meterNo, intervalMinutes: [0, intervalMinutes] }]),
);
const registry: MeterRegistry = {
  find: async (meterIds) =>
    new Map(
      meterIds.flatMap((meterId) => {
        const meter = registered.get(meterId);
        return meter ? [[meterId, meter] as const] : [];
      }),
    ),
  registers: async () => new Map(),
};

const unreachable = (): never => {
  throw new Error('not asked for by the consumer');
};
const unused = { compact: unreachable, readIntervals: unreachable, readMany: unreachable };

const envelopeOf = ({ topic, payload }: PlannedMessage, receivedAt: number): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      payload: Buffer.from(payload).toString('base64'),
      topic,
      clientId: topic.split('/')[1],
      receivedAt,
      traceId: '',
    }),
  );

function moveMeter(
  members: { meterNo: number; transformerId: string; from: number; to: number | null }[],
  move: { meterNo: number; to: string; from: number },
): void {
  const at = members.findIndex(({ meterNo }) => meterNo === move.meterNo);
  const before = members[at];
  if (!before) return;
  members[at] = { ...before, to: move.from };
  members.push({ meterNo: move.meterNo, transformerId: move.to, from: move.from, to: null });
}
