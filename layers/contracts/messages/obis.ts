import type { ChannelName } from './channels.ts';
import { type MeasurementKindName, PHASES, type Phase } from './measurements.ts';

/** Energy registers by OBIS code: medium 1 (electricity), channel 0, total of all tariffs. Source: IEC 62056-6-1. */
export const CHANNEL_BY_OBIS = {
  '1-0:1.8.0': 'activeEnergyImport',
  '1-0:2.8.0': 'activeEnergyExport',
  '1-0:3.8.0': 'reactiveEnergyImport',
  '1-0:4.8.0': 'reactiveEnergyExport',
} as const satisfies Record<string, ChannelName>;

/** Group F of the current value, 255, may be given. */
export const CHANNEL_OBIS_PATTERN = /^1-0:[1-4]\.8\.0(\*255)?$/;

export function channelOfObis(code: string): ChannelName | undefined {
  const reduced = code.endsWith('*255') ? code.slice(0, -4) : code;
  return Object.hasOwn(CHANNEL_BY_OBIS, reduced) ? CHANNEL_BY_OBIS[reduced as keyof typeof CHANNEL_BY_OBIS] : undefined;
}

/** What a sensor's OBIS code measures. */
export interface ObisMeasurement {
  kind: MeasurementKindName;
  phase?: Phase;
  /** The code counts what flows against the reference direction: its value is taken with the other sign. */
  reverse: boolean;
}

/** Group C of instantaneous values (D = 7) as an offset: 0 for all phases together, 20, 40 and 60 for L1 to L3. Source: IEC 62056-6-1. */
const INSTANTANEOUS: Readonly<Record<number, Omit<ObisMeasurement, 'phase'>>> = {
  1: { kind: 'activePower', reverse: false },
  2: { kind: 'activePower', reverse: true },
  3: { kind: 'reactivePower', reverse: false },
  4: { kind: 'reactivePower', reverse: true },
  9: { kind: 'apparentPower', reverse: false },
  11: { kind: 'current', reverse: false },
  12: { kind: 'voltage', reverse: false },
  13: { kind: 'powerFactor', reverse: false },
};
const FREQUENCY = 14;

/** The measurement of an instantaneous code such as `1-0:32.7.0` (voltage L1). Undefined: none of ours. */
export function measurementOfObis(code: string): ObisMeasurement | undefined {
  const [, group] = /^1-0:(\d{1,2})\.7\.0(?:\*255)?$/.exec(code) ?? [];
  if (group === undefined) return undefined;
  const c = Number(group);
  if (c === FREQUENCY) return { kind: 'frequency', reverse: false };
  const found = INSTANTANEOUS[c % 20];
  if (!found || c >= 80) return undefined;
  const phase = PHASES[Math.floor(c / 20) - 1];
  return phase === undefined ? found : { ...found, phase };
}
