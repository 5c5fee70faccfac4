import * as z from 'zod';
import { Id, Instant } from './fields.ts';
import { MEASUREMENT_KIND_NAMES, PHASES } from './measurements.ts';

export const SensorTelemetryMessage = z
  .strictObject({
    sensorId: Id,
    time: Instant,
    measurements: z
      .array(
        z.strictObject({
          kind: z.enum(MEASUREMENT_KIND_NAMES),
          unit: z.string().max(16),
          phase: z.enum(PHASES).optional(),
          value: z.number(),
        }),
      )
      .min(1)
      .max(64),
  })
  .meta({ id: 'SensorTelemetry' });
export type SensorTelemetryMessage = z.infer<typeof SensorTelemetryMessage>;
