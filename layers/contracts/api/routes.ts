import type * as z from 'zod';
import { MAX_BATCH_BYTES } from '../messages/limits.ts';
import { Topology } from '../messages/topology.ts';
import { fromGroup, type RouteAccess } from './access.ts';
import { batch, batchResult, idempotencyKeyHeader } from './batch.ts';
import {
  consumptionQuery,
  feederConsumption,
  meterConsumption,
  regionConsumption,
  systemConsumption,
  transformerConsumption,
} from './consumption.ts';
import {
  eventsQuery,
  meter,
  meterEvents,
  meterList,
  meterParams,
  meterReadings,
  meterRegisters,
  metersQuery,
  readingsQuery,
  registersQuery,
} from './meters.ts';
import {
  feederParams,
  loadingQuery,
  network,
  networkLoading,
  networkLoadingQuery,
  regionParams,
  transformerLoading,
  transformerParams,
} from './network.ts';
import {
  meterStatus,
  outageCause,
  outageDetail,
  outageList,
  outageParams,
  outagesQuery,
  reliability,
  reliabilityQuery,
} from './outages.ts';
import type { ProblemCode } from './problem.ts';
import { health, openApiDocument } from './service.ts';
import {
  feederLoad,
  loadQuery,
  sensor,
  sensorList,
  sensorParams,
  sensorsQuery,
  sensorTelemetry,
  systemLoad,
  telemetryQuery,
} from './telemetry.ts';
import { topologyImport } from './topology.ts';
import {
  feederWindows,
  meterWindows,
  regionWindows,
  systemWindows,
  transformerWindows,
  windowsQuery,
} from './windows.ts';

/** Folder of the function that answers a route: `functions/api/<name>`, or `functions/ingest/accept-batch`. */
export type RouteFunction =
  | 'meters'
  | 'network'
  | 'telemetry'
  | 'topology'
  | 'service'
  | 'accept-batch'
  | 'outages'
  | 'outage-causes';

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

const viewers = { groups: fromGroup('viewer'), scope: 'grid/read' } as const;
const analysts = { groups: fromGroup('analyst'), scope: 'grid/read' } as const;
const operators = { groups: fromGroup('operator'), scope: 'grid/write' } as const;
const admins = { groups: fromGroup('admin'), scope: 'grid/write' } as const;
const headends = { groups: [], scope: 'grid/ingest' } as const;
const anyone = { public: true } as const;

/** Every route, by its id. */
export const routesById = {
  getHealth: {
    id: 'getHealth',
    method: 'GET',
    path: '/health',
    summary: 'Whether the API answers',
    function: 'service',
    access: anyone,
    response: health,
    cache: 'no-store',
  },
  getOpenApi: {
    id: 'getOpenApi',
    method: 'GET',
    path: '/openapi.json',
    summary: 'This API as OpenAPI 3.1',
    function: 'service',
    access: anyone,
    response: openApiDocument,
    cache: { maxAgeSeconds: 300 },
  },
  listMeters: {
    id: 'listMeters',
    method: 'GET',
    path: '/meters',
    summary: 'Meters, by id',
    function: 'meters',
    access: analysts,
    query: metersQuery,
    response: meterList,
    cache: 'no-store',
  },
  getMeter: {
    id: 'getMeter',
    method: 'GET',
    path: '/meters/{meterId}',
    summary: 'One meter, where it is connected and since when it is in service',
    function: 'meters',
    access: analysts,
    params: meterParams,
    response: meter,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getMeterReadings: {
    id: 'getMeterReadings',
    method: 'GET',
    path: '/meters/{meterId}/readings',
    summary: 'Interval readings of one channel, with gaps',
    function: 'meters',
    access: analysts,
    params: meterParams,
    query: readingsQuery,
    response: meterReadings,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getMeterRegisters: {
    id: 'getMeterRegisters',
    method: 'GET',
    path: '/meters/{meterId}/registers',
    summary: 'Register reads of one channel, every version of each',
    function: 'meters',
    access: analysts,
    params: meterParams,
    query: registersQuery,
    response: meterRegisters,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getMeterEvents: {
    id: 'getMeterEvents',
    method: 'GET',
    path: '/meters/{meterId}/events',
    summary: 'Events that a meter reported',
    function: 'meters',
    access: analysts,
    params: meterParams,
    query: eventsQuery,
    response: meterEvents,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getMeterConsumption: {
    id: 'getMeterConsumption',
    method: 'GET',
    path: '/meters/{meterId}/consumption',
    summary: 'Energy of one meter by local hour, day or month',
    function: 'meters',
    access: analysts,
    params: meterParams,
    query: consumptionQuery,
    response: meterConsumption,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getNetwork: {
    id: 'getNetwork',
    method: 'GET',
    path: '/network',
    summary: 'The network with coordinates',
    function: 'network',
    access: viewers,
    response: network,
    cache: { maxAgeSeconds: 60 },
  },
  getNetworkLoading: {
    id: 'getNetworkLoading',
    method: 'GET',
    path: '/network/loading',
    summary: 'Latest loading of every transformer',
    function: 'network',
    access: viewers,
    query: networkLoadingQuery,
    response: networkLoading,
    cache: 'no-store',
  },
  getTransformerLoading: {
    id: 'getTransformerLoading',
    method: 'GET',
    path: '/transformers/{transformerId}/loading',
    summary: 'Loading of a transformer per interval, from its meters',
    function: 'network',
    access: viewers,
    params: transformerParams,
    query: loadingQuery,
    response: transformerLoading,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getTransformerConsumption: {
    id: 'getTransformerConsumption',
    method: 'GET',
    path: '/transformers/{transformerId}/consumption',
    summary: 'Energy of the meters of a transformer by local hour, day or month',
    function: 'network',
    access: viewers,
    params: transformerParams,
    query: consumptionQuery,
    response: transformerConsumption,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getFeederConsumption: {
    id: 'getFeederConsumption',
    method: 'GET',
    path: '/feeders/{feederId}/consumption',
    summary: 'Energy of the meters of a feeder by local hour, day or month',
    function: 'network',
    access: viewers,
    params: feederParams,
    query: consumptionQuery,
    response: feederConsumption,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getRegionConsumption: {
    id: 'getRegionConsumption',
    method: 'GET',
    path: '/regions/{regionId}/consumption',
    summary: 'Energy of the meters of a region by local hour, day or month',
    function: 'network',
    access: viewers,
    params: regionParams,
    query: consumptionQuery,
    response: regionConsumption,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getSystemConsumption: {
    id: 'getSystemConsumption',
    method: 'GET',
    path: '/system/consumption',
    summary: 'Energy of all meters by local hour, day or month',
    function: 'network',
    access: viewers,
    query: consumptionQuery,
    response: systemConsumption,
    cache: 'no-store',
  },
  getMeterWindows: {
    id: 'getMeterWindows',
    method: 'GET',
    path: '/meters/{meterId}/windows',
    summary: 'Readings of one meter by window: sum, mean, extremes, completeness',
    function: 'meters',
    access: analysts,
    params: meterParams,
    query: windowsQuery,
    response: meterWindows,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getTransformerWindows: {
    id: 'getTransformerWindows',
    method: 'GET',
    path: '/transformers/{transformerId}/windows',
    summary: 'Readings of the meters of a transformer by window',
    function: 'network',
    access: viewers,
    params: transformerParams,
    query: windowsQuery,
    response: transformerWindows,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getFeederWindows: {
    id: 'getFeederWindows',
    method: 'GET',
    path: '/feeders/{feederId}/windows',
    summary: 'Readings of the meters of a feeder by window',
    function: 'network',
    access: viewers,
    params: feederParams,
    query: windowsQuery,
    response: feederWindows,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getRegionWindows: {
    id: 'getRegionWindows',
    method: 'GET',
    path: '/regions/{regionId}/windows',
    summary: 'Readings of the meters of a region by window',
    function: 'network',
    access: viewers,
    params: regionParams,
    query: windowsQuery,
    response: regionWindows,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getSystemWindows: {
    id: 'getSystemWindows',
    method: 'GET',
    path: '/system/windows',
    summary: 'Readings of all meters by window',
    function: 'network',
    access: viewers,
    query: windowsQuery,
    response: systemWindows,
    cache: 'no-store',
  },
  getFeederLoad: {
    id: 'getFeederLoad',
    method: 'GET',
    path: '/feeders/{feederId}/load',
    summary: "Active power at a feeder's sensor",
    function: 'telemetry',
    access: viewers,
    params: feederParams,
    query: loadQuery,
    response: feederLoad,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getSystemLoad: {
    id: 'getSystemLoad',
    method: 'GET',
    path: '/system/load',
    summary: 'Active power of all feeders',
    function: 'telemetry',
    access: viewers,
    query: loadQuery,
    response: systemLoad,
    cache: 'no-store',
  },
  listSensors: {
    id: 'listSensors',
    method: 'GET',
    path: '/sensors',
    summary: 'Sensors and what they measure',
    function: 'telemetry',
    access: viewers,
    query: sensorsQuery,
    response: sensorList,
    cache: 'no-store',
  },
  getSensor: {
    id: 'getSensor',
    method: 'GET',
    path: '/sensors/{sensorId}',
    summary: 'One sensor',
    function: 'telemetry',
    access: viewers,
    params: sensorParams,
    response: sensor,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getSensorTelemetry: {
    id: 'getSensorTelemetry',
    method: 'GET',
    path: '/sensors/{sensorId}/telemetry',
    summary: 'Samples of one kind of measurement',
    function: 'telemetry',
    access: viewers,
    params: sensorParams,
    query: telemetryQuery,
    response: sensorTelemetry,
    problems: ['not-found'],
    cache: 'no-store',
  },
  listOutages: {
    id: 'listOutages',
    method: 'GET',
    path: '/outages',
    summary: 'Outages, newest first',
    function: 'outages',
    access: viewers,
    query: outagesQuery,
    response: outageList,
    cache: 'no-store',
  },
  getOutage: {
    id: 'getOutage',
    method: 'GET',
    path: '/outages/{outageId}',
    summary: 'One outage with the interruption of each customer',
    function: 'outages',
    access: analysts,
    params: outageParams,
    response: outageDetail,
    problems: ['not-found'],
    cache: 'no-store',
  },
  setOutageCause: {
    id: 'setOutageCause',
    method: 'PATCH',
    path: '/outages/{outageId}',
    summary: 'Say why an outage is, and whether it was planned',
    function: 'outage-causes',
    access: operators,
    params: outageParams,
    body: outageCause,
    response: outageDetail,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getReliability: {
    id: 'getReliability',
    method: 'GET',
    path: '/reliability',
    summary: 'SAIDI, SAIFI, CAIDI and MAIFI (IEEE 1366)',
    function: 'outages',
    access: viewers,
    query: reliabilityQuery,
    response: reliability,
    problems: ['not-found'],
    cache: 'no-store',
  },
  getMeterStatus: {
    id: 'getMeterStatus',
    method: 'GET',
    path: '/meters/{meterId}/status',
    summary: 'Whether a meter has supply, as far as is known',
    function: 'outages',
    access: analysts,
    params: meterParams,
    response: meterStatus,
    problems: ['not-found'],
    cache: 'no-store',
  },
  acceptBatch: {
    id: 'acceptBatch',
    method: 'POST',
    path: '/readings:batch',
    summary: 'Interval readings from a head-end system; answered when the stream holds them',
    function: 'accept-batch',
    access: headends,
    headers: idempotencyKeyHeader,
    body: batch,
    maxBodyBytes: MAX_BATCH_BYTES,
    status: 202,
    response: batchResult,
    problems: ['request-in-flight', 'payload-too-large', 'idempotency-key-reused'],
    cache: 'no-store',
  },
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

export type RouteId = keyof typeof routesById;

/** Every route, in the order of declaration. */
export const routes: readonly Route[] = Object.values(routesById);
