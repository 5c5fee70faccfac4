import { randomUUID } from 'node:crypto';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import type { Sessions } from './sessions.ts';
import { type SignedScope, signedScope, verifiedSession } from './signature.ts';
import {
  AwsFailure,
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  type LogLine,
  type Principal,
} from './types.ts';
import { wireError } from './wire-errors.ts';

/** A call that never comes to an answer: the caller's network has no way to the service. */
export class Unreachable extends Error {}

/** What the gateway asks of the cloud. */
export interface GatewayCloud {
  readonly sessions: Sessions;
  service(signingName: string): AwsService | undefined;
  /** Throws AwsFailure when denied and Unreachable when there is no network path. */
  admit(service: AwsService, signingName: string, request: AwsRequest): void;
  log(line: LogLine): void;
  clock(): number;
}

/** Largest request body that any emulated service takes: S3's part and Lambda's payload are far below. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;
const HTTP2_PREFACE = 'PRI * HTTP/2';

/** The one AWS endpoint: HTTP/1.1 and HTTP/2 with prior knowledge on one port, told apart by the first bytes. */
export class Gateway {
  readonly #cloud: GatewayCloud;
  readonly #http1: http.Server;
  readonly #http2: http2.Http2Server;
  readonly #front: net.Server;
  readonly #sockets = new Set<net.Socket>();

  constructor(cloud: GatewayCloud) {
    this.#cloud = cloud;
    this.#http1 = http.createServer(
      { keepAliveTimeout: 60_000 },
      (request, response) => void this.#serve(request, response),
    );
    this.#http2 = http2.createServer((request, response) => void this.#serve(request, response));
    this.#http2.on('sessionError', () => {});
    this.#front = net.createServer((socket) => this.#sniff(socket));
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#front.once('error', reject);
      this.#front.listen(port, '127.0.0.1', resolve);
    });
    return (this.#front.address() as net.AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#front.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #sniff(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const look = () => {
      const start: Buffer | null = socket.read();
      if (!start) return;
      socket.off('readable', look);
      socket.unshift(start);
      const text = start.toString('latin1', 0, HTTP2_PREFACE.length);
      (text === HTTP2_PREFACE.slice(0, text.length) ? this.#http2 : this.#http1).emit('connection', socket);
    };
    socket.on('readable', look);
  }

  async #serve(
    incoming: http.IncomingMessage | http2.Http2ServerRequest,
    outgoing: http.ServerResponse | http2.Http2ServerResponse,
  ): Promise<void> {
    const requestId = randomUUID();
    const target = incoming.url ?? '/';
    const url = new URL(target.startsWith('/') ? `http://localhost${target}` : target);
    const headers = incoming.headers as http.IncomingHttpHeaders;
    const signed = signedScope(url, headers);
    const request: AwsRequest = {
      method: incoming.method ?? 'GET',
      url,
      headers,
      body: Buffer.alloc(0),
      target: (headers['x-amz-target'] as string | undefined)?.split('.').at(-1),
      principal: { kind: 'service', service: 'anonymous' },
      requestId,
    };
    let answer: AwsResponse;
    try {
      request.body = await readBody(incoming);
      answer = await this.#answer(request, signed, target.split('?')[0] as string);
    } catch (error) {
      if (error instanceof Unreachable) {
        // A connection that hangs would cost the caller its whole time-out; an abrupt end fails the same call at once.
        if ('stream' in incoming) incoming.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
        else incoming.socket.destroy();
        return;
      }
      answer = this.#failure(error, request, signed);
    }
    // The two response classes share these calls, but not a signature.
    const response = outgoing as http.ServerResponse;
    response.writeHead(answer.status, { 'x-amzn-requestid': requestId, ...answer.headers });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  async #answer(request: AwsRequest, signed: SignedScope | undefined, rawPath: string): Promise<AwsResponse> {
    if (!signed) throw new AwsFailure('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
    const { method, url, headers, body } = request;
    const session = verifiedSession(
      { method, url, rawPath, headers, body },
      signed,
      this.#cloud.sessions,
      this.#cloud.clock(),
    );
    request.principal = session.principal;
    const service = this.#cloud.service(signed.service);
    if (!service) {
      throw new AwsFailure(
        'UnknownOperationException',
        `The local cloud has no service that signs as ${signed.service}.`,
        501,
      );
    }
    this.#cloud.admit(service, signed.service, request);
    return service.answer(request);
  }

  #failure(error: unknown, request: AwsRequest, signed: SignedScope | undefined): AwsResponse {
    const failure =
      error instanceof AwsFailure ? error : new AwsFailure('InternalFailure', 'The local service failed.', 500);
    if (!(error instanceof AwsFailure)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#cloud.log({
        source: signed?.service ?? 'gateway',
        requestId: request.requestId,
        time: this.#cloud.clock(),
        text,
      });
    }
    const service = signed && this.#cloud.service(signed.service);
    return service?.error ? service.error(failure, request) : wireError(failure, signed?.service, request);
  }
}

async function readBody(incoming: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new AwsFailure('RequestEntityTooLargeException', 'The request body is too large.', 413);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes);
}

/** Whom a principal is, in one word, for logs. */
export const principalName = (principal: Principal): string =>
  principal.kind === 'role'
    ? (principal.functionName ?? principal.roleArn)
    : principal.kind === 'service'
      ? principal.service
      : 'operator';
