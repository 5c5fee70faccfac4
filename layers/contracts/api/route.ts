import type * as z from 'zod';
import type { RouteAccess } from './access.ts';
import type { ProblemCode } from './problem.ts';

/** Folder of the function that answers a route: `functions/api/<name>`, or `functions/ingest/accept-batch`. */
export type RouteFunction =
  | 'meters'
  | 'network'
  | 'telemetry'
  | 'topology'
  | 'service'
  | 'accept-batch'
  | 'batches'
  | 'outages'
  | 'outage-causes'
  | 'quarantine'
  | 'reading-edits'
  | 'forecasts'
  | 'models'
  | 'audit'
  | 'anomalies'
  | 'vee';

/**
 * A route of the API. The gateway, its authorizer, the functions, OpenAPI, the web client and the authorization tests
 * all come from this declaration. Paths are below the stage (`/v1`).
 */
export interface Route {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly function: RouteFunction;
  readonly access: RouteAccess;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly maxBodyBytes?: number;
  /** Status of success; 200 if absent. */
  readonly status?: number;
  readonly response: z.ZodType;
  /** Problems of this route beside those any route may answer. */
  readonly problems?: readonly ProblemCode[];
  /** What browsers may keep; shared caches keep nothing that needs a token. */
  readonly cache: 'no-store' | { readonly maxAgeSeconds: number };
}
