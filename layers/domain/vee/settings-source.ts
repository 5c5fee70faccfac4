import type { VeeSettings } from '../../contracts/vee/settings.ts';
import type { FutureTimeSource } from '../messages/latest-time.ts';
import type { GridSettingsSource } from '../settings/settings-source.ts';

/** Where the settings in force come from; `version` names the configuration, and is kept with whatever was decided by it. */
export interface VeeSettingsSource {
  current(): Promise<{ version: string; settings: VeeSettings }>;
}

/** Rule 17 as it is in force, for those who judge what arrives. */
export const futureTimeOf =
  (source: GridSettingsSource): FutureTimeSource =>
  async () =>
    (await source.current()).settings.vee.rules.futureTime;

/** The part of the operators' settings that validation, estimation and settlement read. */
export const veeSettings = (source: GridSettingsSource): VeeSettingsSource => ({
  async current() {
    const { version, settings } = await source.current();
    return { version, settings: settings.vee };
  },
});
