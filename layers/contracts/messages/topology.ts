import * as z from 'zod';
import { CHANNEL_NAMES } from './channels.ts';
import { Id, Instant } from './fields.ts';
import { INTERVAL_MINUTES } from './limits.ts';
import { MEASUREMENT_KIND_NAMES, PHASES } from './measurements.ts';

const name = z.string().min(1).max(128);
const point = { lon: z.number().min(-180).max(180), lat: z.number().min(-90).max(90) };
const position = z.tuple([point.lon, point.lat]);
const list = <Item extends z.ZodType>(item: Item) => z.array(item).optional();

const Region = z.strictObject({ regionId: Id, name, timeZone: z.string().max(64).describe('IANA') });
const Substation = z.strictObject({ substationId: Id, regionId: Id, name, ...point });
const Feeder = z.strictObject({
  feederId: Id,
  substationId: Id,
  name,
  nominalVoltageV: z.number().positive(),
  ratingKva: z.number().positive(),
  path: z.array(position).min(2).describe('[lon, lat] from the substation outwards'),
});
const Transformer = z.strictObject({
  transformerId: Id,
  feederId: Id,
  name,
  ratingKva: z.number().positive(),
  ...point,
});
const UsagePoint = z.strictObject({ usagePointId: Id, transformerId: Id, ...point });
const Meter = z.strictObject({
  meterId: Id,
  usagePointId: Id,
  from: Instant.describe('in service from'),
  to: Instant.optional().describe('in service before; absent: still in service'),
  channels: z
    .array(
      z.strictObject({
        channel: z.enum(CHANNEL_NAMES),
        unit: z.enum(['kWh', 'kvarh']),
        intervalMinutes: z.literal([...INTERVAL_MINUTES]),
      }),
    )
    .min(1),
});
const Sensor = z.strictObject({
  sensorId: Id,
  feederId: Id.optional(),
  transformerId: Id.optional(),
  name,
  kinds: z
    .array(
      z.strictObject({ kind: z.enum(MEASUREMENT_KIND_NAMES), unit: z.string().max(16), phases: list(z.enum(PHASES)) }),
    )
    .min(1),
});

/** The topology import (`PUT /topology`): an upsert by id, in dependency order; absent sections stay as they are. */
export const Topology = z
  .strictObject({
    regions: list(Region),
    substations: list(Substation),
    feeders: list(Feeder),
    transformers: list(Transformer),
    usagePoints: list(UsagePoint),
    meters: list(Meter),
    sensors: list(Sensor),
  })
  .meta({ id: 'Topology' });
export type Topology = z.infer<typeof Topology>;
