import type { TopologyReader } from '../../../layers/domain/network/topology-store.ts';
import type { TelemetryStore } from '../../../layers/domain/telemetry/telemetry-store.ts';
import type { WindowReader } from '../../../layers/domain/windows/window-store.ts';
import { answerConsumption } from '../../../layers/runtime/answer-consumption.ts';
import { answerWindows } from '../../../layers/runtime/answer-windows.ts';
import type { UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem } from '../../../layers/runtime/api-problem.ts';
import { networkLoading, transformerLoading } from './loading.ts';
import { feederLosses } from './losses.ts';

export interface NetworkPorts {
  topology: Pick<TopologyReader, 'exists' | 'feeder' | 'serviceGroups' | 'timeZones' | 'transformers' | 'network'>;
  windows: WindowReader;
  /** Absent where telemetry is not in the database: Timestream has no way into the VPC. */
  telemetry?: Pick<TelemetryStore, 'aggregate'> | undefined;
}

/** Use cases of the network: what is connected to what, and what the meters add up to. */
export function networkRoutes(
  ports: NetworkPorts,
): UseCases<
  | 'getNetwork'
  | 'getNetworkLoading'
  | 'getTransformerLoading'
  | 'getTransformerConsumption'
  | 'getFeederConsumption'
  | 'getFeederLosses'
  | 'getRegionConsumption'
  | 'getSystemConsumption'
  | 'getTransformerWindows'
  | 'getFeederWindows'
  | 'getRegionWindows'
  | 'getSystemWindows'
> {
  return {
    getNetwork: () => ports.topology.network(),
    getNetworkLoading: (request) => networkLoading(ports, request),
    getTransformerLoading: (request) => transformerLoading(ports, request),
    async getTransformerConsumption(request) {
      const { transformerId } = request.params;
      const answer = await answerConsumption(ports, { kind: 'transformer', id: transformerId }, request);
      return answer instanceof ApiProblem ? answer : { transformerId, ...answer };
    },
    async getFeederConsumption(request) {
      const { feederId } = request.params;
      const answer = await answerConsumption(ports, { kind: 'feeder', id: feederId }, request);
      return answer instanceof ApiProblem ? answer : { feederId, ...answer };
    },
    getFeederLosses: (request) => feederLosses(ports, request),
    async getRegionConsumption(request) {
      const { regionId } = request.params;
      const answer = await answerConsumption(ports, { kind: 'region', id: regionId }, request);
      return answer instanceof ApiProblem ? answer : { regionId, ...answer };
    },
    getSystemConsumption: (request) => answerConsumption(ports, { kind: 'system' }, request),
    async getTransformerWindows(request) {
      const { transformerId } = request.params;
      const answer = await answerWindows(ports, { kind: 'transformer', id: transformerId }, request);
      return answer instanceof ApiProblem ? answer : { transformerId, ...answer };
    },
    async getFeederWindows(request) {
      const { feederId } = request.params;
      const answer = await answerWindows(ports, { kind: 'feeder', id: feederId }, request);
      return answer instanceof ApiProblem ? answer : { feederId, ...answer };
    },
    async getRegionWindows(request) {
      const { regionId } = request.params;
      const answer = await answerWindows(ports, { kind: 'region', id: regionId }, request);
      return answer instanceof ApiProblem ? answer : { regionId, ...answer };
    },
    getSystemWindows: (request) => answerWindows(ports, { kind: 'system' }, request),
  };
}
