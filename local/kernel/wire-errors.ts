import type { AwsFailure, AwsRequest, AwsResponse } from './types.ts';

const xmlText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** What each service calls a denied call, where it is not `AccessDeniedException`. */
const DENIED: Readonly<Record<string, string>> = {
  s3: 'AccessDenied',
  sns: 'AuthorizationError',
  sts: 'AccessDenied',
  monitoring: 'AccessDenied',
  cloudfront: 'AccessDenied',
};

/** Services whose errors are XML: S3 and the query protocol's (awsQuery). */
const XML = new Set(['s3', 'sns', 'sts', 'iam', 'monitoring', 'cloudfront', 'cloudformation']);

/**
 * An error in the wire form of the service's protocol.
 * Sources: https://smithy.io/2.0/aws/protocols/ (awsJson1_1, restJson1, awsQuery, restXml: "Operation error serialization").
 */
export function wireError(failure: AwsFailure, signingName: string | undefined, request: AwsRequest): AwsResponse {
  const denied = failure.code === 'AccessDeniedException';
  const code = denied ? (DENIED[signingName ?? ''] ?? failure.code) : failure.code;
  const fault = failure.status >= 500 ? 'Receiver' : 'Sender';
  if (signingName === 's3') {
    return {
      status: denied ? 403 : failure.status,
      headers: { 'content-type': 'application/xml' },
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${xmlText(failure.message)}</Message><RequestId>${request.requestId}</RequestId></Error>`,
    };
  }
  const form = String(request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  if (form || XML.has(signingName ?? '')) {
    return {
      status: denied ? 403 : failure.status,
      headers: { 'content-type': 'text/xml' },
      body: `<ErrorResponse><Error><Type>${fault}</Type><Code>${code}</Code><Message>${xmlText(failure.message)}</Message></Error><RequestId>${request.requestId}</RequestId></ErrorResponse>`,
    };
  }
  return {
    status: failure.status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': code },
    body: JSON.stringify({ __type: code, message: failure.message }),
  };
}
