/** Steady-state limits at low voltage in New South Wales: +10 % and −6 % of nominal. Source: AS 61000.3.100, the Australian profile of EN 50160. */
const aboveNominal = 0.1;
const belowNominal = 0.06;

/**
 * Nominal phase-to-neutral voltage, V. A three-phase nominal is between lines: where measured values lie near nominal / √3, that is what
 * they are to be compared with.
 */
export const nominalPhaseV = (nominalVoltageV: number, measuredV: number | undefined): number => {
  const phase = nominalVoltageV / Math.sqrt(3);
  if (measuredV === undefined) return nominalVoltageV;
  return Math.abs(measuredV - phase) < Math.abs(measuredV - nominalVoltageV) ? phase : nominalVoltageV;
};

export const voltageLimits = (nominal: number): { at: number; label: string }[] => [
  { at: nominal * (1 + aboveNominal), label: `+10 %, ${Math.round(nominal * (1 + aboveNominal))} V` },
  { at: nominal * (1 - belowNominal), label: `−6 %, ${Math.round(nominal * (1 - belowNominal))} V` },
];
