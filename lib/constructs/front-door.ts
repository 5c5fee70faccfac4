import { Duration, Fn, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  HttpVersion,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { BucketPolicy, CfnBucketPolicy, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { GridBucket } from './grid-bucket.ts';
import { explainWildcards, flatten } from './wildcards.ts';

export interface FrontDoorProps {
  /** Host of the REST API. */
  readonly apiHost: string;
  /** Address of the hosted sign-in page, which the browser asks for tokens. */
  readonly signInUrl: string;
  readonly accessLogs: IBucket;
  readonly removal: RemovalPolicy;
}

/** Every path that is no file is a view of the dashboard. Error responses would do it too, and hide the API's 403 and 404. */
const TO_INDEX = `function handler(event) {
  var request = event.request;
  if (request.uri.lastIndexOf('.') <= request.uri.lastIndexOf('/')) request.uri = '/index.html';
  return request;
}`;

/** One origin for people: the dashboard from a private bucket, and the API below `/v1/`. */
export class FrontDoor extends Construct {
  readonly bucket: GridBucket;
  readonly distribution: Distribution;

  constructor(scope: Construct, id: string, props: FrontDoorProps) {
    super(scope, id);
    this.bucket = new GridBucket(this, 'Site', {
      removal: props.removal,
      accessLogs: { bucket: props.accessLogs, prefix: 'site/' },
    });
    this.distribution = new Distribution(this, 'Distribution', {
      comment: `Smart Grid Analytics: ${Stack.of(this).stackName}`,
      defaultRootObject: 'index.html',
      httpVersion: HttpVersion.HTTP2_AND_3,
      logBucket: props.accessLogs,
      logFilePrefix: 'cloudfront/',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(this.bucket),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        responseHeadersPolicy: this.securityHeaders(props.signInUrl),
        functionAssociations: [
          {
            eventType: FunctionEventType.VIEWER_REQUEST,
            function: new EdgeFunction(this, 'ToIndex', {
              comment: 'Paths without a file extension are views of the dashboard',
              code: FunctionCode.fromInline(TO_INDEX),
              runtime: FunctionRuntime.JS_2_0,
            }),
          },
        ],
      },
      additionalBehaviors: {
        '/v1/*': {
          origin: new HttpOrigin(props.apiHost),
          viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
          allowedMethods: AllowedMethods.ALLOW_ALL,
          cachePolicy: CachePolicy.CACHING_DISABLED,
          originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        },
      },
    });
    const policy = this.bucket.policy as BucketPolicy;
    explainWildcards(policy, policy.node.defaultChild as CfnBucketPolicy, {
      [flatten(Stack.of(this), this.bucket.arnForObjects('*'))]: 'The distribution serves whatever file the site has',
    });
    this.acknowledge();
  }

  private securityHeaders(signInUrl: string): ResponseHeadersPolicy {
    const contentSecurityPolicy = [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data: blob:",
      "font-src 'self'",
      "worker-src 'self' blob:",
      `connect-src 'self' ${signInUrl}`,
      `form-action 'self' ${signInUrl}`,
      "manifest-src 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; ');
    return new ResponseHeadersPolicy(this, 'Headers', {
      comment: 'Security headers of the dashboard',
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy, override: true },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: true, override: true },
      },
      customHeadersBehavior: {
        customHeaders: [
          { header: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=()', override: true },
        ],
      },
    });
  }

  private acknowledge(): void {
    const distribution = this.distribution;
    for (const [id, reason] of Object.entries({
      'AwsSolutions-CFR1': 'A grid operator may be anywhere; access is by account, not by country',
      'AwsSolutions-CFR2': 'The site is static and public; the API behind it has its own web ACL',
      'AwsSolutions-CFR4':
        "The distribution has CloudFront's own host name, whose certificate fixes the protocol; a custom domain raises it",
    })) {
      Validations.of(distribution).acknowledge({ id, reason });
    }
  }
}

/** Origin (scheme and host) of a distribution. */
export const originOf = (distribution: Distribution): string =>
  Fn.join('', ['https://', distribution.distributionDomainName]);
