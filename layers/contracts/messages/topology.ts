import * as z from 'zod';
import { CHANNEL_NAMES } from './channels.ts';
import { Id, Instant } from './fields.ts';
import { INTERVAL_MINUTES } from './limits.ts';
import { MEASUREMENT_KIND_NAMES, PHASES } from './measurements.ts';
import { meterSerial, multiplier, registerDigits } from './register-reads.ts';

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
  declaredLossPercent: z
    .number()
    .min(0)
    .max(50)
    .optional()
    .describe('lost of the energy that enters, where no sensor at the head says it'),
});
const Transformer = z.strictObject({
  transformerId: Id,
  feederId: Id,
  name,
  ratingKva: z.number().positive(),
  ...point,
});
const UsagePoint = z.strictObject({
  usagePointId: Id,
  transformerId: Id,
  ...point,
  serviceRatingKva: z.number().positive().optional().describe('what the service may draw: main fuse times voltage'),
});
const Concentrator = z.strictObject({ concentratorId: Id, name });
const Meter = z.strictObject({
  meterId: Id,
  usagePointId: Id,
  role: z
    .enum(['main', 'check'])
    .optional()
    .describe(
      'check: it measures again what the main meter of the usage point measures, and counts in no sum; absent: main',
    ),
  from: Instant.describe('in service from; what this entry says is so from then on'),
  to: Instant.optional().describe('in service before; absent: still in service'),
  serial: meterSerial.optional(),
  concentratorId: Id.optional().describe('the concentrator that may speak for the meter'),
  channels: z
    .array(
      z.strictObject({
        channel: z.enum(CHANNEL_NAMES),
        unit: z.enum(['kWh', 'kvarh']),
        intervalMinutes: z.literal([...INTERVAL_MINUTES]),
        multiplier: multiplier.optional().describe('1 if absent'),
        register: z
          .strictObject({
            digits: registerDigits,
            resolution: z.number().min(0.001).max(1000).describe('last digit of the display, in the unit'),
          })
          .optional(),
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
    concentrators: list(Concentrator),
    meters: list(Meter),
    sensors: list(Sensor),
  })
  .meta({ id: 'Topology' });
export type Topology = z.infer<typeof Topology>;
