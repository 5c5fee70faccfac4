import type { GridSettings } from '../../contracts/settings/grid-settings.ts';

/** Settings in force and what names them; the version is kept with whatever is decided by them. */
export interface VersionedSettings {
  version: string;
  settings: GridSettings;
}

/** Where the settings in force come from. */
export interface GridSettingsSource {
  current(): Promise<VersionedSettings>;
}

/** Where published settings are kept. */
export interface SettingsStore {
  /** Makes them the ones in force; every version stays. @returns whether they were not yet. */
  publish(published: VersionedSettings & { at: number }): Promise<boolean>;
  /** Unjudged: who reads them checks them. Undefined: none were published. */
  read(): Promise<{ version: string; document: unknown } | undefined>;
}

/** Where operators' configuration is deployed. Undefined: nothing new since it was last asked for. */
export interface DeployedConfiguration {
  latest(): Promise<Uint8Array | undefined>;
}
