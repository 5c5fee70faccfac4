import type { Violation } from '../../contracts/api/problem.ts';
import { CHANNELS, ENERGY_SCALE } from '../../contracts/messages/channels.ts';
import { MEASUREMENT_KINDS } from '../../contracts/messages/measurements.ts';
import type { Topology } from '../../contracts/messages/topology.ts';

const repeated = (section: string, ids: readonly string[]): Violation[] => {
  const seen = new Set<string>();
  return ids.flatMap((id, index) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [{ path: `${section}[${index}]`, message: 'is declared twice', value: id }];
  });
};

const isTimeZone = (timeZone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).format(0).length > 0 && /^[A-Za-z]/.test(timeZone);
  } catch {
    return false;
  }
};

/** Every contradiction of a topology within itself; empty if there is none. */
export function topologyViolations(topology: Topology): Violation[] {
  const { regions = [], substations = [], feeders = [], transformers = [] } = topology;
  const { usagePoints = [], concentrators = [], meters = [], sensors = [] } = topology;
  return [
    ...repeated(
      'regions',
      regions.map(({ regionId }) => regionId),
    ),
    ...repeated(
      'substations',
      substations.map(({ substationId }) => substationId),
    ),
    ...repeated(
      'feeders',
      feeders.map(({ feederId }) => feederId),
    ),
    ...repeated(
      'transformers',
      transformers.map(({ transformerId }) => transformerId),
    ),
    ...repeated(
      'usagePoints',
      usagePoints.map(({ usagePointId }) => usagePointId),
    ),
    ...repeated(
      'concentrators',
      concentrators.map(({ concentratorId }) => concentratorId),
    ),
    ...repeated(
      'meters',
      meters.map(({ meterId }) => meterId),
    ),
    ...repeated(
      'sensors',
      sensors.map(({ sensorId }) => sensorId),
    ),
    ...regions.flatMap(({ timeZone }, index) =>
      isTimeZone(timeZone)
        ? []
        : [{ path: `regions[${index}].timeZone`, message: 'is no IANA time zone', value: timeZone }],
    ),
    ...meters.flatMap(({ from, to, channels }, index) => [
      ...(to !== undefined && Date.parse(to) <= Date.parse(from)
        ? [{ path: `meters[${index}].to`, message: 'must be after from', value: to }]
        : []),
      ...repeated(
        `meters[${index}].channels`,
        channels.map(({ channel }) => channel),
      ),
      ...channels.flatMap(({ register }, at) =>
        register === undefined || Number.isInteger(Number((register.resolution * ENERGY_SCALE).toFixed(6)))
          ? []
          : [
              {
                path: `meters[${index}].channels[${at}].register.resolution`,
                message: 'must be a multiple of 0.001',
                value: register.resolution,
              },
            ],
      ),
      ...channels.flatMap(({ channel, unit }, at) =>
        CHANNELS[channel].unit === unit
          ? []
          : [
              {
                path: `meters[${index}].channels[${at}].unit`,
                message: `must be ${CHANNELS[channel].unit}`,
                value: unit,
              },
            ],
      ),
    ]),
    ...sensors.flatMap(({ kinds }, index) => [
      ...repeated(
        `sensors[${index}].kinds`,
        kinds.map(({ kind }) => kind),
      ),
      ...kinds.flatMap(({ kind, unit }, at) =>
        MEASUREMENT_KINDS[kind].unit === unit
          ? []
          : [
              {
                path: `sensors[${index}].kinds[${at}].unit`,
                message: `must be ${MEASUREMENT_KINDS[kind].unit}`,
                value: unit,
              },
            ],
      ),
    ]),
  ];
}
