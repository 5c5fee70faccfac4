export type Flow = 'forward' | 'reverse';
export type EnergyUnit = 'kWh' | 'kvarh';

export interface Channel {
  /** Stored in rows; never reused. */
  code: number;
  unit: EnergyUnit;
  /** Forward: from the grid to the customer. */
  flow: Flow;
}

/** What a meter counts per interval. Direction is the channel, never a sign. Source: OBIS 1-0:1.8.0, 2.8.0, 3.8.0, 4.8.0. */
export const CHANNELS = {
  activeEnergyImport: { code: 1, unit: 'kWh', flow: 'forward' },
  activeEnergyExport: { code: 2, unit: 'kWh', flow: 'reverse' },
  reactiveEnergyImport: { code: 3, unit: 'kvarh', flow: 'forward' },
  reactiveEnergyExport: { code: 4, unit: 'kvarh', flow: 'reverse' },
} as const satisfies Record<string, Channel>;

export type ChannelName = keyof typeof CHANNELS;
export const CHANNEL_NAMES = Object.keys(CHANNELS) as [ChannelName, ...ChannelName[]];

/** Channel names by code; holes where no channel has the code. */
export const CHANNEL_BY_CODE: readonly (ChannelName | undefined)[] = (() => {
  const names: (ChannelName | undefined)[] = [];
  for (const name of CHANNEL_NAMES) names[CHANNELS[name].code] = name;
  return names;
})();

/** Stored integers per wire unit: Wh in a kWh (varh in a kvarh). Three decimals; more is EXCESS_PRECISION. */
export const ENERGY_SCALE = 1000;
export const ENERGY_DECIMALS = 3;

/** kWh of stored Wh: exact to the nearest double. */
export const kilowattHours = (energyWh: number): number => energyWh / ENERGY_SCALE;

/**
 * Where a reading comes from, and its layer: a higher code wins (edited > raw > estimated). Missing and validated are states
 * of views, never stored by a source.
 */
export const QUALITIES = { estimated: 1, raw: 2, edited: 3 } as const;
export type QualityName = keyof typeof QUALITIES;
export const QUALITY_NAMES = Object.keys(QUALITIES) as [QualityName, ...QualityName[]];
export const QUALITY_BY_CODE: readonly (QualityName | undefined)[] = [undefined, 'estimated', 'raw', 'edited'];
