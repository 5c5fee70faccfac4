import * as z from 'zod';
import { withheld } from './privacy.ts';
import { granularity, id, utcInstant } from './values.ts';

const energy = (description: string) => z.number().nullable().meta({ description });

/** The energy balance of a feeder: entered + exported = consumed + loss, kWh. */
export const feederLossPeriod = z
  .object({
    start: utcInstant,
    end: utcInstant,
    basis: z
      .enum(['measured', 'declared'])
      .nullable()
      .meta({
        description:
          'measured: the sensor at the head less the meters; declared: by the share that is declared of the feeder, with what ' +
          'entered computed from it; null: neither, or no interval is complete',
      }),
    entered: energy('Through the head of the feeder'),
    exported: energy('Fed in by customers'),
    consumed: energy('By customers'),
    loss: energy('Technical and other losses'),
    lossPercent: energy('Of what entered and was fed in'),
    withheld,
    intervalsExpected: z.number().int(),
    intervalsCounted: z.number().int().meta({
      description: 'Intervals that every meter has, and the head where the loss is measured; the balance is of them',
    }),
  })
  .meta({ id: 'FeederLossPeriod' });
export type FeederLossPeriod = z.infer<typeof feederLossPeriod>;

export const feederLosses = z
  .object({
    feederId: id,
    granularity,
    timeZone: z.string(),
    unit: z.literal('kWh'),
    declaredLossPercent: z.number().nullable(),
    headSensorId: id.nullable(),
    from: utcInstant,
    to: utcInstant,
    periods: z.array(feederLossPeriod),
  })
  .meta({ id: 'FeederLosses' });
