import type { Cloud, Resource } from '../kernel/types.ts';

type Properties = Record<string, unknown>;

/** AWS's managed policies by their published ids. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html */
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html */
const FORWARDS_VIEWER = new Set(['b689b0a8-53d0-40ab-baf2-68738e2966ac', '216adef6-5c7f-47e4-b989-5492eafa07d3']);

export interface Behaviour {
  matches(path: string): boolean;
  originId: string;
  methods: ReadonlySet<string>;
  compress: boolean;
  /** Whether the viewer's headers, cookies and query go on to the origin. */
  forwardsViewer: boolean;
  viewerRequestFunction?: string;
  headers: readonly { name: string; content: string; override: boolean }[];
}

export interface Origin {
  id: string;
  host: string;
  path: string;
  /** Bucket behind an S3 origin; undefined for a custom one. */
  bucket?: string;
  signs: boolean;
}

export interface DistributionConfig {
  id: string;
  arn: string;
  domainName: string;
  rootObject: string;
  origins: ReadonlyMap<string, Origin>;
  behaviours: readonly Behaviour[];
  errors: ReadonlyMap<number, { status: number; page?: string }>;
}

/** `*` any characters, `?` one. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern */
export function pathPattern(pattern: string): (path: string) => boolean {
  const escaped = pattern.replace(/^\//, '').replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  const expression = new RegExp(`^/${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return (path) => expression.test(path);
}

const isTrue = (flag: unknown): boolean => String(flag) === 'true';

function securityHeaders(config: Properties): Behaviour['headers'] {
  const security = (config.SecurityHeadersConfig ?? {}) as Record<string, Properties | undefined>;
  const headers: { name: string; content: string; override: boolean }[] = [];
  const put = (name: string, part: Properties | undefined, content: (part: Properties) => string) => {
    if (part) headers.push({ name, content: content(part), override: isTrue(part.Override) });
  };
  put('content-security-policy', security.ContentSecurityPolicy, (part) => String(part.ContentSecurityPolicy));
  put('x-content-type-options', security.ContentTypeOptions, () => 'nosniff');
  put('x-frame-options', security.FrameOptions, (part) => String(part.FrameOption));
  put('referrer-policy', security.ReferrerPolicy, (part) => String(part.ReferrerPolicy));
  put('strict-transport-security', security.StrictTransportSecurity, (part) =>
    [
      `max-age=${part.AccessControlMaxAgeSec}`,
      isTrue(part.IncludeSubdomains) && 'includeSubDomains',
      isTrue(part.Preload) && 'preload',
    ]
      .filter(Boolean)
      .join('; '),
  );
  put('x-xss-protection', security.XSSProtection, (part) =>
    isTrue(part.Protection) ? `1${isTrue(part.ModeBlock) ? '; mode=block' : ''}` : '0',
  );
  const custom = config.CustomHeadersConfig as { Items?: Properties[] } | undefined;
  for (const item of custom?.Items ?? []) {
    headers.push({
      name: String(item.Header).toLowerCase(),
      content: String(item.Value),
      override: isTrue(item.Override),
    });
  }
  return headers;
}

/** Reads a distribution and what it refers to. @throws Error naming a reference that leads nowhere. */
export function readDistribution(resource: Resource, cloud: Cloud): DistributionConfig {
  const config = resource.properties.DistributionConfig as Properties;
  const behaviour = (properties: Properties, matches: Behaviour['matches']): Behaviour => {
    const policyId = properties.ResponseHeadersPolicyId;
    const policy =
      policyId === undefined
        ? undefined
        : cloud.resourcesOf('AWS::CloudFront::ResponseHeadersPolicy').find(({ physicalId }) => physicalId === policyId);
    if (policyId !== undefined && !policy)
      throw new Error(`Response headers policy ${policyId} is not in the templates.`);
    const associations = (properties.FunctionAssociations ?? []) as Properties[];
    return {
      matches,
      originId: String(properties.TargetOriginId),
      methods: new Set((properties.AllowedMethods ?? ['GET', 'HEAD']) as string[]),
      compress: isTrue(properties.Compress) && properties.CachePolicyId !== CACHING_DISABLED,
      forwardsViewer: FORWARDS_VIEWER.has(String(properties.OriginRequestPolicyId)),
      viewerRequestFunction: associations.find(({ EventType }) => EventType === 'viewer-request')?.FunctionARN as
        | string
        | undefined,
      headers: policy ? securityHeaders(policy.properties.ResponseHeadersPolicyConfig as Properties) : [],
    };
  };
  const origins = ((config.Origins ?? []) as Properties[]).map((origin): Origin => {
    const host = String(origin.DomainName);
    const bucket = origin.S3OriginConfig ? /^(.+)\.s3[.-][a-z0-9.-]*amazonaws\.com$/.exec(host)?.[1] : undefined;
    return {
      id: String(origin.Id),
      host,
      path: String(origin.OriginPath ?? ''),
      bucket,
      signs: origin.OriginAccessControlId !== undefined,
    };
  });
  const others = (config.CacheBehaviors ?? []) as Properties[];
  return {
    id: resource.physicalId,
    arn: cloud.arn('cloudfront', `distribution/${resource.physicalId}`),
    domainName: String(resource.attributes.DomainName),
    rootObject: String(config.DefaultRootObject ?? ''),
    origins: new Map(origins.map((origin) => [origin.id, origin])),
    behaviours: [
      ...others.map((properties) => behaviour(properties, pathPattern(String(properties.PathPattern)))),
      behaviour(config.DefaultCacheBehavior as Properties, () => true),
    ],
    errors: new Map(
      ((config.CustomErrorResponses ?? []) as Properties[]).map(({ ErrorCode, ResponseCode, ResponsePagePath }) => [
        Number(ErrorCode),
        { status: Number(ResponseCode ?? ErrorCode), page: ResponsePagePath as string | undefined },
      ]),
    ),
  };
}
