/**
 * Codes of a quality in the standards. `cim`: ReadingQualityType system.category.index (IEC 61968-9 annex D).
 * `espi`: QualityOfReading of Green Button (NAESB REQ.21).
 */
export interface QualityCodes {
  /** Stored in rows; never reused. */
  code: number;
  cim: string;
  espi: number;
}

/** What a settled interval is. */
export const SETTLED_QUALITIES = {
  /** Measured, and no rule fails. */
  validated: { code: 1, cim: '3.0.1', espi: 17 },
  /** Measured, outside what is expected: billable, somebody looks. */
  questionable: { code: 2, cim: '3.5.256', espi: 10 },
  /** Measured, and a rule fails: held. */
  suspect: { code: 3, cim: '3.5.258', espi: 10 },
  edited: { code: 4, cim: '3.7.0', espi: 7 },
  /** From like days. */
  referenceDay: { code: 5, cim: '3.8.0', espi: 8 },
  /** Between its neighbours. */
  linear: { code: 6, cim: '3.8.0', espi: 9 },
  /** From another source than the meter's own days: check meter, class profile, register, or the meter's own estimate. */
  estimated: { code: 7, cim: '3.8.0', espi: 11 },
  /** Zero, because the supply was out. */
  powerFailure: { code: 8, cim: '1.2.32', espi: 11 },
  /** Not there, and nothing to estimate it from: held. */
  missing: { code: 9, cim: '3.5.259', espi: 10 },
} as const satisfies Record<string, QualityCodes>;

export type SettledQuality = keyof typeof SETTLED_QUALITIES;
export const SETTLED_QUALITY_NAMES = Object.keys(SETTLED_QUALITIES) as [SettledQuality, ...SettledQuality[]];
export const SETTLED_QUALITY_BY_CODE: readonly (SettledQuality | undefined)[] = (() => {
  const names: (SettledQuality | undefined)[] = [];
  for (const name of SETTLED_QUALITY_NAMES) names[SETTLED_QUALITIES[name].code] = name;
  return names;
})();

/** How an interval was estimated, in the order in which methods are tried; codes are stored and never reused. */
export const ESTIMATION_METHODS = {
  CHECK_METER: { code: 1, quality: 'estimated' },
  LINEAR: { code: 2, quality: 'linear' },
  LIKE_DAYS: { code: 3, quality: 'referenceDay' },
  CLASS_PROFILE: { code: 4, quality: 'estimated' },
  FLAT: { code: 5, quality: 'estimated' },
  OUTAGE: { code: 6, quality: 'powerFailure' },
  /** The source sent it as an estimate. */
  SOURCE: { code: 7, quality: 'estimated' },
} as const satisfies Record<string, { code: number; quality: SettledQuality }>;

export type EstimationMethod = keyof typeof ESTIMATION_METHODS;
export const ESTIMATION_METHOD_NAMES = Object.keys(ESTIMATION_METHODS) as [EstimationMethod, ...EstimationMethod[]];
export const ESTIMATION_METHOD_BY_CODE: readonly (EstimationMethod | undefined)[] = (() => {
  const names: (EstimationMethod | undefined)[] = [];
  for (const name of ESTIMATION_METHOD_NAMES) names[ESTIMATION_METHODS[name].code] = name;
  return names;
})();
