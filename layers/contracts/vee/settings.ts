import * as z from 'zod';
import { MAX_AHEAD_MS } from '../messages/limits.ts';

const hours = z
  .number()
  .positive()
  .max(24 * 366);
const days = z.int().min(1).max(366);
const factor = z.number().positive().max(1000);
const share = z.number().min(0).max(1);

/** Thresholds of the validation rules. What is not said to have a source is proposed. */
const VeeRuleSettings = z.strictObject({
  zeroUsage: z.strictObject({
    hours: hours.describe('zero for so long'),
    quietDays: days.describe('a meter that was zero for so long once within these days is known to be empty'),
  }),
  spike: z.strictObject({
    minIntervals: z.int().min(4).max(1440).describe('a day with fewer is not judged'),
    excessShare: factor.describe('(highest − third highest) / third highest is above this'),
    peakDays: days.describe('and the highest is above the peak of so many days before'),
    peakFactor: factor.describe('times this'),
  }),
  sumCheck: z.strictObject({ resolutions: factor.describe('register resolutions by which a sum may differ') }),
  highLow: z.strictObject({
    highFactor: factor.describe('day above so many times the mean of its like days'),
    lowFactor: factor.describe('day below this part of the mean of its like days'),
    minLikeDays: z.int().min(1).max(42),
    beyondFactor: factor.describe('and above the highest like day, or below the lowest, by this factor'),
    minMeanWh: z.number().min(0).describe('like days with less are not compared'),
  }),
  kvarh: z.strictObject({ ratio: factor, minActiveWh: z.number().min(0).describe('days with less are not judged') }),
  capacity: z.strictObject({ ratingFactor: factor }),
  flatline: z.strictObject({ hours, relativeTolerance: share }),
  timeDrift: z.strictObject({
    seconds: z.number().positive().max(86_400),
    minDays: days.describe('days of receipts before a lagging clock is told from slow transport'),
  }),
  prolongedEstimation: z.strictObject({ days }),
  futureTime: z.strictObject({ seconds: z.number().positive().max(86_400) }),
});
export type VeeRuleSettings = z.infer<typeof VeeRuleSettings>;

const EstimationSettings = z.strictObject({
  linearMaxMinutes: z.int().min(0).max(1440),
  likeDays: z.int().min(1).max(10).describe('nearest prior like days that are averaged'),
  likeDayMaxAgeDays: z.int().min(7).max(42),
  registerWindowDays: z.int().min(1).max(7).describe('a closing register read counts up to so long after the day'),
});
export type EstimationSettings = z.infer<typeof EstimationSettings>;

const RegisterSettings = z.strictObject({
  staleMinutes: z.int().min(0).max(1440).describe('a register unchanged for less than this may be a repeated snapshot'),
  alignmentSeconds: z.int().min(0).max(900).describe('a read so near an interval boundary is taken at the boundary'),
  maxPowerKw: z.number().positive().describe('where no service rating is known: what tells a rollover from a rollback'),
});
export type RegisterSettings = z.infer<typeof RegisterSettings>;

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time of day such as 07:00');
const TariffPeriod = z.strictObject({
  period: z.string().regex(/^[a-z][a-zA-Z]{0,31}$/),
  days: z.enum(['working', 'other', 'all']).describe('other: Saturdays, Sundays and holidays'),
  from: time,
  to: time,
});

const SettlementSettings = z.strictObject({
  finalAfterDays: z.int().min(1).max(366).describe('a day may be made final so long after its end'),
  holidays: z.enum(['AU-NSW', 'none']),
  tariff: z.strictObject({
    periods: z.array(TariffPeriod).max(64).describe('the first that holds the start of an interval counts'),
    otherwise: z.string().regex(/^[a-z][a-zA-Z]{0,31}$/),
  }),
});
export type SettlementSettings = z.infer<typeof SettlementSettings>;

/** Everything that validation, estimation and settlement let an operator set. A document is whole: nothing is filled in. */
export const VeeSettings = z
  .strictObject({
    rules: VeeRuleSettings,
    estimation: EstimationSettings,
    registers: RegisterSettings,
    settlement: SettlementSettings,
  })
  .meta({ id: 'VeeSettings' });
export type VeeSettings = z.infer<typeof VeeSettings>;

/** What holds until an operator sets something else. */
export const DEFAULT_VEE_SETTINGS: VeeSettings = {
  rules: {
    // 24 h: proposed; the rule itself is CIM's 3.6.1.
    zeroUsage: { hours: 24, quietDays: 28 },
    // At least 20 intervals: Oracle MDM note 2167590.1. 180 %: proposed. 28-day peak and its factor: tightened on real meters.
    spike: { minIntervals: 20, excessShare: 1.8, peakDays: 28, peakFactor: 1.5 },
    sumCheck: { resolutions: 2 },
    // 600 % and 15 %: example of Oracle MDM note 2207130.1.
    highLow: { highFactor: 6, lowFactor: 0.15, minLikeDays: 3, beyondFactor: 2, minMeanWh: 2000 },
    kvarh: { ratio: 1, minActiveWh: 100 },
    capacity: { ratingFactor: 1.2 },
    // OpenSTEF's flatliner check: 24 h, relative tolerance 1e-5.
    flatline: { hours: 24, relativeTolerance: 1e-5 },
    timeDrift: { seconds: 180, minDays: 7 },
    prolongedEstimation: { days: 7 },
    futureTime: { seconds: MAX_AHEAD_MS / 1000 },
  },
  // IESO interpolates up to 1 h, Itron's example is 3 h; three like days: Itron 251836.
  estimation: { linearMaxMinutes: 120, likeDays: 3, likeDayMaxAgeDays: 42, registerWindowDays: 7 },
  registers: { staleMinutes: 120, alignmentSeconds: 180, maxPowerKw: 100 },
  settlement: {
    finalAfterDays: 10,
    holidays: 'AU-NSW',
    // Ausgrid's residential time-of-use periods of 2012: peak and shoulder of working days, shoulder 07:00–22:00 else.
    tariff: {
      periods: [
        { period: 'peak', days: 'working', from: '14:00', to: '20:00' },
        { period: 'shoulder', days: 'all', from: '07:00', to: '22:00' },
      ],
      otherwise: 'offPeak',
    },
  },
};
