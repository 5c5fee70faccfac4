import * as z from 'zod';

const change = z
  .object({ inserted: z.number().int(), changed: z.number().int(), unchanged: z.number().int() })
  .meta({ id: 'TopologyChange' });
export type TopologyChange = z.infer<typeof change>;

/** What an import came to; the same document again answers only `unchanged`. */
export const topologyImport = z
  .object({
    regions: change,
    substations: change,
    feeders: change,
    transformers: change,
    usagePoints: change,
    concentrators: change,
    meters: change,
    sensors: change,
    sensorsPublished: z.number().int(),
  })
  .meta({ id: 'TopologyImport' });
export type TopologyImport = z.infer<typeof topologyImport>;
