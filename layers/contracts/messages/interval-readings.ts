import * as z from 'zod';
import { channel, channelOrObis, energyUnit, Id, Instant, quality, revision } from './fields.ts';
import { INTERVAL_MINUTES, MAX_INTERVALS_PER_MESSAGE } from './limits.ts';

/** Value of one interval, in the channel's unit, at most three decimals. */
const interval = { start: Instant, value: z.number().min(0), revision, quality };

const head = { meterId: Id, channel, unit: energyUnit, intervalMinutes: z.literal([...INTERVAL_MINUTES]) };

export const IntervalReadingMessage = z.strictObject({ ...head, ...interval });
export type IntervalReadingMessage = z.infer<typeof IntervalReadingMessage>;

export const IntervalBlockMessage = z.strictObject({
  ...head,
  intervals: z.array(z.strictObject(interval)).min(1).max(MAX_INTERVALS_PER_MESSAGE),
});
export type IntervalBlockMessage = z.infer<typeof IntervalBlockMessage>;

/** The parts of an interval block, for judging each interval by itself: good ones are stored beside bad ones. */
export const IntervalBlockHead = z.strictObject({ ...head, intervals: z.unknown() });
export const IntervalBlockItem = z.strictObject(interval);
export type IntervalBlockItem = z.infer<typeof IntervalBlockItem>;

/** As published: the channel by its word or by its OBIS code. */
export const IntervalReadingWire = IntervalReadingMessage.extend(channelOrObis).meta({ id: 'IntervalReading' });
export const IntervalBlockWire = IntervalBlockMessage.extend(channelOrObis).meta({ id: 'IntervalBlock' });
