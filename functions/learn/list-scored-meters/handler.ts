import * as z from 'zod';
import { postgresLatestDay } from '../../../layers/adapters/postgres/latest-day.ts';
import { postgresMeterDirectory } from '../../../layers/adapters/postgres/meter-directory.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { taskHandler } from '../../../layers/runtime/task.ts';
import { scoringShards } from './scoring-shards.ts';

const ports = { directory: postgresMeterDirectory(database()), latestDay: postgresLatestDay(database()) };

export const handler = taskHandler('SCORING_PLANNED', z.object({ execution: z.string().min(1) }), scoringShards(ports));
