import { createHash } from 'node:crypto';
import { DEFAULT_VEE_SETTINGS } from '../../contracts/vee/settings.ts';
import type { VeeSettingsSource } from './settings-source.ts';

/** The settings that ship with a release; their version is a hash of what they say. */
export function defaultSettings(): VeeSettingsSource {
  const digest = createHash('sha256').update(JSON.stringify(DEFAULT_VEE_SETTINGS)).digest('hex');
  const current = { version: `default-${digest.slice(0, 12)}`, settings: DEFAULT_VEE_SETTINGS };
  return { current: async () => current };
}
