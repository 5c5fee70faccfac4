import { taskHandler } from '../../../layers/runtime/task.ts';
import { choiceTask, chooseCandidate } from './choose-candidate.ts';

export const handler = taskHandler('CANDIDATE_CHOSEN', choiceTask, async (task) => chooseCandidate(task));
