import * as z from 'zod';
import { measurementKind } from './telemetry.ts';
import { channel, id, instant, position } from './values.ts';

const name = z.string().min(1).max(200);

/**
 * A topology as it holds from `effectiveFrom` on. What is named is inserted or changed, what is not named stays as it was;
 * an element whose connection changes keeps its old one until `effectiveFrom`. The same document twice changes nothing.
 */
export const topology = z
  .strictObject({
    effectiveFrom: instant,
    regions: z.array(z.strictObject({ regionId: id, name })).max(1000),
    substations: z.array(z.strictObject({ substationId: id, name, regionId: id, position })).max(10_000),
    feeders: z
      .array(
        z.strictObject({
          feederId: id,
          name,
          substationId: id,
          nominalVoltageV: z.number().positive(),
          ratingKva: z.number().positive(),
          path: z.array(position).min(2).max(1000),
        }),
      )
      .max(10_000),
    transformers: z
      .array(z.strictObject({ transformerId: id, name, feederId: id, ratingKva: z.number().positive(), position }))
      .max(20_000),
    usagePoints: z
      .array(
        z.strictObject({
          usagePointId: id,
          transformerId: id,
          position,
          phase: z.enum(['L1', 'L2', 'L3', 'three']).optional(),
        }),
      )
      .max(50_000),
    meters: z
      .array(
        z.strictObject({
          meterId: id,
          usagePointId: id,
          serviceFrom: instant,
          serviceTo: instant.nullable(),
          channels: z
            .array(
              z.strictObject({
                channel,
                unit: z.string().max(10),
                intervalMinutes: z.union([z.literal(5), z.literal(10), z.literal(15), z.literal(30), z.literal(60)]),
              }),
            )
            .min(1)
            .max(8),
        }),
      )
      .max(50_000),
    sensors: z
      .array(
        z.strictObject({ sensorId: id, name, feederId: id, position, kinds: z.array(measurementKind).min(1).max(20) }),
      )
      .max(10_000),
  })
  .meta({ id: 'Topology' });
export type Topology = z.infer<typeof topology>;

const change = z.object({ inserted: z.number().int(), changed: z.number().int(), unchanged: z.number().int() });

export const topologyImport = z
  .object({
    effectiveFrom: z.string(),
    regions: change,
    substations: change,
    feeders: change,
    transformers: change,
    usagePoints: change,
    meters: change,
    sensors: change,
    sensorsPublished: z.number().int(),
  })
  .meta({ id: 'TopologyImport' });
