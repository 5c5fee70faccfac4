import { MEASUREMENT_KINDS } from '../../../layers/contracts/messages/measurements.ts';
import { isoRange } from '../../../layers/domain/calendar/range.ts';
import type { SensorRegistry } from '../../../layers/domain/telemetry/sensor-registry.ts';
import type { TelemetryStore } from '../../../layers/domain/telemetry/telemetry-store.ts';
import type { UseCase, UseCases } from '../../../layers/runtime/api-handler.ts';
import { ApiProblem, apiProblem } from '../../../layers/runtime/api-problem.ts';
import { decodeCursor, encodeCursor, ID_POSITION, INSTANT_POSITION } from '../../../layers/runtime/cursor.ts';
import { requestedRange } from '../../../layers/runtime/requested-range.ts';
import { readsSingleMeters } from '../../../layers/runtime/single-meters.ts';
import { getFeederLoad, getSystemLoad } from './load.ts';

export interface TelemetryPorts {
  telemetry: Pick<TelemetryStore, 'read' | 'aggregate'>;
  registry: SensorRegistry;
}

/** Samples of one instant: three phases and the total. */
const SAMPLES_PER_INSTANT = 4;

/** Use cases of sensors and of the loads they measure. */
export function telemetryRoutes(
  ports: TelemetryPorts,
): UseCases<'listSensors' | 'getSensor' | 'getSensorTelemetry' | 'getFeederLoad' | 'getSystemLoad'> {
  return {
    async listSensors({ query: { limit, cursor } }) {
      const after = decodeCursor(cursor, ID_POSITION);
      if (after instanceof ApiProblem) return after;
      const { sensors } = await ports.registry.list();
      const rest = sensors.filter(({ sensorId }) => after === undefined || sensorId > after);
      const items = rest.slice(0, limit);
      const last = items.at(-1);
      return { items, next: rest.length > limit && last ? encodeCursor(last.sensorId) : null };
    },
    async getSensor({ params: { sensorId } }) {
      return (await ports.registry.findSensors([sensorId])).get(sensorId) ?? noSensor(sensorId);
    },
    getSensorTelemetry: (request) => sensorTelemetry(ports, request),
    getFeederLoad: (request) => getFeederLoad(ports, request),
    getSystemLoad: (request) => getSystemLoad(ports, request),
  };
}

const noSensor = (sensorId: string): ApiProblem => apiProblem('not-found', `There is no sensor ${sensorId}`);

const sensorTelemetry = async (
  ports: TelemetryPorts,
  { params: { sensorId }, query, caller, now }: Parameters<UseCase<'getSensorTelemetry'>>[0],
): ReturnType<UseCase<'getSensorTelemetry'>> => {
  const range = requestedRange(query, now);
  if (range instanceof ApiProblem) return range;
  const position = decodeCursor(query.cursor, INSTANT_POSITION);
  if (position instanceof ApiProblem) return position;
  const sensor = (await ports.registry.findSensors([sensorId])).get(sensorId);
  if (!sensor) return noSensor(sensorId);
  // A transformer may serve one customer, whose load it then measures.
  if (sensor.transformerId !== null && !readsSingleMeters(caller)) {
    return apiProblem('forbidden', 'The sensor of a transformer takes the right to read single meters');
  }
  const found = await ports.telemetry.read({
    sensorId,
    kind: query.kind,
    from: position === undefined ? range.from : Math.max(range.from, Number(position)),
    to: range.to,
    limit: (query.limit + 1) * SAMPLES_PER_INSTANT,
  });
  // An instant's phases are never torn apart: the page ends before the instant that is one too many.
  const following = [...new Set(found.map(({ time }) => time))][query.limit];
  const page = following === undefined ? found : found.filter(({ time }) => time < following);
  return {
    sensorId,
    kind: query.kind,
    unit: MEASUREMENT_KINDS[query.kind].unit,
    ...isoRange(range),
    samples: page.map(({ time, phase, value }) => ({
      time: new Date(time).toISOString(),
      ...(phase === undefined ? {} : { phase }),
      value,
      quality: 'raw' as const,
    })),
    next: following === undefined ? null : encodeCursor(String(following)),
  };
};
