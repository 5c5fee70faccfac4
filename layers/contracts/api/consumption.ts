import * as z from 'zod';
import { withheld } from './privacy.ts';
import { fromTo, granularity, id, inOrder, timeZone, utcInstant } from './values.ts';

/** Absent bounds: `to` is now; `from` is a day before it by hour, 31 days by day, 366 days by month. */
export const consumptionQuery = z
  .strictObject({ granularity: granularity.default('day'), tz: timeZone.default('UTC'), ...fromTo })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

/** A period of local time, cut to `from` and `to`. With nothing in it `intervalsPresent` is 0 and `value` null, never 0. */
export const consumptionPeriod = z
  .object({
    start: utcInstant,
    end: utcInstant,
    value: z.number().nullable().meta({ description: 'Energy in kWh: the sum of what is present' }),
    withheld,
    intervalsExpected: z.number().int().meta({ description: 'Intervals of the meters in service' }),
    intervalsPresent: z.number().int(),
    estimatedShare: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .meta({ description: 'Estimated intervals among those present' }),
  })
  .meta({ id: 'ConsumptionPeriod' });
export type ConsumptionPeriod = z.infer<typeof consumptionPeriod>;

const series = {
  granularity,
  timeZone: z.string(),
  unit: z.literal('kWh'),
  from: utcInstant,
  to: utcInstant,
  periods: z.array(consumptionPeriod),
};

export const meterConsumption = z.object({ meterId: id, ...series }).meta({ id: 'MeterConsumption' });
export const transformerConsumption = z.object({ transformerId: id, ...series }).meta({ id: 'TransformerConsumption' });
export const feederConsumption = z.object({ feederId: id, ...series }).meta({ id: 'FeederConsumption' });
export const regionConsumption = z.object({ regionId: id, ...series }).meta({ id: 'RegionConsumption' });
export const systemConsumption = z.object(series).meta({ id: 'SystemConsumption' });
