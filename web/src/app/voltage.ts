/** Steady-state limits at low voltage in New South Wales: +10 % and −6 % of nominal. Source: AS 61000.3.100, the Australian profile of EN 50160. */
const aboveNominal = 0.1;
const belowNominal = 0.06;
/** Above this, V phase to neutral, the limits of medium voltage hold: 10 % both ways. Source: EN 50160, supply voltage variations. */
const mediumVoltageFromV = 1000;

/**
 * Nominal phase-to-neutral voltage, V. A three-phase nominal is between lines: where measured values lie near nominal / √3, that is what
 * they are to be compared with.
 */
export const nominalPhaseV = (nominalVoltageV: number, measuredV: number | undefined): number => {
  const phase = nominalVoltageV / Math.sqrt(3);
  if (measuredV === undefined) return nominalVoltageV;
  return Math.abs(measuredV - phase) < Math.abs(measuredV - nominalVoltageV) ? phase : nominalVoltageV;
};

/** @param nominal phase to neutral, V. */
export const voltageLimits = (nominal: number): { at: number; label: string }[] => {
  const below = nominal > mediumVoltageFromV ? aboveNominal : belowNominal;
  const limit = (share: number) => {
    const at = nominal * (1 + share);
    return { at, label: `${share > 0 ? '+' : '−'}${Math.round(Math.abs(share) * 100)} %, ${Math.round(at)} V` };
  };
  return [limit(aboveNominal), limit(-below)];
};
