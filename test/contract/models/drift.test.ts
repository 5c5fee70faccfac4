import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateMachine } from 'aws-local-stepfunctions';
import { storeForecasts } from '../../../functions/learn/store-forecasts/store-forecasts.ts';
import { postgresForecastStore } from '../../../layers/adapters/postgres/forecast-store.ts';
import { postgresWindowReader } from '../../../layers/adapters/postgres/window-reader.ts';
import type { IssuedForecast } from '../../../layers/domain/models/forecast-store.ts';
import { type TestDatabase, testDatabases } from '../../harness/databases.ts';

const NOW = Date.parse('2026-03-30T12:00:00Z');
const HOUR = 3_600_000;
const DEFINITION = join(import.meta.dirname, '../../../state-machines/issue-forecasts/definition.asl.json');

const forecast = (issuedAt: number): IssuedForecast => ({
  entity: { kind: 'feeder', id: 'F1' },
  issuedAt,
  availableAt: issuedAt,
  model: 'forecast',
  modelVersion: 'v1',
  method: 'ensemble',
  fallback: null,
  inputs: {},
  intervalMinutes: 60,
  intervals: [
    {
      start: new Date(issuedAt).toISOString(),
      end: new Date(issuedAt + HOUR).toISOString(),
      point: 10,
      quantiles: [{ level: 0.5, value: 10 }],
    },
  ],
});

for (const { name, open } of testDatabases(21_350)) {
  (open ? describe : describe.skip)(`drift on ${name}`, () => {
    let opened: TestDatabase;
    beforeAll(async () => {
      opened = await (open as () => Promise<TestDatabase>)();
    }, 120_000);
    afterAll(() => opened.stop());
    beforeEach(() => opened.database.query('TRUNCATE forecast'));

    /** Four weeks of forecasts with one error, then a week with another; the machine as it is deployed, its task as it runs. */
    const hourWith = async (recentError: number) => {
      const forecasts = postgresForecastStore(opened.database);
      for (let hours = 30 * 24; hours > 0; hours -= 6) {
        const issued = forecast(NOW - hours * HOUR);
        await forecasts.issue([issued]);
        const error = hours <= 7 * 24 ? recentError : 1;
        await forecasts.settle(issued, { error, pinball: error / 2, coverage: 0.8, intervals: 1, scale: 10 });
      }
      const store = storeForecasts({
        forecasts,
        windows: postgresWindowReader(opened.database),
        objects: { bucket: 'b', put: async () => {}, read: async () => new Uint8Array(), uri: (key) => key },
      });
      const started: unknown[] = [];
      const shard = { requests: 'a', responses: 'b' };
      const issuedAt = new Date(NOW).toISOString();
      const handlers = {
        BuildRequests: async () => ({ Payload: { issuedAt, shardCount: 1, shards: [shard] } }),
        AskShard: async () => ({ Payload: { answered: 0, fellBack: 0 } }),
        StoreForecasts: async (input: { Payload: { issuedAt: string; shards: { responses: string }[] } }) => ({
          Payload: (await store(input.Payload)).output,
        }),
        StartTraining: async (input: { Input: unknown }) => {
          started.push(input.Input);
          return {};
        },
      };
      const definition = JSON.parse(readFileSync(DEFINITION, 'utf8'));
      const machine = new StateMachine(definition, { validationOptions: { noValidate: true } });
      await machine.run({}, {
        overrides: { taskResourceLocalHandlers: handlers as never },
        context: { Execution: { Name: 'hour', StartTime: issuedAt } },
      } as never).result;
      return started;
    };

    test('forecasts that have become a third worse start a training', async () => {
      expect(await hourWith(1.35)).toEqual([{ reason: 'drift', budgetMinutes: 30 }]);
    });

    test('a week that is a little worse starts none', async () => {
      expect(await hourWith(1.2)).toEqual([]);
    });
  });
}
