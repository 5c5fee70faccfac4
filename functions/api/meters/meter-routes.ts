import type { TopologyReader } from '../../../layers/domain/network/topology-store.ts';
import type { MeterFactReader } from '../../../layers/domain/readings/meter-facts.ts';
import type { MeterRegistry } from '../../../layers/domain/readings/meter-registry.ts';
import type { ReadingStore } from '../../../layers/domain/readings/reading-store.ts';
import type { SettlementReader } from '../../../layers/domain/settlement/settlement-reader.ts';
import type { WindowReader } from '../../../layers/domain/windows/window-store.ts';
import { answerConsumption } from '../../../layers/runtime/answer-consumption.ts';
import { answerWindows } from '../../../layers/runtime/answer-windows.ts';
import type { UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor, ID_POSITION } from '../../../layers/runtime/cursor.ts';
import { meterEvents, meterRegisters } from './meter-facts.ts';
import { meterReadings } from './meter-readings.ts';

export interface MeterPorts {
  topology: Pick<TopologyReader, 'listMeters' | 'findMeter' | 'exists' | 'connections' | 'serviceGroups' | 'timeZones'>;
  readings: Pick<ReadingStore, 'readIntervals'>;
  windows: Pick<WindowReader, 'daysOf'>;
  settlement: Pick<SettlementReader, 'settledDays'>;
  facts: MeterFactReader;
  registry: Pick<MeterRegistry, 'registers'>;
}

export const noMeter = (meterId: string): ApiProblem => apiProblem('not-found', `There is no meter ${meterId}`);

/** Use cases of the routes below /meters. */
export function meterRoutes(
  ports: MeterPorts,
): UseCases<
  | 'listMeters'
  | 'getMeter'
  | 'getMeterReadings'
  | 'getMeterRegisters'
  | 'getMeterEvents'
  | 'getMeterConsumption'
  | 'getMeterWindows'
> {
  return {
    async listMeters({ query: { transformerId, feederId, limit, cursor } }) {
      const afterMeterId = decodeCursor(cursor, ID_POSITION);
      if (afterMeterId instanceof ApiProblem) return afterMeterId;
      const found = await ports.topology.listMeters({
        ...(transformerId === undefined ? {} : { transformerId }),
        ...(feederId === undefined ? {} : { feederId }),
        ...(afterMeterId === undefined ? {} : { afterMeterId }),
        limit: limit + 1,
      });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return { items, next: found.length > limit && last ? encodeCursor(last.meterId) : null };
    },
    async getMeter({ params: { meterId } }) {
      return (await ports.topology.findMeter(meterId)) ?? noMeter(meterId);
    },
    getMeterReadings: (request) => meterReadings(ports, request),
    getMeterRegisters: (request) => meterRegisters(ports, request),
    getMeterEvents: (request) => meterEvents(ports, request),
    async getMeterConsumption(request) {
      const { meterId } = request.params;
      const answer = await answerConsumption(ports, { kind: 'meter', id: meterId }, request);
      return answer instanceof ApiProblem ? answer : { meterId, ...answer };
    },
    async getMeterWindows(request) {
      const { meterId } = request.params;
      const answer = await answerWindows(ports, { kind: 'meter', id: meterId }, request);
      return answer instanceof ApiProblem ? answer : { meterId, ...answer };
    },
  };
}
