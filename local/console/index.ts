import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Cloud } from '../kernel/types.ts';
import { messagePath } from './message-path.ts';
import { type Asset, pageAssets } from './page-assets.ts';
import { snapshotOf } from './snapshot.ts';

/** The console's port is this far from the base. */
const PORT_OFFSET = 4;
const REFRESH_MS = 2000;

const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/**
 * A page on the running cloud. It needs no sign-in, so it listens on the loopback address only and answers only to
 * that name: a foreign site that resolves its own name to 127.0.0.1 is refused by its Host header.
 */
export function console(): { start(cloud: Cloud): Promise<void>; stop(): Promise<void> } {
  let server: Server | undefined;
  const watchers = new Set<ServerResponse>();
  let timer: NodeJS.Timeout | undefined;
  let assets: Promise<Map<string, Asset>> | undefined;

  const answer = async (
    cloud: Cloud,
    request: IncomingMessage,
    response: ServerResponse,
    port: number,
  ): Promise<void> => {
    const host = request.headers.host ?? '';
    const json = (body: unknown) => {
      response.writeHead(200, { ...headers, 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(body));
    };
    const plain = (status: number, text: string) => {
      response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
      response.end(text);
    };
    if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`)
      return plain(421, 'The console answers as localhost only.');
    if (request.method !== 'GET') return plain(405, 'The console only shows.');
    const url = new URL(request.url ?? '/', `http://${host}`);
    const text = url.searchParams.get('text') ?? undefined;
    switch (url.pathname) {
      case '/data/events':
        response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
        response.write(`data: ${JSON.stringify(snapshotOf(cloud))}\n\n`);
        watchers.add(response);
        request.on('close', () => watchers.delete(response));
        return;
      case '/data/view':
        return json(snapshotOf(cloud));
      case '/data/message':
        return json((await messagePath(cloud, text)) ?? null);
      case '/data/logs': {
        const source = url.searchParams.get('source') || undefined;
        return json(
          cloud.shared.logs?.({ ...(source && { source }), ...(text && { text }), limit: 200 }).reverse() ?? [],
        );
      }
      case '/data/traces':
        return json((cloud.shared.traces?.(text || undefined) ?? []).slice(-60).reverse());
      default: {
        assets ??= pageAssets();
        const asset = (await assets).get(url.pathname === '/' ? '/index.html' : url.pathname);
        if (!asset) return plain(404, 'There is nothing of this name.');
        response.writeHead(200, { ...headers, 'content-type': asset.type });
        response.end(asset.body);
      }
    }
  };

  return {
    async start(cloud) {
      const port = cloud.portBase + PORT_OFFSET;
      server = createServer((request, response) => {
        answer(cloud, request, response, port).catch((failure: Error) => {
          cloud.log({ source: 'console', time: cloud.clock(), text: failure.stack ?? failure.message });
          if (!response.headersSent) response.writeHead(500, headers);
          response.end(failure.message);
        });
      });
      const listening = server;
      await new Promise<void>((resolve, reject) => {
        listening.once('error', reject);
        listening.listen(port, '127.0.0.1', resolve);
      });
      timer = setInterval(() => {
        if (watchers.size === 0) return;
        const event = `data: ${JSON.stringify(snapshotOf(cloud))}\n\n`;
        // A page that does not keep up is skipped, not queued for.
        for (const watcher of watchers) if (!watcher.writableNeedDrain) watcher.write(event);
      }, REFRESH_MS);
      timer.unref();
      cloud.shared.endpoints = { ...cloud.shared.endpoints, console: `http://localhost:${port}` };
    },
    async stop() {
      clearInterval(timer);
      for (const watcher of watchers) watcher.end();
      server?.closeAllConnections();
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    },
  };
}
