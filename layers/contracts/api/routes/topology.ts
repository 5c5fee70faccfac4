import { MAX_BATCH_BYTES } from '../../messages/limits.ts';
import { Topology } from '../../messages/topology.ts';
import { admins } from '../access.ts';
import type { Route } from '../route.ts';
import { topologyImport } from '../topology.ts';

export const topologyRoutes = {
  putTopology: {
    id: 'putTopology',
    method: 'PUT',
    path: '/topology',
    summary: 'Import network, meters and sensors, effective-dated',
    function: 'topology',
    access: admins,
    body: Topology,
    maxBodyBytes: MAX_BATCH_BYTES,
    response: topologyImport,
    problems: ['payload-too-large', 'unprocessable-topology'],
    cache: 'no-store',
  },
} as const satisfies Record<string, Route>;
