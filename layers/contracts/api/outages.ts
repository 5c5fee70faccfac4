import * as z from 'zod';
import { METER_EVENTS } from '../messages/events.ts';
import { MOMENTARY_CHOICES, MOMENTARY_MINUTES } from '../outages/settings.ts';
import { cursor, fromTo, id, inOrder, limit, next, utcInstant } from './values.ts';

const ordered = { path: ['from'], message: 'must be before to' };

export const outageStatuses = ['suspected', 'confirmed', 'restored', 'dismissed'] as const;
const status = z.enum(outageStatuses).meta({
  id: 'OutageStatus',
  description:
    'suspected, confirmed: open; restored: was confirmed, everybody is back; dismissed: was suspected, supply is back',
});

const outageId = z
  .string()
  .regex(/^out-[0-9a-f]{24}$/, 'must be an outage id as /outages answers it')
  .meta({ description: 'Of what is out and since when' });
export const outageParams = z.strictObject({ outageId });

const degrees = '-?\\d{1,3}(?:\\.\\d+)?';
const bbox = z
  .string()
  .max(128)
  .regex(new RegExp(`^${degrees},${degrees},${degrees},${degrees}$`), 'must be west,south,east,north in degrees')
  .meta({ description: 'west,south,east,north in degrees', examples: ['150.5,-34.2,152.0,-32.5'] });

/** Absent bounds: `to` is now, `from` 28 days before it. An outage that reaches into the range is listed. */
export const outagesQuery = z
  .strictObject({
    status: status.optional(),
    ...fromTo,
    bbox: bbox.optional(),
    limit: limit.default(100),
    cursor: cursor.optional(),
  })
  .refine(inOrder, ordered);

const outageFields = {
  outageId,
  level: z.enum(['usagePoint', 'transformer', 'feeder']),
  entityId: id.meta({ description: 'The usage point, transformer or feeder that is out' }),
  feederId: id,
  transformerIds: z.array(id),
  status,
  from: utcInstant,
  to: utcInstant.nullable().meta({ description: 'When the last customer was back; null while one is out' }),
  planned: z.boolean(),
  reason: z.string().nullable().meta({ description: 'As a person gave it' }),
  customers: z.int().meta({ description: 'Energised usage points that lost supply' }),
  customersOut: z.int().meta({ description: 'Of them, those without supply now' }),
  disputed: z.int().meta({ description: 'Interruptions in which energy was measured all the same' }),
  steps: z.array(z.object({ at: utcInstant, customers: z.int() })).meta({ description: 'Restoration in steps' }),
  area: z
    .object({ type: z.literal('Polygon'), coordinates: z.array(z.array(z.tuple([z.number(), z.number()]))) })
    .nullable()
    .meta({ description: 'GeoJSON: outline of the usage points that lost supply' }),
};

export const outage = z.object(outageFields).meta({ id: 'Outage' });
export const outageList = z.object({ items: z.array(outage), next }).meta({ id: 'OutageList' });

export const outageDetail = z
  .object({
    ...outageFields,
    interruptions: z.array(
      z.object({
        meterId: id,
        usagePointId: id,
        transformerId: id,
        from: utcInstant,
        to: utcInstant.nullable(),
        reported: z.boolean().meta({ description: 'By the meter itself; false: implied by those around it' }),
        disputed: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'OutageDetail' });

export const outageCause = z
  .strictObject({
    planned: z.boolean(),
    reason: z.string().trim().min(3, 'say why, in at least three characters').max(500),
  })
  .meta({ id: 'OutageCause' });

/** Absent bounds: `to` is now, `from` a year before it. Without feeder and region: the whole system. */
export const reliabilityQuery = z
  .strictObject({
    ...fromTo,
    feederId: id.optional(),
    regionId: id.optional(),
    momentaryMinutes: z.coerce
      .number()
      .pipe(z.literal([...MOMENTARY_CHOICES]))
      .default(MOMENTARY_MINUTES)
      .meta({ description: 'An interruption of up to so many minutes is momentary (IEEE 1366: 5)' }),
  })
  .refine(inOrder, ordered)
  .refine(({ feederId, regionId }) => feederId === undefined || regionId === undefined, {
    path: ['regionId'],
    message: 'cannot be given together with feederId',
  });

const indices = z
  .object({
    saidiMinutes: z.number().nullable(),
    saifi: z.number().nullable(),
    caidiMinutes: z.number().nullable(),
    maifi: z.number().nullable(),
    sustained: z.int(),
    momentary: z.int(),
    customerMinutes: z.number(),
  })
  .meta({ id: 'ReliabilityIndices' });

export const reliability = z
  .object({
    from: utcInstant,
    to: utcInstant,
    momentaryMinutes: z.number(),
    customers: z.number().meta({ description: 'Mean number of energised usage points' }),
    unplanned: indices,
    unplannedWithoutMajorEvents: indices,
    planned: indices,
    majorEventThresholdMinutes: z
      .number()
      .nullable()
      .meta({ description: 'T_MED of the 2.5 beta method over the five years before; null with too little history' }),
    majorEventDays: z.array(z.object({ date: z.iso.date(), saidiMinutes: z.number() })),
  })
  .meta({ id: 'Reliability' });

export const meterStatus = z
  .object({
    meterId: id,
    supply: z.enum(['on', 'suspectedOut', 'out', 'unknown']).meta({
      description: 'on: energy measured lately; unknown: nothing says that it is out, and nothing was heard lately',
    }),
    since: utcInstant.nullable().meta({ description: 'Out since; or silent since, where unknown' }),
    outageId: outageId.nullable(),
    newestReadingEnd: utcInstant.nullable(),
    lastEvent: z.object({ event: z.enum(METER_EVENTS), time: utcInstant }).nullable(),
  })
  .meta({ id: 'MeterStatus' });
