import { cachedSettings } from '../domain/settings/cached-settings.ts';
import type { GridSettingsSource } from '../domain/settings/settings-source.ts';
import { documentClient } from './dynamodb/document-client.ts';
import { dynamoSettingsStore } from './dynamodb/settings-store.ts';

/** The environment's settings, from `SETTINGS_TABLE`. */
export const environmentSettings = (
  onFailure: (failure: unknown) => void,
  environment: NodeJS.ProcessEnv = process.env,
): GridSettingsSource =>
  cachedSettings({
    store: dynamoSettingsStore(documentClient(), environment.SETTINGS_TABLE ?? ''),
    clock: Date.now,
    onFailure,
  });
