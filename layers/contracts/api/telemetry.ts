import * as z from 'zod';
import { MEASUREMENT_KIND_NAMES, PHASES } from '../messages/measurements.ts';
import { cursor, fromTo, id, inOrder, limit, next, utcInstant } from './values.ts';

export const sensorParams = z.strictObject({ sensorId: id });

export const measurementKind = z.enum(MEASUREMENT_KIND_NAMES).meta({ id: 'MeasurementKind' });

export const sensor = z
  .object({
    sensorId: id,
    name: z.string(),
    feederId: id.nullable(),
    transformerId: id.nullable(),
    kinds: z.array(z.object({ kind: measurementKind, unit: z.string(), phases: z.array(z.enum(PHASES)).optional() })),
  })
  .meta({ id: 'Sensor' });
export type Sensor = z.infer<typeof sensor>;

export const sensorsQuery = z.strictObject({ limit: limit.default(100), cursor: cursor.optional() });
export const sensorList = z.object({ items: z.array(sensor), next }).meta({ id: 'SensorList' });

/** Absent bounds: `to` is now, `from` a day before it. `limit` counts instants, each with all its phases. */
export const telemetryQuery = z
  .strictObject({
    kind: measurementKind.default('activePower'),
    ...fromTo,
    limit: limit.default(1000),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

export const sensorTelemetry = z
  .object({
    sensorId: id,
    kind: measurementKind,
    unit: z.string(),
    from: utcInstant,
    to: utcInstant,
    samples: z.array(
      z.object({
        time: utcInstant,
        phase: z.enum(PHASES).optional(),
        value: z.number(),
        quality: z.enum(['raw']),
      }),
    ),
    next,
  })
  .meta({ id: 'SensorTelemetry' });

/** Whole periods that meet the range, UTC multiples of the resolution, at most 5,000. Absent bounds: `to` is now, `from` a day before it. */
export const loadQuery = z
  .strictObject({
    resolutionMinutes: z.enum(['1', '5', '15', '30', '60']).default('30'),
    ...fromTo,
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

const loadFields = {
  unit: z.literal('kW'),
  resolutionMinutes: z.number().int(),
  from: utcInstant,
  to: utcInstant,
};

export const feederLoad = z
  .object({
    feederId: id,
    sensorId: id,
    ...loadFields,
    periods: z.array(
      z.object({
        start: utcInstant,
        end: utcInstant,
        value: z.number().nullable().meta({ description: "Mean active power at the feeder's sensor, kW" }),
        minimum: z.number().nullable(),
        maximum: z.number().nullable(),
        samplesPresent: z.number().int(),
      }),
    ),
  })
  .meta({ id: 'FeederLoad' });

export const systemLoad = z
  .object({
    ...loadFields,
    periods: z.array(
      z.object({
        start: utcInstant,
        end: utcInstant,
        value: z.number().nullable().meta({ description: 'Sum over the feeders that reported, kW' }),
        feedersExpected: z.number().int(),
        feedersPresent: z.number().int(),
      }),
    ),
  })
  .meta({ id: 'SystemLoad' });
