import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { addressesOf } from '../../../local/cloudfront/addresses.ts';
import { CloudFrontApi } from '../../../local/cloudfront/api.ts';
import { pathPattern } from '../../../local/cloudfront/distribution.ts';
import { CloudFrontProvider } from '../../../local/cloudfront/index.ts';
import { storage } from '../../../local/storage/index.ts';
import { idOf, type SmallCloud, smallCloud } from '../cognito/pool-template.ts';

const SIGN_IN = 'https://sign-in.auth.ap-southeast-2.amazoncognito.com';
const ORIGIN_HOST = 'abc.execute-api.ap-southeast-2.amazonaws.com';
const TO_INDEX = `function handler(event) {
  var request = event.request;
  if (request.uri === '/old') return { statusCode: 301, headers: { location: { value: '/new' } } };
  if (request.uri.lastIndexOf('.') <= request.uri.lastIndexOf('/')) request.uri = '/index.html';
  return request;
}`;

const resourcesWith = (readGrant: boolean) => ({
  Site: { Type: 'AWS::S3::Bucket', Properties: {} },
  ...(readGrant
    ? {
        SitePolicy: {
          Type: 'AWS::S3::BucketPolicy',
          Properties: {
            Bucket: { Ref: 'Site' },
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                {
                  Effect: 'Allow',
                  Principal: { Service: 'cloudfront.amazonaws.com' },
                  Action: 's3:GetObject',
                  Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Site', 'Arn'] }, '/*']] },
                  Condition: {
                    StringEquals: {
                      'AWS:SourceArn': {
                        'Fn::Join': [
                          '',
                          [
                            'arn:aws:cloudfront::',
                            { Ref: 'AWS::AccountId' },
                            ':distribution/',
                            { Ref: 'Distribution' },
                          ],
                        ],
                      },
                    },
                  },
                },
              ],
            },
          },
        },
      }
    : {}),
  Access: {
    Type: 'AWS::CloudFront::OriginAccessControl',
    Properties: {
      OriginAccessControlConfig: {
        Name: 'a',
        SigningBehavior: 'always',
        SigningProtocol: 'sigv4',
        OriginAccessControlOriginType: 's3',
      },
    },
  },
  ToIndex: {
    Type: 'AWS::CloudFront::Function',
    Properties: { Name: 'to-index', FunctionCode: TO_INDEX, AutoPublish: true },
  },
  Headers: {
    Type: 'AWS::CloudFront::ResponseHeadersPolicy',
    Properties: {
      ResponseHeadersPolicyConfig: {
        Name: 'h',
        SecurityHeadersConfig: {
          ContentSecurityPolicy: { ContentSecurityPolicy: `connect-src ${SIGN_IN}`, Override: true },
          FrameOptions: { FrameOption: 'DENY', Override: true },
        },
      },
    },
  },
  Distribution: {
    Type: 'AWS::CloudFront::Distribution',
    Properties: {
      DistributionConfig: {
        Enabled: true,
        DefaultRootObject: 'index.html',
        Origins: [
          {
            Id: 'site',
            DomainName: { 'Fn::GetAtt': ['Site', 'RegionalDomainName'] },
            S3OriginConfig: {},
            OriginAccessControlId: { Ref: 'Access' },
          },
          { Id: 'api', DomainName: ORIGIN_HOST, CustomOriginConfig: {} },
        ],
        DefaultCacheBehavior: {
          TargetOriginId: 'site',
          Compress: true,
          CachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
          ResponseHeadersPolicyId: { Ref: 'Headers' },
          FunctionAssociations: [
            { EventType: 'viewer-request', FunctionARN: { 'Fn::GetAtt': ['ToIndex', 'FunctionARN'] } },
          ],
        },
        CacheBehaviors: [
          {
            PathPattern: '/v1/*',
            TargetOriginId: 'api',
            AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
            CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
            OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
          },
          { PathPattern: '/bare/*', TargetOriginId: 'api', CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad' },
        ],
      },
    },
  },
});

const INDEX = `<!doctype html>${'<p>grid</p>'.repeat(200)}`;

async function siteCloud(portBase: number, readGrant: boolean): Promise<SmallCloud> {
  const store = storage();
  const small = await smallCloud({
    resources: resourcesWith(readGrant),
    providers: [...store.providers, new CloudFrontProvider()],
    portBase,
    prepare: (cloud) => {
      for (const service of [...store.services(cloud), new CloudFrontApi(cloud)]) cloud.addService(service);
    },
  });
  const { cloud } = small;
  const s3 = new S3Client({
    region: cloud.region,
    endpoint: cloud.endpoint,
    forcePathStyle: true,
    credentials: cloud.credentials({ kind: 'operator' }),
  });
  const put = (Key: string, Body: string, ContentType: string) =>
    s3.send(new PutObjectCommand({ Bucket: idOf(small, 'Site'), Key, Body, ContentType }));
  await put('index.html', INDEX, 'text/html');
  await put('config.json', JSON.stringify({ signIn: SIGN_IN }), 'application/json');
  s3.destroy();
  return small;
}

let small: SmallCloud;
let web: string;
let origin: http.Server;

beforeAll(async () => {
  small = await siteCloud(21650, true);
  web = small.cloud.shared.endpoints?.web ?? '';
  origin = http.createServer((request, response) =>
    response
      .setHeader('content-type', 'application/json')
      .writeHead(418)
      .end(JSON.stringify({ url: request.url, headers: request.headers })),
  );
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  addressesOf(small.cloud).add(`https://${ORIGIN_HOST}`, `http://127.0.0.1:${(origin.address() as AddressInfo).port}`);
  addressesOf(small.cloud).add(SIGN_IN, 'http://localhost:21653');
});
afterAll(async () => {
  origin.closeAllConnections();
  origin.close();
  await small.stop();
});

const get = (path: string, init: RequestInit = {}) => fetch(web + path, { redirect: 'manual', ...init });

describe('the site', () => {
  test('views are the index page, with the policy’s headers, and names of the cloud in their local form', async () => {
    for (const path of ['/', '/meters', '/meters/m1?x=1']) {
      const response = await get(path);
      expect([response.status, await response.text()]).toEqual([200, INDEX]);
      expect(response.headers.get('content-security-policy')).toBe('connect-src http://localhost:21653');
      expect(response.headers.get('x-frame-options')).toBe('DENY');
    }
    expect(await (await get('/config.json')).json()).toEqual({ signIn: 'http://localhost:21653' });
  });

  test('is compressed for who accepts it, and not sent again to who has it', async () => {
    const packed = await get('/', { headers: { 'accept-encoding': 'br' } });
    expect(packed.headers.get('content-encoding')).toBe('br');
    expect(Number(packed.headers.get('content-length'))).toBeLessThan(INDEX.length / 4);
    const etag = (await get('/', { headers: { 'accept-encoding': 'identity' } })).headers.get('etag') ?? '';
    expect((await get('/', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  test('a function at the edge may answer by itself', async () => {
    const response = await get('/old');
    expect([response.status, response.headers.get('location')]).toEqual([301, '/new']);
  });
});

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html */
describe('refusals', () => {
  test('a missing file is 403 for who may not list, and other verbs are not allowed', async () => {
    expect((await get('/missing.js')).status).toBe(403);
    expect((await get('/', { method: 'POST', body: 'x' })).status).toBe(403);
  });

  test('without the bucket policy nothing is served', async () => {
    const shut = await siteCloud(21660, false);
    expect((await fetch(`${shut.cloud.shared.endpoints?.web}/`)).status).toBe(403);
    await shut.stop();
  });
});

describe('another origin', () => {
  test('gets the viewer’s headers and query only by an origin request policy, and always its own host', async () => {
    const ask = async (path: string) => {
      const response = await get(path, { headers: { authorization: 'Bearer t' } });
      expect(response.status).toBe(418);
      return (await response.json()) as { url: string; headers: Record<string, string> };
    };
    const whole = await ask('/v1/meters?tz=Z');
    expect([whole.url, whole.headers.authorization, whole.headers.host]).toEqual([
      '/v1/meters?tz=Z',
      'Bearer t',
      ORIGIN_HOST,
    ]);
    const bare = await ask('/bare/x?tz=Z');
    expect([bare.url, bare.headers.authorization, bare.headers.host]).toEqual(['/bare/x', undefined, ORIGIN_HOST]);
  });
});

test('path patterns', () => {
  expect(['/v1/a', '/v1/', '/v1', '/x/v1/a'].map(pathPattern('/v1/*'))).toEqual([true, true, false, false]);
  expect(['/a.js', '/ab.js'].map(pathPattern('?.js'))).toEqual([true, false]);
});

test('an invalidation is answered as CloudFront answers it', async () => {
  const { cloud } = small;
  const sdk = new CloudFrontClient({
    region: 'us-east-1',
    endpoint: cloud.endpoint,
    credentials: cloud.credentials({ kind: 'operator' }),
  });
  const ask = (DistributionId: string, Quantity = 1) =>
    sdk.send(
      new CreateInvalidationCommand({
        DistributionId,
        InvalidationBatch: { CallerReference: 'c', Paths: { Quantity, Items: ['/*'] } },
      }),
    );
  const made = await ask(idOf(small, 'Distribution'));
  expect(made.Invalidation).toMatchObject({
    Status: 'Completed',
    InvalidationBatch: { CallerReference: 'c', Paths: { Items: ['/*'] } },
  });
  await expect(ask('EUNKNOWN')).rejects.toMatchObject({ name: 'NoSuchDistribution' });
  await expect(ask(idOf(small, 'Distribution'), 2)).rejects.toMatchObject({ name: 'InconsistentQuantities' });
  sdk.destroy();
});
