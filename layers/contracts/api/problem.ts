import * as z from 'zod';

/** Closed list of problem types; `type` is `urn:smart-grid:problem:<code>`. */
export const problems = {
  'invalid-request': { status: 400, title: 'The request breaks the contract of this route' },
  unauthenticated: { status: 401, title: 'A valid access token is needed' },
  forbidden: { status: 403, title: 'The token does not permit this' },
  'not-found': { status: 404, title: 'There is no such resource' },
  conflict: { status: 409, title: 'The resource is not in a state that allows this' },
  'request-in-flight': { status: 409, title: 'A request with this Idempotency-Key is still being worked on' },
  'precondition-failed': { status: 412, title: 'The resource is not as If-Match says' },
  'payload-too-large': { status: 413, title: 'The body is larger than this route takes' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'idempotency-key-reused': { status: 422, title: 'This Idempotency-Key was used with another body' },
  'unprocessable-topology': { status: 422, title: 'The topology contradicts itself' },
  internal: { status: 500, title: 'The service failed' },
  unavailable: { status: 503, title: 'The service cannot take the request now' },
} as const satisfies Record<string, { status: number; title: string }>;
export type ProblemCode = keyof typeof problems;

export const violation = z
  .object({ path: z.string(), message: z.string(), value: z.unknown().optional() })
  .meta({ id: 'Violation' });
export type Violation = z.infer<typeof violation>;

/** RFC 9457 problem document. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string(),
    violations: z.array(violation),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

export const problemType = (code: ProblemCode): string => `urn:smart-grid:problem:${code}`;
