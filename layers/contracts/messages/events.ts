const perPhase = <Name extends string>(name: Name) => [`${name}_L1`, `${name}_L2`, `${name}_L3`] as const;

/** Meter events. Source: OSGP (GXF) event types. */
export const METER_EVENTS = [
  'LAST_GASP',
  'POWER_FAILURE',
  'POWER_RETURNED',
  ...perPhase('PHASE_OUTAGE'),
  ...perPhase('PHASE_RETURNED'),
  ...perPhase('UNDER_VOLTAGE'),
  ...perPhase('OVER_VOLTAGE'),
  ...perPhase('VOLTAGE_SAG_IN_PHASE'),
  ...perPhase('VOLTAGE_SWELL_IN_PHASE'),
  ...perPhase('THD_OVER_LIMIT'),
  'METER_COVER_REMOVED',
  'TERMINAL_COVER_REMOVED',
  'STRONG_DC_FIELD_DETECTED',
  'CLOCK_INVALID',
  'FRAUD_ATTEMPT',
] as const;

export type MeterEventName = (typeof METER_EVENTS)[number];
