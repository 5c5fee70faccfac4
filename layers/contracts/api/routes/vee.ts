import { analysts, operators } from '../access.ts';
import type { Route } from '../route.ts';
import {
  billingDeterminants,
  determinantsParams,
  determinantsQuery,
  exceptionsQuery,
  veeExceptionList,
  veeRun,
  veeRunRequest,
} from '../vee.ts';

export const veeRoutes = {
  listVeeExceptions: {
    id: 'listVeeExceptions',
    method: 'GET',
    path: '/vee/exceptions',
    summary: 'Validation rules that readings broke, the latest first',
    function: 'vee',
    access: analysts,
    query: exceptionsQuery,
    response: veeExceptionList,
    cache: 'no-store',
  },
  runVee: {
    id: 'runVee',
    method: 'POST',
    path: '/vee/runs',
    summary: 'Validate, estimate and settle a local day of a region, or go on with the run that does',
    function: 'vee',
    access: operators,
    body: veeRunRequest,
    response: veeRun,
    problems: ['not-found', 'conflict'],
    cache: 'no-store',
  },
  getBillingDeterminants: {
    id: 'getBillingDeterminants',
    method: 'GET',
    path: '/usage-points/{usagePointId}/determinants',
    summary: 'What a bill of a month is computed from, day by day with its run and adjustments',
    function: 'vee',
    access: analysts,
    params: determinantsParams,
    query: determinantsQuery,
    response: billingDeterminants,
    problems: ['not-found'],
    cache: 'no-store',
  },
} as const satisfies Record<string, Route>;
