import * as z from 'zod';
import { CHANNEL_NAMES, QUALITY_NAMES } from './channels.ts';
import { energyUnit, Id, Instant, quality, revision } from './fields.ts';
import {
  INTERVAL_MINUTES,
  MAX_CELLS_PER_MESSAGE,
  MAX_INTERVALS_PER_MESSAGE,
  MAX_METERS_PER_MESSAGE,
} from './limits.ts';

/** Powers of ten that a value is multiplied by to give the unit: thousandths (Wh) to whole units. */
export const COLUMN_SCALES = [-3, -2, -1, 0] as const;

const head = {
  channel: z.enum(CHANNEL_NAMES),
  unit: energyUnit,
  scale: z.literal([...COLUMN_SCALES]).describe('value × 10^scale is in the unit'),
  intervalMinutes: z.literal([...INTERVAL_MINUTES]),
  start: Instant.describe('start of the first interval'),
  intervals: z.int().min(1).max(MAX_INTERVALS_PER_MESSAGE).describe('intervals of each meter, one after the other'),
  revision,
  quality,
};

/** What a concentrator or head-end has gathered: intervals of many meters, as one rectangle of integers. */
export const IntervalColumnsMessage = z
  .strictObject({
    ...head,
    meters: z.array(Id).min(1).max(MAX_METERS_PER_MESSAGE),
    values: z
      .array(z.int().min(0).nullable())
      .max(MAX_CELLS_PER_MESSAGE)
      .describe('meter by meter, each with all its intervals; null: nothing was read'),
  })
  .meta({ id: 'IntervalColumns' });
export type IntervalColumnsMessage = z.infer<typeof IntervalColumnsMessage>;

/** The message without its lists, whose items are judged each by itself: good meters are stored beside bad ones. */
export const IntervalColumnsHead = z.strictObject({ ...head, meters: z.unknown(), values: z.unknown() });
export type IntervalColumnsHead = z.infer<typeof IntervalColumnsHead>;

/**
 * The same message as an Avro record. `values` are packed: the first byte is the width of a value in bytes (1, 2 or 4), then
 * every value in the order of the JSON form, unsigned and little-endian; all bits set: nothing was read. A change here is a
 * change of the wire: see the compatibility check of the schemas.
 */
export const INTERVAL_COLUMNS_AVRO = {
  type: 'record',
  name: 'IntervalColumns',
  namespace: 'smartgrid.readings',
  fields: [
    { name: 'channel', type: { type: 'enum', name: 'Channel', symbols: [...CHANNEL_NAMES] } },
    { name: 'unit', type: { type: 'enum', name: 'EnergyUnit', symbols: [...energyUnit.options] } },
    { name: 'scale', type: 'int' },
    { name: 'intervalMinutes', type: 'int' },
    { name: 'start', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'intervals', type: 'int' },
    { name: 'revision', type: 'int', default: 0 },
    { name: 'quality', type: { type: 'enum', name: 'Quality', symbols: [...QUALITY_NAMES] }, default: 'raw' },
    { name: 'meters', type: { type: 'array', items: 'string' } },
    { name: 'values', type: 'bytes' },
  ],
} as const;
