import type { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets';
import type { Construct } from 'constructs';
import { MODELS, type ModelName } from '../../layers/contracts/models/learning.ts';
import type { StageSettings } from '../config/stages.ts';
import { bundleModel } from '../constructs/bundle.ts';
import { connectDatabase, readSettings, timestreamGrants, useDataKey } from '../constructs/grants.ts';
import { GridStateMachine } from '../constructs/grid-state-machine.ts';
import { MachineSchedule } from '../constructs/machine-schedule.ts';
import { seedModels } from '../constructs/seed-model.ts';
import { modelImage, ServedModel } from '../constructs/served-model.ts';
import { ModelStack, pascal } from './model-stack.ts';

const MISSED = 'The next hour or night does what a missed one left; an execution that fails is kept with its reason';

/** What goes missing while a model does not answer as it should. */
const IMPACTS: Readonly<Record<ModelName, string>> = {
  forecast: 'forecasts fall back to past weeks',
  anomaly: 'faults that last are found by the stream alone',
};

/** From readings to what comes next: models, how they are trained, judged, served, and what they are asked by the clock. */
export class IntelligenceStack extends ModelStack {
  constructor(scope: Construct, settings: StageSettings) {
    super(scope, settings, 'models, training, endpoints, forecasts, judgements of meters');
    const contexts = new Map(MODELS.map((name) => [name, bundleModel(name)]));
    const images = new Map(
      MODELS.map((name) => [name, modelImage(this, `${name}-image`, contexts.get(name) as string)]),
    );
    const seeds = seedModels(contexts);
    this.modelRole = this.roleOfModels([...images.values()]);
    const seed = this.seedFunction(seeds);
    const recordRun = this.recordRun();
    const choose = this.chooseCandidate();
    const make = (name: ModelName, nightly: string) => {
      const image = images.get(name) as DockerImageAsset;
      const served = new ServedModel(this, pascal(name), {
        settings,
        name,
        image,
        roleArn: this.modelRole.roleArn,
        modelsBucket: this.bucket,
        seedFunctionArn: seed.lambda.functionArn,
        seed: seeds.get(name) as string,
        impact: IMPACTS[name],
      });
      const promote = this.promotion(name, served, image);
      const train = this.training({ name, served, image, promote, recordRun, choose });
      this.publish(`intelligence/${name}-promotion-machine`, promote.arn);
      this.publish(`intelligence/${name}-training-machine`, train.arn);
      new MachineSchedule(this, `${pascal(name)}Nightly`, {
        description: 'Trains again and lets the gate decide',
        expression: nightly,
        machine: train,
        input: { reason: 'schedule', budgetMinutes: 30 },
        missed: MISSED,
      });
      return { served, train };
    };
    const forecast = make('forecast', 'cron(15 16 * * ? *)');
    this.issuing(forecast.served, forecast.train);
    // People's labels of the week teach it; a household's habits change no faster.
    this.scoring(make('anomaly', 'cron(45 16 ? * SUN *)').served);
    this.scoringSensors();
  }

  private issuing(served: ServedModel, train: GridStateMachine): void {
    const build = this.task('BuildForecastRequests', {
      name: 'learn/build-forecast-requests',
      memoryMb: 1024,
      inNetwork: true,
      environment: {
        ...this.databaseEnvironment('grid_reader'),
        MODELS_BUCKET: this.bucket,
        METER_FORECASTS: this.settings.meterForecasts ? 'on' : 'off',
      },
      grants: [this.readDatabase(), this.putObjects('forecasts'), useDataKey(this.dataKeyArn, 'write')],
    });
    const ask = this.task('AskForecastModel', {
      name: 'learn/ask-forecast-model',
      memoryMb: 512,
      environment: { MODELS_BUCKET: this.bucket, ENDPOINT_NAME: served.endpointName },
      grants: [
        this.readObjects(['forecasts']),
        this.putObjects('forecasts'),
        this.invokeEndpoint(served),
        useDataKey(this.dataKeyArn, 'write'),
      ],
    });
    const store = this.task('StoreForecasts', {
      name: 'learn/store-forecasts',
      memoryMb: 1024,
      inNetwork: true,
      environment: { ...this.databaseEnvironment('grid_writer'), MODELS_BUCKET: this.bucket },
      grants: [
        connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_writer'),
        this.readObjects(['forecasts']),
        useDataKey(this.dataKeyArn, 'read'),
      ],
    });
    const issue = new GridStateMachine(this, 'IssueForecasts', {
      settings: this.settings,
      name: 'issue-forecasts',
      dataKeyArn: this.dataKeyArn,
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
      description:
        'Issues the forecasts of an hour once readings have reached it; the first ones soon after the first readings',
      expression: 'cron(2/5 * * * ? *)',
      machine: issue,
      input: { onlyNew: true },
      missed: MISSED,
    });
  }

  /** Every night the anomaly model judges the last whole day of every meter. */
  private scoring(served: ServedModel): void {
    const reads = { ...this.databaseEnvironment('grid_reader'), MODELS_BUCKET: this.bucket };
    const list = this.task('ListScoredMeters', {
      name: 'learn/list-scored-meters',
      memoryMb: 256,
      inNetwork: true,
      environment: this.databaseEnvironment('grid_reader'),
      grants: [this.readDatabase()],
    });
    const build = this.task('BuildAnomalyRequests', {
      name: 'learn/build-anomaly-requests',
      memoryMb: 1024,
      inNetwork: true,
      environment: reads,
      grants: [this.readDatabase(), this.putObjects('anomalies'), useDataKey(this.dataKeyArn, 'write')],
    });
    const ask = this.task('AskAnomalyModel', {
      name: 'learn/ask-anomaly-model',
      memoryMb: 512,
      environment: { MODELS_BUCKET: this.bucket, ENDPOINT_NAME: served.endpointName },
      grants: [
        this.readObjects(['anomalies']),
        this.putObjects('anomalies'),
        this.invokeEndpoint(served),
        useDataKey(this.dataKeyArn, 'write'),
      ],
    });
    const settingsTable = this.wire('storage/settings-table');
    const store = this.task('StoreAnomalyScores', {
      name: 'learn/store-anomaly-scores',
      memoryMb: 512,
      inNetwork: true,
      environment: {
        ...this.databaseEnvironment('grid_writer'),
        MODELS_BUCKET: this.bucket,
        SETTINGS_TABLE: settingsTable,
      },
      grants: [
        connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_writer'),
        this.readObjects(['anomalies']),
        ...readSettings(this, { table: settingsTable, keyArn: this.dataKeyArn }),
      ],
    });
    const machine = new GridStateMachine(this, 'ScoreMeters', {
      settings: this.settings,
      name: 'score-meters',
      dataKeyArn: this.dataKeyArn,
      substitutions: {
        ListMeters: list.lambda.functionArn,
        BuildRequests: build.lambda.functionArn,
        AskModel: ask.lambda.functionArn,
        StoreScores: store.lambda.functionArn,
      },
      grants: [this.invoke([list, build, ask, store])],
    });
    this.publish('intelligence/anomaly-scoring-machine', machine.arn);
    new MachineSchedule(this, 'NightlyJudgement', {
      description: 'Judges the last whole day of every meter',
      expression: 'cron(20 15 * * ? *)',
      machine,
      input: {},
      missed: MISSED,
    });
  }

  /** Every few minutes what sensors measured is scored. Only Timestream is outside the network. */
  private scoringSensors(): void {
    const list = this.task('ListScoredSensors', {
      name: 'process/list-scored-sensors',
      memoryMb: 256,
      inNetwork: true,
      environment: { ...this.databaseEnvironment('grid_reader'), MODELS_BUCKET: this.bucket },
      grants: [this.readDatabase(), this.putObjects('sensors'), useDataKey(this.dataKeyArn, 'write')],
    });
    const { telemetryStore, stage } = this.settings;
    const inPostgres = telemetryStore === 'postgres';
    const read = this.task('ReadSensorWindows', {
      name: 'process/read-sensor-windows',
      memoryMb: 1024,
      inNetwork: inPostgres,
      environment: {
        MODELS_BUCKET: this.bucket,
        TELEMETRY_STORE: telemetryStore,
        ...(inPostgres
          ? this.databaseEnvironment('grid_reader')
          : {
              TIMESTREAM_DATABASE: this.wire('storage/timestream-database'),
              TIMESTREAM_TABLE: this.wire('storage/timestream-table'),
            }),
      },
      grants: [
        ...(inPostgres ? [this.readDatabase()] : timestreamGrants(this, stage, 'timestream:Select')),
        this.readObjects(['sensors']),
        this.putObjects('sensors'),
        useDataKey(this.dataKeyArn, 'write'),
      ],
    });
    const settingsTable = this.wire('storage/settings-table');
    const score = this.task('ScoreSensors', {
      name: 'process/score-sensors',
      memoryMb: 1769,
      inNetwork: true,
      environment: {
        ...this.databaseEnvironment('grid_writer'),
        MODELS_BUCKET: this.bucket,
        SETTINGS_TABLE: settingsTable,
      },
      grants: [
        connectDatabase(this, this.wire('storage/database-resource-id'), 'grid_writer'),
        this.readObjects(['sensors']),
        ...readSettings(this, { table: settingsTable, keyArn: this.dataKeyArn }),
      ],
    });
    const machine = new GridStateMachine(this, 'SensorScoring', {
      settings: this.settings,
      name: 'score-sensors',
      dataKeyArn: this.dataKeyArn,
      substitutions: {
        ListSensors: list.lambda.functionArn,
        ReadWindows: read.lambda.functionArn,
        ScoreSensors: score.lambda.functionArn,
      },
      grants: [this.invoke([list, read, score])],
    });
    this.publish('intelligence/sensor-scoring-machine', machine.arn);
    new MachineSchedule(this, 'SensorSchedule', {
      description: 'Scores what sensors measured for what is unusual about it',
      expression: 'cron(1/5 * * * ? *)',
      machine,
      input: {},
      missed: 'The next run reads and scores what a missed one left',
    });
  }
}
