import type { ReasonCode } from '../codes/reasons.ts';

/**
 * What a broken rule means: `quarantine`: the reading never reaches the store; `fail`: not billable until it is resolved;
 * `review`: billable, somebody looks; `hold`: billing waits.
 */
export const VEE_SEVERITIES = ['quarantine', 'fail', 'review', 'hold'] as const;
export type VeeSeverity = (typeof VEE_SEVERITIES)[number];

export interface VeeRule {
  /** Number of the rule; its reason code is 3.6.(1000 + number). Never reused. */
  number: number;
  severity: VeeSeverity;
  summary: string;
}

/** The validation rules: one closed list, used in exceptions, API answers and metrics. */
export const VEE_RULES = {
  MISSING_INTERVAL: { number: 1, severity: 'fail', summary: 'an expected interval is not there' },
  DUPLICATE: { number: 2, severity: 'fail', summary: 'two values of one interval in one version' },
  INTERVAL_SIZE: { number: 3, severity: 'quarantine', summary: "the length is not the channel's" },
  UNIT_OR_MULTIPLIER: { number: 4, severity: 'quarantine', summary: 'unit or multiplier differ from the registry' },
  NEGATIVE: { number: 5, severity: 'quarantine', summary: 'below zero where direction is a channel' },
  ZERO_USAGE: { number: 6, severity: 'review', summary: 'nothing used for a day or longer' },
  SPIKE: { number: 7, severity: 'review', summary: 'one interval far above the rest of its day and the weeks before' },
  SUM_CHECK: { number: 8, severity: 'fail', summary: 'intervals do not add up to the register' },
  HIGH_LOW: { number: 9, severity: 'review', summary: 'a day far above or below its like days' },
  KVARH: { number: 10, severity: 'review', summary: 'more reactive than active energy' },
  CAPACITY: { number: 11, severity: 'fail', summary: 'more power than the service carries' },
  FLATLINE: { number: 12, severity: 'review', summary: 'the same value for a day or longer' },
  TIME_DRIFT: { number: 13, severity: 'review', summary: "the meter's clock is off" },
  REGISTER_ROLLBACK: { number: 14, severity: 'fail', summary: 'a register fell, and neither exchange nor rollover' },
  INACTIVE_METER: { number: 15, severity: 'review', summary: 'usage where no meter is in service' },
  PROLONGED_ESTIMATION: { number: 16, severity: 'hold', summary: 'estimated for too many days on end' },
  FUTURE_TIME: { number: 17, severity: 'quarantine', summary: 'ends too far ahead of its receipt' },
} as const satisfies Record<string, VeeRule>;

export type VeeRuleName = keyof typeof VEE_RULES;
export const VEE_RULE_NAMES = Object.keys(VEE_RULES) as [VeeRuleName, ...VeeRuleName[]];

/** Reason of a rule in the form of a CIM ReadingQualityType; 3.6.1 and 3.6.2 are the standard's own. */
export const veeReasonCode = (rule: VeeRuleName): string => `3.6.${1000 + VEE_RULES[rule].number}`;

/** Quarantine reasons that are validation rules seen in the stream. */
export const RULE_OF_REASON: Partial<Readonly<Record<ReasonCode, VeeRuleName>>> = {
  INTERVAL_SIZE: 'INTERVAL_SIZE',
  WRONG_UNIT: 'UNIT_OR_MULTIPLIER',
  NEGATIVE: 'NEGATIVE',
  FUTURE_TIME: 'FUTURE_TIME',
};
