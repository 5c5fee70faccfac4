import type { ChannelName } from './channels.ts';

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
