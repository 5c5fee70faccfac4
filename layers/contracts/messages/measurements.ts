export type Phase = 'L1' | 'L2' | 'L3';
export const PHASES = ['L1', 'L2', 'L3'] as const;

export interface MeasurementKind {
  /** Stored in rows; never reused. */
  code: number;
  unit: string;
  /** Plausible limits, inclusive; outside is OUT_OF_RANGE. All [proposed]: wider than any service of a medium-voltage grid. */
  min: number;
  max: number;
}

/**
 * What a sensor measures. A kind is not its unit. Power is signed here and only here: positive is the feeder's normal
 * direction (away from the substation).
 */
export const MEASUREMENT_KINDS = {
  voltage: { code: 1, unit: 'V', min: 0, max: 500_000 },
  current: { code: 2, unit: 'A', min: 0, max: 50_000 },
  activePower: { code: 3, unit: 'kW', min: -1_000_000, max: 1_000_000 },
  reactivePower: { code: 4, unit: 'kvar', min: -1_000_000, max: 1_000_000 },
  apparentPower: { code: 5, unit: 'kVA', min: 0, max: 1_500_000 },
  frequency: { code: 6, unit: 'Hz', min: 40, max: 70 },
  powerFactor: { code: 7, unit: '1', min: -1, max: 1 },
  temperature: { code: 8, unit: 'Cel', min: -60, max: 250 },
  totalHarmonicDistortion: { code: 9, unit: '%', min: 0, max: 100 },
} as const satisfies Record<string, MeasurementKind>;

export type MeasurementKindName = keyof typeof MEASUREMENT_KINDS;
export const MEASUREMENT_KIND_NAMES = Object.keys(MEASUREMENT_KINDS) as [MeasurementKindName, ...MeasurementKindName[]];
