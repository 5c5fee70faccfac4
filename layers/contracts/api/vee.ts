import * as z from 'zod';
import { VEE_RULE_NAMES, VEE_SEVERITIES } from '../vee/rules.ts';
import { channel, cursor, fromTo, id, inOrder, limit, next, utcInstant } from './values.ts';

const date = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date such as 2012-10-07')
  .refine((text) => !Number.isNaN(Date.parse(`${text}T00:00:00Z`)), 'is no date of the calendar')
  .meta({ description: "A local date of the region's zone", examples: ['2012-10-07'] });

const rule = z.enum(VEE_RULE_NAMES);
const severity = z.enum(VEE_SEVERITIES).meta({
  description: 'fail: not billable until resolved; review: billable; hold: billing waits',
});
export const exceptionStatuses = ['open', 'estimated', 'resolved'] as const;
const status = z.enum(exceptionStatuses).meta({
  description: 'estimated: the intervals have estimates; resolved: a later run does not find it any more',
});

/** Absent bounds: `to` is now, `from` 31 days before it. An exception is listed by when it begins. */
export const exceptionsQuery = z
  .strictObject({
    rule: rule.optional(),
    severity: severity.optional(),
    status: status.optional(),
    meterId: id.optional(),
    ...fromTo,
    limit: limit.default(100),
    cursor: cursor.optional(),
  })
  .refine(inOrder, { path: ['from'], message: 'must be before to' });

export const veeException = z
  .object({
    meterId: id,
    channel,
    day: date,
    rule,
    code: z.string().meta({ description: 'CIM ReadingQualityType', examples: ['3.6.1007'] }),
    severity,
    status,
    from: utcInstant,
    to: utcInstant,
    observed: z.number().nullable(),
    limit: z.number().nullable(),
    firstRun: z.number().int(),
    lastRun: z.number().int(),
  })
  .meta({ id: 'VeeException' });

export const veeExceptionList = z.object({ items: z.array(veeException), next }).meta({ id: 'VeeExceptionList' });

export const veeRunRequest = z
  .strictObject({
    regionId: id,
    day: date,
    final: z.boolean().optional(),
    cutoff: z.iso.datetime({ offset: true }).optional(),
  })
  .meta({
    id: 'VeeRunRequest',
    description:
      'Settles a day with what was known at `cutoff` (now if absent); a run that is not complete goes on first',
  });

const count = z.number().int();
export const veeRun = z
  .object({
    regionId: id,
    day: date,
    run: count,
    kind: z.enum(['preliminary', 'final', 'adjustment']),
    cutoff: utcInstant,
    settingsVersion: z.string(),
    complete: z.boolean().meta({ description: 'false: ask again, the run goes on where it is' }),
    counts: z.object({
      usagePoints: count,
      billable: count,
      changed: count.meta({ description: 'Usage points settled otherwise than by the run before' }),
      intervals: count,
      estimated: count,
      open: count.meta({ description: 'Intervals that nothing can be estimated from' }),
      findings: count,
    }),
  })
  .meta({ id: 'VeeRun' });

export const determinantsParams = z.strictObject({ usagePointId: id });
export const determinantsQuery = z.strictObject({
  cycle: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as 2012-10')
    .meta({ description: 'Month of the local calendar', examples: ['2012-10'] }),
  channel: channel.default('activeEnergyImport'),
});

const byPeriod = z.record(z.string(), z.number());
const boundaryRead = z
  .object({
    time: utcInstant,
    value: z.number().meta({ description: 'As the display shows it, before any multiplier, kWh (kvarh)' }),
    basis: z.enum(['measured', 'estimated']).meta({ description: 'estimated: nobody read it then' }),
  })
  .nullable()
  .meta({ description: 'null: no read it could follow from' });

const determinantFields = {
  energy: z.number().meta({ description: 'kWh (kvarh)' }),
  energyByPeriod: byPeriod.meta({ description: 'By time-of-use period' }),
  peakKw: z.number().nullable(),
  peakAt: utcInstant.nullable(),
  intervalsExpected: count,
  intervalsOpen: count,
  estimatedShare: z.number().min(0).max(1).nullable(),
  billable: z.boolean(),
  boundaryReads: z
    .array(z.object({ meterId: id, opening: boundaryRead, closing: boundaryRead }))
    .meta({ description: 'Of each meter that served: its register where its service of the time begins and ends' }),
};

export const billingDeterminants = z
  .object({
    usagePointId: id,
    channel,
    cycle: z.string(),
    timeZone: z.string(),
    start: utcInstant,
    end: utcInstant,
    daysExpected: count,
    ...determinantFields,
    days: z.array(
      z.object({
        day: date,
        run: count,
        billed: z.boolean().meta({ description: 'A final run or an adjustment billed the day' }),
        ...determinantFields,
        adjustments: z
          .array(z.object({ run: count, energyByPeriod: byPeriod }))
          .meta({ description: 'Signed: what is billed on top of the final day' }),
      }),
    ),
  })
  .meta({ id: 'BillingDeterminants' });
