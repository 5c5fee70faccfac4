import { DEFAULT_GRID_SETTINGS, GridSettings } from '../../contracts/settings/grid-settings.ts';
import type { GridSettingsSource, SettingsStore, VersionedSettings } from './settings-source.ts';

/** Settings are believed this long: a change is in force within a minute of its publication. */
const BELIEVED_MS = 60_000;

/**
 * Settings in force, read at most once a minute and checked before use. While the store does not answer, or holds what breaks the
 * contract, the last good ones hold; `onFailure` is told. Without any published ones the defaults hold.
 * @throws what the store throws, if there are no good ones yet: defaults in place of unknown settings would be invented.
 */
export function cachedSettings(ports: {
  store: Pick<SettingsStore, 'read'>;
  clock: () => number;
  onFailure?: (failure: unknown) => void;
}): GridSettingsSource {
  let good: VersionedSettings | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  const read = async (): Promise<VersionedSettings> => {
    const found = await ports.store.read();
    if (!found) return { version: 'default', settings: DEFAULT_GRID_SETTINGS };
    return { version: found.version, settings: GridSettings.parse(found.document) };
  };
  return {
    async current() {
      const now = ports.clock();
      if (good && now - readAt < BELIEVED_MS) return good;
      try {
        good = await read();
      } catch (failure) {
        if (!good) throw failure;
        ports.onFailure?.(failure);
      }
      readAt = now;
      return good;
    },
  };
}
