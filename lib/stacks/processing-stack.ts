import { Duration, Validations } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import {
  bucketArn,
  connectDatabase,
  consumeStream,
  getSettings,
  keepFailedBatches,
  putQuarantine,
  readSettings,
  tableArn,
  timestreamGrants,
  useDataKey,
} from '../constructs/grants.ts';
import { GridFunction, type GridFunctionProps } from '../constructs/grid-function.ts';
import { StreamConsumer } from '../constructs/stream-consumer.ts';
import { STREAM_RETENTION } from './ingestion-stack.ts';
import { StageStack } from './stage-stack.ts';

const FROM_STREAM =
  'Called by an event-source mapping, whose failed batches go to the quarantine bucket; never asynchronously';

/** From stream to store: the consumers of both streams, the compaction of what they append, and its windows. */
export class ProcessingStack extends StageStack {
  readonly #quarantine: string;
  readonly #quarantineTable: string;
  readonly #dataKeyArn: string;
  readonly #network: NonNullable<GridFunctionProps['network']>;

  constructor(scope: Construct, settings: StageSettings) {
    super(scope, 'processing', { settings, description: 'stream consumers, compaction, windows, outages' });
    this.#quarantine = this.wire('storage/quarantine-bucket');
    this.#quarantineTable = this.wire('storage/quarantine-table');
    this.#dataKeyArn = this.wire('network/data-key-arn');
    this.#network = this.functionNetwork();
    this.storeReadings();
    this.storeTelemetry();
    this.compactReadings();
    this.aggregateWindows();
    this.detectOutages();
    this.scoreReadings();
    this.watchQuarantine();
  }

  private storeReadings(): void {
    const stream = this.wire('ingestion/readings-stream');
    const consumer = new GridFunction(this, 'StoreReadings', {
      settings: this.settings,
      name: 'process/store-readings',
      timeout: Duration.seconds(60),
      memoryMb: 1024,
      dataKeyArn: this.#dataKeyArn,
      network: this.#network,
      noDeadLetters: FROM_STREAM,
      environment: {
        ...this.databaseEnvironment('grid_writer'),
        ...this.quarantineEnvironment(),
        SCHEMA_VERSIONS: this.wire('ingestion/schema-versions'),
        SETTINGS_TABLE: this.wire('storage/settings-table'),
      },
      grants: [...this.consumerGrants(stream), this.writeDatabase()],
    });
    this.publish('processing/store-readings-function', consumer.lambda.functionName);
    this.consume('ReadingsConsumer', consumer, stream);
  }

  private storeTelemetry(): void {
    const stream = this.wire('ingestion/telemetry-stream');
    const registry = this.wire('storage/registry-table');
    const inPostgres = this.settings.telemetryStore === 'postgres';
    const consumer = new GridFunction(this, 'StoreTelemetry', {
      settings: this.settings,
      name: 'process/store-telemetry',
      timeout: Duration.seconds(60),
      memoryMb: 512,
      dataKeyArn: this.#dataKeyArn,
      ...(inPostgres ? { network: this.#network } : {}),
      noDeadLetters: FROM_STREAM,
      environment: {
        ...this.quarantineEnvironment(),
        REGISTRY_TABLE: registry,
        SCHEMA_VERSIONS: this.wire('ingestion/schema-versions'),
        SETTINGS_TABLE: this.wire('storage/settings-table'),
        TELEMETRY_STORE: this.settings.telemetryStore,
        ...(inPostgres
          ? this.databaseEnvironment('grid_writer')
          : {
              TIMESTREAM_DATABASE: this.wire('storage/timestream-database'),
              TIMESTREAM_TABLE: this.wire('storage/timestream-table'),
            }),
      },
      grants: [
        ...this.consumerGrants(stream),
        {
          sid: 'ReadRegistry',
          actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'],
          resources: [tableArn(this, registry)],
        },
        ...(inPostgres
          ? [this.writeDatabase()]
          : timestreamGrants(this, this.settings.stage, 'timestream:WriteRecords')),
      ],
    });
    this.publish('processing/store-telemetry-function', consumer.lambda.functionName);
    this.consume('TelemetryConsumer', consumer, stream);
  }

  private compactReadings(): void {
    const compact = new GridFunction(this, 'CompactReadings', {
      settings: this.settings,
      name: 'process/compact-readings',
      timeout: Duration.seconds(55),
      memoryMb: 1024,
      dataKeyArn: this.#dataKeyArn,
      network: this.#network,
      noDeadLetters: 'The next minute does what a failed run left: the deltas stay until they are compacted',
      environment: this.databaseEnvironment('grid_writer'),
      grants: [this.writeDatabase()],
    });
    this.publish('processing/compact-readings-function', compact.lambda.functionName);
    this.everyMinute('CompactionSchedule', 'Merges arrived readings into blocks', compact);
  }

  private aggregateWindows(): void {
    const aggregate = new GridFunction(this, 'AggregateWindows', {
      settings: this.settings,
      name: 'process/aggregate-windows',
      timeout: Duration.seconds(55),
      memoryMb: 1024,
      dataKeyArn: this.#dataKeyArn,
      network: this.#network,
      noDeadLetters: 'The next minute does what a failed run left: what changed stays marked until it is summed',
      environment: this.databaseEnvironment('grid_writer'),
      grants: [this.writeDatabase()],
    });
    this.publish('processing/aggregate-windows-function', aggregate.lambda.functionName);
    this.everyMinute('AggregationSchedule', 'Sums the windows that changed readings touch', aggregate);
  }

  private detectOutages(): void {
    const detect = this.judging('DetectOutages', {
      name: 'process/detect-outages',
      memoryMb: 1024,
      noDeadLetters: 'The next minute judges what a failed run left: outages follow from what is stored',
    });
    this.publish('processing/detect-outages-function', detect.lambda.functionName);
    this.everyMinute('OutageSchedule', 'Judges outages from power events, readings and silence', detect);
  }

  private scoreReadings(): void {
    const score = this.judging('ScoreReadings', {
      name: 'process/score-readings',
      memoryMb: 1769,
      noDeadLetters: 'The next minute scores what a failed run left: bucket-days stay due until they are scored',
    });
    this.publish('processing/score-readings-function', score.lambda.functionName);
    this.everyMinute('ScoringSchedule', 'Scores stored readings for what is unusual', score);
  }

  /** A function that looks at what is stored, as operators' settings say. */
  private judging(id: string, props: Pick<GridFunctionProps, 'name' | 'memoryMb' | 'noDeadLetters'>): GridFunction {
    const settingsTable = this.wire('storage/settings-table');
    return new GridFunction(this, id, {
      ...props,
      settings: this.settings,
      timeout: Duration.seconds(55),
      dataKeyArn: this.#dataKeyArn,
      network: this.#network,
      environment: { ...this.databaseEnvironment('grid_writer'), SETTINGS_TABLE: settingsTable },
      grants: [this.writeDatabase(), ...readSettings(this, { table: settingsTable, keyArn: this.#dataKeyArn })],
    });
  }

  private everyMinute(id: string, description: string, called: GridFunction): void {
    const missed = 'A missed minute is made good by the next one; lag has its own alarm';
    this.each(id, called, { description, every: Duration.minutes(1), missed });
  }

  private watchQuarantine(): void {
    const watch = new GridFunction(this, 'WatchQuarantine', {
      settings: this.settings,
      name: 'operate/watch-quarantine',
      timeout: Duration.minutes(4),
      memoryMb: 512,
      dataKeyArn: this.#dataKeyArn,
      noDeadLetters: 'The next run notes and counts what a failed one did not',
      environment: this.quarantineEnvironment(),
      grants: [
        { sid: 'ListFailedBatches', actions: ['s3:ListBucket'], resources: [bucketArn(this, this.#quarantine)] },
        {
          sid: 'NoteFailedBatches',
          actions: ['dynamodb:UpdateItem'],
          resources: [tableArn(this, this.#quarantineTable)],
        },
        {
          sid: 'CountQuarantine',
          actions: ['dynamodb:Query'],
          resources: [`${tableArn(this, this.#quarantineTable)}/index/queue`],
        },
        useDataKey(this.#dataKeyArn, 'write'),
      ],
    });
    this.publish('processing/watch-quarantine-function', watch.lambda.functionName);
    this.each('QuarantineSchedule', watch, {
      description: 'Notes failed batches, counts what waits in quarantine',
      every: Duration.minutes(5),
      missed: 'The next run, five minutes later, counts the same',
    });
  }

  private quarantineEnvironment() {
    return { QUARANTINE_BUCKET: this.#quarantine, QUARANTINE_TABLE: this.#quarantineTable };
  }

  private each(
    id: string,
    { lambda }: GridFunction,
    { description, every, missed }: { description: string; every: Duration; missed: string },
  ): void {
    const schedule = new Rule(this, id, {
      description,
      schedule: Schedule.rate(every),
      targets: [
        new LambdaFunction(lambda, { event: RuleTargetInput.fromObject({}), retryAttempts: 0, maxEventAge: every }),
      ],
    });
    Validations.of(schedule).acknowledge({ id: 'Serverless-EventBusDLQ', reason: missed });
  }

  private consumerGrants(stream: string) {
    return [
      consumeStream(this, stream),
      ...putQuarantine(this, this.#quarantine, this.#quarantineTable),
      keepFailedBatches(this, this.#quarantine),
      getSettings(this, this.wire('storage/settings-table')),
      useDataKey(this.#dataKeyArn, 'write'),
    ];
  }

  private writeDatabase() {
    return connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_writer');
  }

  private consume(id: string, consumer: GridFunction, streamName: string): void {
    new StreamConsumer(this, id, {
      consumer,
      streamName,
      failureBucket: this.#quarantine,
      batchSize: 500,
      parallelization: this.settings.parallelization,
      maxRecordAge: STREAM_RETENTION,
    });
  }
}
