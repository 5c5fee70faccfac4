import * as z from 'zod';
import { METER_EVENTS } from './events.ts';
import { Id, Instant } from './fields.ts';

export const MeterEventMessage = z
  .strictObject({ meterId: Id, time: Instant, event: z.enum(METER_EVENTS), detail: z.string().max(1024).optional() })
  .meta({ id: 'MeterEvent' });
export type MeterEventMessage = z.infer<typeof MeterEventMessage>;
