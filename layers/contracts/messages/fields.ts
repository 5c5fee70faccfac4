import * as z from 'zod';
import { CHANNEL_NAMES, QUALITY_NAMES } from './channels.ts';
import { ID_PATTERN, MAX_REVISION } from './limits.ts';
import { CHANNEL_OBIS_PATTERN } from './obis.ts';

/** The utility's own id of a meter, sensor, feeder, … */
export const Id = z.string().regex(ID_PATTERN).meta({ id: 'Id', description: "the utility's own id" });

/** ISO 8601 with a zone; becomes epoch ms only in the domain (wire schemas have no transforms). */
export const Instant = z.iso.datetime({ offset: true }).meta({ id: 'Instant' });

export const channel = z.enum(CHANNEL_NAMES);
export const energyUnit = z.enum(['kWh', 'kvarh']);
export const revision = z.int().min(0).max(MAX_REVISION).optional().describe('highest wins; 0 if none');
export const quality = z.enum(QUALITY_NAMES).optional().describe('raw if absent');

/** How a channel may be named on the wire: by its word or by its OBIS code, never by both. */
export const channelOrObis = {
  channel: channel.optional(),
  obis: z.string().regex(CHANNEL_OBIS_PATTERN).optional().describe('in place of channel'),
};
