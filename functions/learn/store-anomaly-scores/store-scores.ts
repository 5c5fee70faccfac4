import * as z from 'zod';
import { jsonLines, type ObjectStore } from '../../../layers/adapters/s3/objects.ts';
import type { AnomalySettings } from '../../../layers/contracts/anomalies/settings.ts';
import { windowScore } from '../../../layers/contracts/models/anomaly.ts';
import { anomalyIdOf } from '../../../layers/domain/anomalies/anomaly.ts';
import { type ModelAnomalies, modelAnomalies } from '../../../layers/domain/anomalies/model-anomalies.ts';
import { dateOf, localDayPeriod } from '../../../layers/domain/calendar/local-days.ts';
import type { TaskOutcome } from '../../../layers/runtime/task.ts';

export const storeTask = z.looseObject({ responses: z.string().min(1) });

const answered = z.object({ score: windowScore, timeZone: z.string(), modelVersion: z.string() });

export interface StoreScoresPorts {
  transaction: <Result>(step: (anomalies: ModelAnomalies) => Promise<Result>) => Promise<Result>;
  objects: Pick<ObjectStore, 'read'>;
  settings: () => Promise<AnomalySettings>;
  clock: () => number;
}

/** Keeps what the model finds suspicious of a shard's meters; done again, it changes nothing. */
export const storeScores =
  ({ transaction, objects, settings, clock }: StoreScoresPorts) =>
  async ({ responses }: z.infer<typeof storeTask>): Promise<TaskOutcome<{ judged: number; suspicious: number }>> => {
    const days = jsonLines(await objects.read(responses)).map((line) => answered.parse(line));
    const { leastFaultScore: leastScore } = await settings();
    const { suspicious, added } = await transaction(async (anomalies) => {
      const ongoing = await anomalies.ongoing(days.map(({ score }) => score.meterId));
      const found = modelAnomalies(days, { ongoing, leastScore });
      const fresh = await anomalies.record(found, clock());
      const judged = days.map(({ score: { meterId, day }, timeZone }) => ({
        meterId,
        dayStart: localDayPeriod(timeZone, dateOf(day)).start,
      }));
      await anomalies.over({ judged, found: found.map(anomalyIdOf) });
      return { suspicious: found.length, added: fresh };
    });
    return {
      output: { judged: days.length, suspicious },
      counts: { MetersJudged: days.length, MetersSuspicious: suspicious, AnomaliesFound: added },
    };
  };
