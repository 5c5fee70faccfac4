import { BLANK } from './data/source.ts';
import { FEEDER_VOLTAGE_V, type FeederPlan, POWER_FACTOR, SENSOR_PHASES } from './topology.ts';

/** Shares of a distribution transformer's rating. Source: typical of IEC 60076 pole transformers [proposed]. */
const NO_LOAD_LOSS = 0.003;
const FULL_LOAD_LOSS = 0.018;
const TAN_PHI = Math.sqrt(1 / POWER_FACTOR ** 2 - 1);
/** Single-phase households never balance: share of the feeder's power on each phase. [proposed] */
const PHASE_SHARE = { L1: 0.35, L2: 0.33, L3: 0.32 } as const;

export interface Measurement {
  kind: 'activePower' | 'reactivePower' | 'voltage' | 'current';
  unit: 'kW' | 'kvar' | 'V' | 'A';
  phase?: 'L1' | 'L2' | 'L3';
  value: number;
}

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));

/**
 * What the sensor at the head of a feeder shows over one half hour: the sum of its meters that reported, plus the losses of
 * transformers (no-load and load) and line (I²R); voltage at the far end of the line, phase to neutral.
 * @param index half hour of the source @returns mean values over the half hour
 */
export function feederMeasurements(feeder: FeederPlan, index: number): Measurement[] {
  let activeKw = 0;
  let reactiveKvar = 0;
  for (const { ratingKva, meters } of feeder.transformers) {
    let energyWh = 0;
    for (const { valuesWh } of meters) {
      const value = valuesWh[index] as number;
      if (value !== BLANK) energyWh += value;
    }
    const loadKw = (energyWh * 2) / 1000;
    const share = loadKw / POWER_FACTOR / ratingKva;
    activeKw += loadKw + ratingKva * (NO_LOAD_LOSS + FULL_LOAD_LOSS * share ** 2);
    reactiveKvar += loadKw * TAN_PHI;
  }
  const lineA = (Math.hypot(activeKw, reactiveKvar) * 1000) / (Math.sqrt(3) * FEEDER_VOLTAGE_V);
  activeKw += (3 * lineA ** 2 * feeder.resistanceOhm) / 1000;
  reactiveKvar += (3 * lineA ** 2 * feeder.reactanceOhm) / 1000;
  const neutralV = FEEDER_VOLTAGE_V / Math.sqrt(3);
  const perPhase = SENSOR_PHASES.flatMap((phase): Measurement[] => {
    const [kw, kvar] = [activeKw * PHASE_SHARE[phase], reactiveKvar * PHASE_SHARE[phase]];
    const dropV = (1000 * (kw * feeder.resistanceOhm + kvar * feeder.reactanceOhm)) / neutralV;
    return [
      { kind: 'voltage', unit: 'V', phase, value: rounded(neutralV - dropV, 1) },
      { kind: 'current', unit: 'A', phase, value: rounded((Math.hypot(kw, kvar) * 1000) / neutralV, 3) },
    ];
  });
  return [
    { kind: 'activePower', unit: 'kW', value: rounded(activeKw, 3) },
    { kind: 'reactivePower', unit: 'kvar', value: rounded(reactiveKvar, 3) },
    ...perPhase,
  ];
}
