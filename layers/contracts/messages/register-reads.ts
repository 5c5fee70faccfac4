import * as z from 'zod';
import { channel, channelOrObis, energyUnit, Id, Instant, revision } from './fields.ts';

/** Why a register was read. A meter exchange is two reads: the last of the old meter and the first of the new one. */
export const READ_REASONS = [
  'scheduled',
  'on-demand',
  'billing',
  'exchange-final',
  'exchange-initial',
  'connect',
  'disconnect',
] as const;
export type ReadReason = (typeof READ_REASONS)[number];

/** Most digits before the decimal point of a register: the widest display in IEC 62052 class meters. [proposed] */
export const MAX_REGISTER_DIGITS = 9;

export const registerDigits = z
  .int()
  .min(1)
  .max(MAX_REGISTER_DIGITS)
  .describe('digits before the decimal point: the register rolls over at ten to this power');

/** Highest ratio of current and voltage transformers together. [proposed: 3,000/1 A times 132,000/110 V] */
export const MAX_MULTIPLIER = 3_600_000;

export const multiplier = z
  .number()
  .positive()
  .max(MAX_MULTIPLIER)
  .describe("energy = difference of the register × multiplier; the instrument transformers' ratio");

export const meterSerial = z
  .string()
  .regex(/^[\x21-\x7e]{1,64}$/)
  .describe("the manufacturer's number of the physical meter: another one is a meter exchange");

/**
 * A register as its display shows it. What the message does not say of the register, the topology says: it dates the
 * multiplier, the digits and the serial number. What both say must agree.
 */
export const RegisterReadMessage = z.strictObject({
  meterId: Id,
  channel,
  unit: energyUnit,
  time: Instant,
  value: z.number().min(0).describe('cumulative, as displayed: before the multiplier; at most three decimals'),
  revision,
  register: z
    .strictObject({
      digits: registerDigits.optional(),
      multiplier: multiplier.optional(),
      serial: meterSerial.optional(),
    })
    .optional(),
  reason: z.enum(READ_REASONS).optional().describe('scheduled if absent'),
});
export type RegisterReadMessage = z.infer<typeof RegisterReadMessage>;

/** As published: the channel by its word or by its OBIS code. */
export const RegisterReadWire = RegisterReadMessage.extend(channelOrObis).meta({ id: 'RegisterRead' });
