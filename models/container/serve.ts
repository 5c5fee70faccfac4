import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ZodError } from 'zod';
import type { LoadedModel } from './model-container.ts';

/** Largest body of InvokeEndpoint. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html */
export const MAX_BODY_BYTES = 25 * 1024 * 1024;

const JSON_TYPE = 'application/json';
/** Both names are in use for one JSON document a line, which batch transform splits and joins. */
const LINE_TYPES = ['application/jsonlines', 'application/x-ndjson'];

class Refusal extends Error {
  readonly status: number;
  readonly problems: readonly { path: string; message: string }[];
  constructor(status: number, message: string, problems: Refusal['problems'] = []) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

/**
 * A model behind SageMaker's serving contract: `GET /ping`, `POST /invocations` (one JSON document, or JSON Lines answered line by
 * line), `GET /execution-parameters` for batch transform.
 * Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
 * @param print receives faults of the model; nothing of a request is ever printed.
 */
export function modelServer({
  model,
  version,
  print,
}: {
  model: LoadedModel;
  version: string;
  print(line: string): void;
}): Server {
  return createServer((request, response) => {
    answer({ model, version, request, response, print }).catch((failure: unknown) => {
      print(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
      response.destroy();
    });
  });
}

async function answer(exchange: {
  model: LoadedModel;
  version: string;
  request: IncomingMessage;
  response: ServerResponse;
  print(line: string): void;
}): Promise<void> {
  const { model, version, request, response, print } = exchange;
  const path = request.url?.split('?')[0];
  try {
    if (request.method === 'GET' && path === '/ping')
      return send(response, 200, JSON_TYPE, JSON.stringify({ version }));
    if (request.method === 'GET' && path === '/execution-parameters')
      return send(response, 200, JSON_TYPE, JSON.stringify(TRANSFORM_PARAMETERS));
    if (request.method !== 'POST' || path !== '/invocations') throw new Refusal(404, `there is no ${path} here`);
    const { type, body } = await bodyOf(request);
    return send(response, 200, type, type === JSON_TYPE ? one(model, body) : eachLine(model, body), version);
  } catch (failure) {
    const refusal = failure instanceof Refusal ? failure : fault(failure, print);
    send(response, refusal.status, JSON_TYPE, JSON.stringify({ error: refusal.message, problems: refusal.problems }));
  }
}

/** https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html */
const TRANSFORM_PARAMETERS = { MaxConcurrentTransforms: 1, BatchStrategy: 'MULTI_RECORD', MaxPayloadInMB: 6 };

function send(response: ServerResponse, status: number, type: string, body: string, version?: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...(version === undefined ? {} : { 'x-model-version': version }),
  });
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<{ type: string; body: string }> {
  const type = String(request.headers['content-type'] ?? JSON_TYPE)
    .split(';')[0]
    ?.trim()
    .toLowerCase() as string;
  if (type !== JSON_TYPE && !LINE_TYPES.includes(type)) {
    request.resume();
    throw new Refusal(415, `${type} is not taken; send ${JSON_TYPE} or ${LINE_TYPES[0]}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // The rest is read and dropped, so that the caller gets the answer instead of a broken connection.
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) throw new Refusal(413, `the body is larger than ${MAX_BODY_BYTES} bytes`);
  return { type, body: Buffer.concat(chunks).toString('utf8') };
}

const one = (model: LoadedModel, body: string): string => invoked(model, body, '');

/** Lines are answered in their order; a bad line fails the request, as batch transform counts whole requests. */
function eachLine(model: LoadedModel, body: string): string {
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Refusal(400, 'the body holds no line');
  return `${lines.map((line, index) => invoked(model, line, `line ${index + 1}: `)).join('\n')}\n`;
}

function invoked(model: LoadedModel, text: string, where: string): string {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    throw new Refusal(400, `${where}the body is not JSON`);
  }
  try {
    const response = JSON.stringify(model.invoke(request));
    if (response === undefined) throw new Error('the model answered nothing');
    return response;
  } catch (failure) {
    if (!(failure instanceof ZodError)) throw failure;
    throw new Refusal(
      400,
      `${where}the request breaks the model's contract`,
      failure.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
    );
  }
}

function fault(failure: unknown, print: (line: string) => void): Refusal {
  print(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
  return new Refusal(500, 'the model failed');
}
