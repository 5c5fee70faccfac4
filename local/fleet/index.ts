import type {} from '../apigateway/index.ts';
import type { Cloud } from '../kernel/types.ts';
import type {} from '../start/endpoints.ts';
import { Fleet } from './fleet.ts';
import { tokensOf } from './tokens.ts';

/** The simulated devices. Starts last: it is a client of everything else. */
export function fleet(): { start(cloud: Cloud): Promise<void>; stop(): Promise<void> } {
  let running: Fleet | undefined;
  return {
    async start(cloud) {
      const { startOptions, endpoints, apigateway } = cloud.shared;
      const url = apigateway?.url ?? endpoints?.api;
      if (!startOptions || !url) throw new Error('the fleet needs the API to import its topology');
      const made = new Fleet(cloud, { url, token: tokensOf(cloud) }, startOptions);
      running = made;
      cloud.shared.fleet = { status: () => made.status() };
      await made.start();
    },
    async stop() {
      running?.stop();
    },
  };
}
