import { postgresOutageCauses, postgresOutageReader } from '../../../layers/adapters/postgres/outage-reader.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { noOutage, outageDetailAnswer } from '../../../layers/runtime/answer-outage.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';

const outages = { ...postgresOutageReader(database()), ...postgresOutageCauses(database()) };

export const handler = apiHandler({
  async setOutageCause({ params: { outageId }, body, caller }) {
    if (!(await outages.setCause({ outageId, ...body, changedBy: caller.subject }))) return noOutage(outageId);
    const found = await outages.find(outageId);
    return found ? outageDetailAnswer(found) : noOutage(outageId);
  },
});
