import type { VeeSettings } from '../../contracts/vee/settings.ts';

/** Where the settings in force come from; `version` names the configuration, and is kept with whatever was decided by it. */
export interface VeeSettingsSource {
  current(): Promise<{ version: string; settings: VeeSettings }>;
}
