import { createContext, Script } from 'node:vm';

/** Header or query parameter of a CloudFront Functions event. */
type Field = { value: string; multiValue?: { value: string }[] };

export interface EdgeRequest {
  method: string;
  uri: string;
  querystring: Record<string, Field>;
  headers: Record<string, Field>;
  cookies: Record<string, Field>;
}

export interface EdgeResponse {
  statusCode: number;
  statusDescription?: string;
  headers?: Record<string, Field>;
  body?: string | { data: string; encoding: 'text' | 'base64' };
}

/** A function runs for under a millisecond in CloudFront; this only ends an endless loop, however long a busy machine keeps it waiting. */
const MAX_RUN_MS = 2_000;

/**
 * A CloudFront Function: its `handler(event)` in a context of its own, with nothing of this process in reach.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
 */
export class EdgeFunction {
  readonly #context = createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });

  constructor(code: string, name: string) {
    // "The maximum size of a function is 10 KB".
    if (Buffer.byteLength(code) > 10_240) throw new Error(`CloudFront Function ${name} is larger than 10 KB.`);
    new Script(code, { filename: `${name}.js` }).runInContext(this.#context, { timeout: MAX_RUN_MS });
  }

  /** @returns the request to go on with, or a response to give at once. @throws what the function throws. */
  async viewerRequest(
    request: EdgeRequest,
    context: Record<string, string>,
    viewerIp: string,
  ): Promise<EdgeRequest | EdgeResponse> {
    const event = JSON.stringify({
      version: '1.0',
      context: { ...context, eventType: 'viewer-request' },
      viewer: { ip: viewerIp },
      request,
    });
    const call = `Promise.resolve(handler(JSON.parse(${JSON.stringify(event)}))).then(JSON.stringify)`;
    const result = (await new Script(call).runInContext(this.#context, { timeout: MAX_RUN_MS })) as string;
    return JSON.parse(result) as EdgeRequest | EdgeResponse;
  }
}
