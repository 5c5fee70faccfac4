import { Agent, request as send } from 'node:http';
import type { AwsRequest, AwsResponse } from '../kernel/types.ts';

const agent = new Agent({ keepAlive: true });
/** Headers that belong to one connection, not to the message. */
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'expect', 'http2-settings', 'upgrade']);

/** Passes a request on to an emulator on this machine, and its answer back. */
export function forward(request: AwsRequest, port: number): Promise<AwsResponse> {
  const headers: Record<string, string | string[]> = { host: `127.0.0.1:${port}` };
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !HOP.has(name) && !name.startsWith(':')) headers[name] = value;
  }
  headers['content-length'] = String(request.body.length);
  return new Promise((resolve, reject) => {
    const path = `${request.url.pathname}${request.url.search}`;
    const outgoing = send({ agent, host: '127.0.0.1', port, method: request.method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const kept: Record<string, string> = {};
        for (const [name, value] of Object.entries(answer.headers)) {
          if (value !== undefined && !HOP.has(name)) kept[name] = String(value);
        }
        resolve({ status: answer.statusCode ?? 502, headers: kept, body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });
}
