import type { TopologyWriter } from '../../../layers/domain/network/topology-store.ts';
import { topologyViolations } from '../../../layers/domain/network/topology-violations.ts';
import type { SensorPublisher } from '../../../layers/domain/telemetry/sensor-registry.ts';
import type { UseCase } from '../../../layers/runtime/api-handler.ts';
import { apiProblem } from '../../../layers/runtime/api-problem.ts';
import { log } from '../../../layers/runtime/observability.ts';

/**
 * Imports a topology, then publishes its sensors and feeders. If publishing fails the import stands and the caller sees an
 * error: the same document again changes nothing and publishes all of them.
 */
export const putTopology =
  (ports: { topology: TopologyWriter; registry: SensorPublisher }): UseCase<'putTopology'> =>
  async ({ body, correlationId }) => {
    const violations = topologyViolations(body);
    if (violations.length > 0) {
      return apiProblem('unprocessable-topology', 'See violations', violations.map(inBody));
    }
    const outcome = await ports.topology.importTopology(body);
    if ('dangling' in outcome) {
      const dangling = outcome.dangling.map(({ path, kind, id }) => ({
        path,
        message: `there is no ${kind} ${id}`,
        value: id,
      }));
      return apiProblem('unprocessable-topology', 'See violations', dangling.map(inBody));
    }
    const registry = await ports.topology.sensorsAndFeeders({
      sensorIds: (body.sensors ?? []).map(({ sensorId }) => sensorId),
      feederIds: (body.feeders ?? []).map(({ feederId }) => feederId),
    });
    await ports.registry.publish(registry);
    log.info('TOPOLOGY_IMPORTED', {
      correlationId,
      meters: body.meters?.length ?? 0,
      sensors: registry.sensors.length,
    });
    return { ...outcome.changes, sensorsPublished: registry.sensors.length };
  };

const inBody = <V extends { path: string }>(violation: V): V => ({ ...violation, path: `body.${violation.path}` });
