import { randomBytes } from 'node:crypto';
import { AwsFailure, type AwsRequest, type AwsResponse, type AwsService, type Cloud } from '../kernel/types.ts';

const ROUTE = /^\/2020-05-31\/distribution\/([A-Z0-9]+)\/invalidation(?:\/([A-Z0-9]+))?$/;

/**
 * Invalidations. The local edge keeps nothing (each request goes to the origin), so one is complete at once.
 * https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html
 */
export class CloudFrontApi implements AwsService {
  readonly signingNames = ['cloudfront'];
  readonly #cloud: Cloud;
  readonly #invalidations = new Map<string, string>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  access(request: AwsRequest): { action: string; resource: string }[] {
    const [, distributionId] = ROUTE.exec(request.url.pathname) ?? [];
    const action = request.method === 'POST' ? 'CreateInvalidation' : 'GetInvalidation';
    return [
      {
        action: `cloudfront:${action}`,
        resource: distributionId ? this.#cloud.arn('cloudfront', `distribution/${distributionId}`) : '*',
      },
    ];
  }

  async answer(request: AwsRequest): Promise<AwsResponse> {
    const [, distributionId = '', invalidationId] = ROUTE.exec(request.url.pathname) ?? [];
    if (distributionId === '')
      throw new AwsFailure(
        'InvalidAction',
        `The local CloudFront does not answer ${request.method} ${request.url.pathname}.`,
        400,
      );
    if (
      !this.#cloud.resourcesOf('AWS::CloudFront::Distribution').some(({ physicalId }) => physicalId === distributionId)
    ) {
      throw new AwsFailure('NoSuchDistribution', 'The specified distribution does not exist.', 404);
    }
    if (request.method === 'GET') {
      const known = this.#invalidations.get(invalidationId ?? '');
      if (!known) throw new AwsFailure('NoSuchInvalidation', 'The specified invalidation does not exist.', 404);
      return xml(200, known);
    }
    const body = request.body.toString();
    const paths = [...body.matchAll(/<Path>([^<]*)<\/Path>/g)].map(([, path = '']) => path);
    const batch = /<InvalidationBatch[^>]*>([\s\S]*)<\/InvalidationBatch>/.exec(body)?.[1];
    if (!batch || paths.length === 0)
      throw new AwsFailure('InvalidArgument', 'An invalidation names at least one path.', 400);
    if (paths.some((path) => !path.startsWith('/')))
      throw new AwsFailure('InvalidArgument', 'Your request contains one or more invalid invalidation paths.', 400);
    // "CloudFront returns InconsistentQuantities when the value of Quantity and the size of Items don't match."
    if (Number(/<Quantity>(\d+)<\/Quantity>/.exec(batch)?.[1]) !== paths.length) {
      throw new AwsFailure('InconsistentQuantities', 'The value of Quantity and the size of Items do not match.', 400);
    }
    const id = `I${randomBytes(7).toString('hex').toUpperCase()}`;
    const created = new Date(this.#cloud.clock()).toISOString();
    const text = `<?xml version="1.0"?>\n<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>${id}</Id><Status>Completed</Status><CreateTime>${created}</CreateTime><InvalidationBatch>${batch}</InvalidationBatch></Invalidation>`;
    this.#invalidations.set(id, text);
    return xml(201, text);
  }
}

const xml = (status: number, body: string): AwsResponse => ({ status, headers: { 'content-type': 'text/xml' }, body });
