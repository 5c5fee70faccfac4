import { createHash } from 'node:crypto';
import { GridSettings } from '../../contracts/settings/grid-settings.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { parseStrictJson } from '../messages/strict-json.ts';
import type { DeployedConfiguration, SettingsStore } from './settings-source.ts';

/** Version of a configuration by its content: the same document is the same version, whenever and however it came. */
export const versionOf = (document: Uint8Array): string =>
  createHash('sha256').update(document).digest('hex').slice(0, 16);

/**
 * Brings what is deployed to where functions read it. What breaks the contract is counted and left out: the settings before it
 * stay in force.
 */
export function publishSettings(ports: {
  deployed: DeployedConfiguration;
  store: SettingsStore;
  audit: Pick<AuditLog, 'append'>;
  clock: () => number;
  onRefusal: (version: string, violations: readonly string[]) => void;
}) {
  return async (): Promise<{ SettingsPublished: number; SettingsRefused: number }> => {
    const document = await ports.deployed.latest();
    if (!document || document.length === 0) return { SettingsPublished: 0, SettingsRefused: 0 };
    const version = versionOf(document);
    const judged = judge(document);
    if ('settings' in judged) {
      const at = ports.clock();
      const before = (await ports.store.read())?.version;
      if (before === version) return { SettingsPublished: 0, SettingsRefused: 0 };
      // Noted first: what is in force is on record, and a crash in between notes it once more.
      await ports.audit.append([
        {
          entity: 'settings#current',
          sequence: at,
          at,
          actor: { subject: 'appconfig', clientId: 'publish-settings' },
          action: 'settings.publish',
          reason: 'deployed by AppConfig, whose history says by whom',
          details: { version, ...(before === undefined ? {} : { before }) },
        },
      ]);
      const changed = await ports.store.publish({ version, settings: judged.settings, at });
      return { SettingsPublished: changed ? 1 : 0, SettingsRefused: 0 };
    }
    ports.onRefusal(version, judged.found);
    return { SettingsPublished: 0, SettingsRefused: 1 };
  };
}

function judge(document: Uint8Array): { settings: GridSettings } | { found: string[] } {
  const json = parseStrictJson(document);
  if (!json.ok) return { found: json.reasons.map(({ code, path }) => `${path}: ${code}`) };
  const parsed = GridSettings.safeParse(json.value);
  if (parsed.success) return { settings: parsed.data };
  return { found: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) };
}
