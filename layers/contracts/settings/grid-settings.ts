import * as z from 'zod';
import { AnomalySettings, DEFAULT_ANOMALY_SETTINGS } from '../anomalies/settings.ts';
import { DEFAULT_OUTAGE_SETTINGS, OutageSettings } from '../outages/settings.ts';
import { DEFAULT_VEE_SETTINGS, VeeSettings } from '../vee/settings.ts';

/** Everything that operators set without a deployment: one document, whole, so that a version says all that was in force. */
export const GridSettings = z
  .strictObject({
    vee: VeeSettings,
    outages: OutageSettings,
    anomalies: AnomalySettings.default(DEFAULT_ANOMALY_SETTINGS),
  })
  .meta({ id: 'GridSettings' });
export type GridSettings = z.infer<typeof GridSettings>;

/** In force until an operator sets something else; its version is `default`. */
export const DEFAULT_GRID_SETTINGS: GridSettings = {
  vee: DEFAULT_VEE_SETTINGS,
  outages: DEFAULT_OUTAGE_SETTINGS,
  anomalies: DEFAULT_ANOMALY_SETTINGS,
};

/** The contract as AppConfig validates it, JSON Schema draft 4. https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-configuration-and-profile-validators.html */
export const gridSettingsSchema = (): Record<string, unknown> => z.toJSONSchema(GridSettings, { target: 'draft-4' });
