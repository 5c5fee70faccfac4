import { randomBytes } from 'node:crypto';
import * as http from 'node:http';
import { closeServer, listenOnLoopback } from '../kernel/loopback.ts';
import type { Cloud } from '../kernel/types.ts';
import { addressesOf } from './addresses.ts';
import { Compression } from './compression.ts';
import type { Behaviour, DistributionConfig, Origin } from './distribution.ts';
import type { EdgeFunction, EdgeRequest } from './edge-function.ts';
import { type OriginAnswer, SiteOrigin } from './site-origin.ts';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'te',
  'trailer',
]);

/** Serves one distribution over plain HTTP: browsers treat `localhost` as a secure context, so no certificate is needed. */
export class DistributionServer {
  readonly #cloud: Cloud;
  readonly #distribution: DistributionConfig;
  readonly #functions: ReadonlyMap<string, EdgeFunction>;
  readonly #site: SiteOrigin;
  readonly #compression = new Compression();
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
  readonly #server: http.Server;

  constructor(cloud: Cloud, distribution: DistributionConfig, functions: ReadonlyMap<string, EdgeFunction>) {
    this.#cloud = cloud;
    this.#distribution = distribution;
    this.#functions = functions;
    this.#site = new SiteOrigin(cloud, distribution);
    this.#server = http.createServer(
      { keepAliveTimeout: 60_000 },
      (incoming, outgoing) => void this.#serve(incoming, outgoing),
    );
  }

  listen(port: number): Promise<void> {
    return listenOnLoopback(this.#server, port);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#site.close();
    await closeServer(this.#server);
  }

  async #serve(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    try {
      await this.#respond(incoming, outgoing);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#cloud.log({ source: 'cloudfront', time: this.#cloud.clock(), text });
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('The local CloudFront could not answer.\n');
    }
  }

  async #respond(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const [path = '/', query] = (incoming.url ?? '/').split(/\?(.*)/s);
    const behaviour = this.#distribution.behaviours.find(({ matches }) => matches(path)) as Behaviour;
    const origin = this.#distribution.origins.get(behaviour.originId);
    if (!origin) throw new Error(`Distribution ${this.#distribution.id} has no origin ${behaviour.originId}.`);
    const method = incoming.method ?? 'GET';
    if (!behaviour.methods.has(method)) {
      this.#finish(incoming, outgoing, behaviour, {
        status: 403,
        headers: { 'content-type': 'text/plain' },
        body: Buffer.from('This distribution does not allow this method.\n'),
      });
      return;
    }
    const viewed = await this.#viewerRequest(behaviour, incoming, path);
    if (typeof viewed !== 'string') {
      this.#finish(incoming, outgoing, behaviour, viewed);
      return;
    }
    if (origin.bucket === undefined) {
      await this.#proxy(incoming, outgoing, behaviour, { origin, path: viewed, query });
      return;
    }
    const uri = viewed === '/' ? `/${this.#distribution.rootObject}` : viewed;
    this.#finish(incoming, outgoing, behaviour, await this.#fromSite(origin, uri));
  }

  /** The path to go on with, or the answer of a function at the edge. */
  async #viewerRequest(
    behaviour: Behaviour,
    incoming: http.IncomingMessage,
    path: string,
  ): Promise<string | OriginAnswer> {
    const edge = behaviour.viewerRequestFunction && this.#functions.get(behaviour.viewerRequestFunction);
    if (!edge) return path;
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).map(([name, text]) => [name, { value: String(text) }]),
    );
    const request: EdgeRequest = { method: incoming.method ?? 'GET', uri: path, querystring: {}, headers, cookies: {} };
    const context = {
      distributionDomainName: this.#distribution.domainName,
      distributionId: this.#distribution.id,
      requestId: requestId(),
    };
    const result = await edge.viewerRequest(request, context, incoming.socket.remoteAddress ?? '');
    if (!('statusCode' in result)) return result.uri;
    const { body = '' } = result;
    return {
      status: result.statusCode,
      headers: Object.fromEntries(
        Object.entries(result.headers ?? {}).map(([name, { value }]) => [name.toLowerCase(), value]),
      ),
      body:
        typeof body === 'string'
          ? Buffer.from(body)
          : Buffer.from(body.data, body.encoding === 'base64' ? 'base64' : 'utf8'),
    };
  }

  async #fromSite(origin: Origin, uri: string): Promise<OriginAnswer> {
    const answer = await this.#site.get(origin, uri);
    const page = answer.status >= 400 ? this.#distribution.errors.get(answer.status) : undefined;
    if (page?.page) return { ...(await this.#site.get(origin, page.page)), status: page.status };
    if (!answer.headers['content-type']?.startsWith('application/json')) return answer;
    return { ...answer, body: Buffer.from(addressesOf(this.#cloud).translate(answer.body.toString())) };
  }

  #finish(
    incoming: http.IncomingMessage,
    outgoing: http.ServerResponse,
    behaviour: Behaviour,
    answer: OriginAnswer,
  ): void {
    const headers = this.#withPolicy(answer.headers, behaviour);
    if (answer.status === 200 && headers.etag && incoming.headers['if-none-match'] === headers.etag) {
      outgoing.writeHead(304, headers).end();
      return;
    }
    const accepted = String(incoming.headers['accept-encoding'] ?? '');
    const packed =
      behaviour.compress && answer.status === 200 ? this.#compression.of(answer.body, headers, accepted) : undefined;
    const body = packed?.body ?? answer.body;
    outgoing.writeHead(answer.status, {
      ...headers,
      ...(packed
        ? {
            'content-encoding': packed.encoding,
            vary: 'Accept-Encoding',
            ...(headers.etag ? { etag: `W/${headers.etag.replace(/^W\//, '')}` } : {}),
          }
        : {}),
      'content-length': body.length,
      'x-amz-cf-id': requestId(),
    });
    outgoing.end(incoming.method === 'HEAD' ? undefined : body);
  }

  #withPolicy(headers: Readonly<Record<string, string>>, behaviour: Behaviour): Record<string, string> {
    const out: Record<string, string> = { ...headers };
    for (const { name, content, override } of behaviour.headers) {
      if (override || out[name] === undefined) out[name] = addressesOf(this.#cloud).translate(content);
    }
    return out;
  }

  #proxy(
    incoming: http.IncomingMessage,
    outgoing: http.ServerResponse,
    behaviour: Behaviour,
    { origin, path, query }: { origin: Origin; path: string; query: string | undefined },
  ): Promise<void> {
    const local = addressesOf(this.#cloud).localOf(`https://${origin.host}`);
    if (!local) throw new Error(`Nothing here answers for the origin ${origin.host}.`);
    const { hostname, port } = new URL(local);
    const viewer = Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.has(name) && name !== 'host');
    const basic = viewer.filter(([name]) => name === 'content-length' || name === 'content-type');
    const forwardedFor = [incoming.headers['x-forwarded-for'], incoming.socket.remoteAddress]
      .filter(Boolean)
      .join(', ');
    const suffix = behaviour.forwardsViewer && query !== undefined ? `?${query}` : '';
    return new Promise((resolve, reject) => {
      const onward = http.request(
        {
          agent: this.#agent,
          hostname,
          port,
          method: incoming.method,
          path: `${origin.path}${path}${suffix}`,
          headers: {
            ...Object.fromEntries(behaviour.forwardsViewer ? viewer : basic),
            host: origin.host,
            'x-forwarded-for': forwardedFor,
            via: '1.1 local (CloudFront)',
          },
        },
        (answer) => {
          const headers = Object.fromEntries(
            Object.entries(answer.headers).flatMap(([name, content]) =>
              content === undefined || HOP_BY_HOP.has(name) ? [] : [[name, content] as const],
            ),
          );
          const plain = this.#withPolicy({}, behaviour);
          outgoing.writeHead(answer.statusCode ?? 502, { ...plain, ...headers, 'x-amz-cf-id': requestId() });
          answer.pipe(outgoing);
          answer.on('end', resolve);
          answer.on('error', reject);
        },
      );
      onward.on('error', reject);
      outgoing.on('close', () => {
        if (!outgoing.writableFinished) onward.destroy();
        resolve();
      });
      incoming.pipe(onward);
    });
  }
}

const requestId = (): string => randomBytes(20).toString('base64url');
