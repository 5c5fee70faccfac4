/**
 * Why the gateway itself answers. `type` selects the template's gateway response.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
export interface Refusal {
  type: string;
  status: number;
  message: string;
  validationErrors?: string;
}

export const refusals = {
  unauthorized: (message = 'Unauthorized'): Refusal => ({ type: 'UNAUTHORIZED', status: 401, message }),
  noSuchRoute: (): Refusal => ({
    type: 'MISSING_AUTHENTICATION_TOKEN',
    status: 403,
    message: 'Missing Authentication Token',
  }),
  forbiddenStage: (): Refusal => ({ type: 'ACCESS_DENIED', status: 403, message: 'Forbidden' }),
  badBody: (validationErrors: string): Refusal => ({
    type: 'BAD_REQUEST_BODY',
    status: 400,
    message: 'Invalid request body',
    validationErrors,
  }),
  missingParameters: (names: readonly string[]): Refusal => ({
    type: 'BAD_REQUEST_PARAMETERS',
    status: 400,
    message: `Missing required request parameters: [${names.join(', ')}]`,
  }),
  badRequest: (message: string): Refusal => ({ type: 'DEFAULT_4XX', status: 400, message }),
  tooLarge: (): Refusal => ({ type: 'REQUEST_TOO_LARGE', status: 413, message: 'Request Too Long' }),
  throttled: (): Refusal => ({ type: 'THROTTLED', status: 429, message: 'Too Many Requests' }),
  timedOut: (): Refusal => ({ type: 'INTEGRATION_TIMEOUT', status: 504, message: 'Endpoint request timed out' }),
  /** The function threw, or answered with what is no proxy response. */
  badIntegration: (): Refusal => ({ type: 'DEFAULT_5XX', status: 502, message: 'Internal server error' }),
  /** The function does not allow the API to call it, or could not be called. */
  misconfigured: (): Refusal => ({ type: 'API_CONFIGURATION_ERROR', status: 500, message: 'Internal server error' }),
} as const;
