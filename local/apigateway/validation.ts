import type { ValidateFunction } from 'ajv';
import Ajv from 'ajv-draft-04';
import { type Refusal, refusals } from './refusal.ts';
import type { GatewayRequest } from './request.ts';
import type { MethodConfig } from './rest-api.ts';

const ajv = new Ajv({ allErrors: true, strict: false });
const compiled = new WeakMap<object, ValidateFunction>();

function validatorOf(schema: object): ValidateFunction {
  const known = compiled.get(schema);
  if (known) return known;
  const made = ajv.compile(schema);
  compiled.set(schema, made);
  return made;
}

/**
 * Request validation: required parameters are there and not blank, the body fits the model of its content type. No model
 * for the content type: "request validation is not performed".
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
 */
export function invalid(request: GatewayRequest, method: MethodConfig): Refusal | undefined {
  if (method.validates.parameters) {
    const missing = method.requiredParameters
      .filter(({ place, name }) => !present(request, place, name))
      .map(({ name }) => name);
    if (missing.length > 0) return refusals.missingParameters(missing);
  }
  if (!method.validates.body) return undefined;
  const contentType = request.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'application/json';
  const schema = method.bodySchemas[contentType] ?? method.bodySchemas.$default;
  if (typeof schema !== 'object' || schema === null) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(request.body.toString() || '{}');
  } catch {
    return refusals.badBody('[Invalid JSON]');
  }
  const validate = validatorOf(schema);
  if (validate(body)) return undefined;
  return refusals.badBody(
    `[${(validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'object'} ${message}`).join(', ')}]`,
  );
}

function present(request: GatewayRequest, place: 'path' | 'querystring' | 'header', name: string): boolean {
  if (place === 'path') return (request.pathParameters[name] ?? '') !== '';
  if (place === 'header') return (request.header(name) ?? '') !== '';
  return (request.query.get(name) ?? '') !== '';
}
