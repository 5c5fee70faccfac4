import * as z from 'zod';
import { withheld } from './privacy.ts';
import { channel, cursor, fromTo, id, inOrder, limit, next, timeZone, utcInstant } from './values.ts';

/** Length of a window, minutes; a day is a local day of 23, 24 or 25 hours. */
export const WINDOW_MINUTES = { '1m': 1, '15m': 15, '1h': 60, '1d': 1440 } as const;
export type WindowSize = keyof typeof WINDOW_MINUTES;
const windowSize = z.enum(Object.keys(WINDOW_MINUTES) as [WindowSize, ...WindowSize[]]);

/**
 * Whole windows that meet the range. Absent bounds: `to` is now, `from` a day before it. `tz` absent: the zone of the entity's
 * region; UTC where there are several.
 */
export const windowsQuery = z
  .strictObject({
    size: windowSize.default('1h'),
    channel: channel.default('activeEnergyImport'),
    tz: timeZone.optional(),
    ...fromTo,
    limit: limit.default(1000),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

const power = (description: string) => z.number().nullable().meta({ description });

/** What was measured in a window, by the start of the interval. With nothing in it `intervalsPresent` is 0 and the rest null. */
export const energyWindow = z
  .object({
    start: utcInstant,
    end: utcInstant,
    sum: z.number().nullable().meta({ description: 'Energy of the readings present' }),
    mean: power('Mean power of a meter: energy present by the time it was measured over'),
    minimum: power(
      'Least power of a single meter over one of its intervals; only for those who may read single meters',
    ),
    maximum: power('Greatest power of a single meter over one of its intervals; likewise'),
    peak: power(
      'Greatest power of all its meters together over one interval, as far as they reported; null also where that interval ' +
        'alone would be withheld',
    ),
    withheld,
    intervalsExpected: z.number().int(),
    intervalsPresent: z.number().int(),
    completeness: z
      .number()
      .min(0)
      .nullable()
      .meta({ description: 'Present of expected; null where none is expected' }),
    estimatedShare: z.number().min(0).max(1).nullable(),
  })
  .meta({ id: 'EnergyWindow' });
export type EnergyWindow = z.infer<typeof energyWindow>;

const series = {
  channel,
  size: windowSize,
  timeZone: z.string(),
  energyUnit: z.enum(['kWh', 'kvarh']),
  powerUnit: z.enum(['kW', 'kvar']),
  from: utcInstant,
  to: utcInstant,
  leftOutIntervalMinutes: z
    .array(z.number().int())
    .meta({ description: 'Meters with intervals of these lengths are not in it: an interval is never divided' }),
  windows: z.array(energyWindow),
  next,
};

export const meterWindows = z.object({ meterId: id, ...series }).meta({ id: 'MeterWindows' });
export const transformerWindows = z.object({ transformerId: id, ...series }).meta({ id: 'TransformerWindows' });
export const feederWindows = z.object({ feederId: id, ...series }).meta({ id: 'FeederWindows' });
export const regionWindows = z.object({ regionId: id, ...series }).meta({ id: 'RegionWindows' });
const systemWindowsSeries = z.object(series);
export const systemWindows = systemWindowsSeries.meta({ id: 'SystemWindows' });
export type WindowSeries = z.infer<typeof systemWindowsSeries>;
