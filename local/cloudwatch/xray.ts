import { AwsFailure, type AwsService, type Cloud } from '../kernel/types.ts';

interface Segments {
  TraceSegmentDocuments?: string[];
}

/** X-Ray's PutTraceSegments, for callers that do not speak to the daemon. */
export function xrayService(cloud: Cloud): AwsService {
  return {
    signingNames: ['xray'],
    access: (request) => [
      { action: request.url.pathname === '/TraceSegments' ? 'xray:PutTraceSegments' : 'xray:*', resource: '*' },
    ],
    async answer(request) {
      if (request.url.pathname !== '/TraceSegments')
        throw new AwsFailure('UnknownOperationException', 'xray: only PutTraceSegments.');
      const { TraceSegmentDocuments = [] } = JSON.parse(request.body.toString() || '{}') as Segments;
      for (const document of TraceSegmentDocuments) cloud.segment(JSON.parse(document) as Record<string, unknown>);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"UnprocessedTraceSegments":[]}' };
    },
  };
}
