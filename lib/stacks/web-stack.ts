import { CustomResource, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StageSettings } from '../config/stages.ts';
import { folderFingerprint } from '../constructs/bundle.ts';
import { bucketArn } from '../constructs/grants.ts';
import { API_VERSION } from '../constructs/grid-api.ts';
import { GridFunction } from '../constructs/grid-function.ts';
import { DASHBOARD_SCOPES } from '../constructs/identity.ts';
import { CLOUDFORMATION_WAITS, StageStack } from './stage-stack.ts';

/** Fills the public origin: the built dashboard, and the `config.json` by which it finds its API and its sign-in. */
export class WebStack extends StageStack {
  /** @param site absolute path of the built dashboard. */
  constructor(scope: Construct, settings: StageSettings, { site }: { site: string }) {
    super(scope, 'web', { settings, description: 'the dashboard' });
    const bucketName = this.wire('web/bucket');
    const distributionId = this.wire('web/distribution-id');
    const publish = new GridFunction(this, 'PublishSite', {
      settings,
      name: 'operate/publish-site',
      timeout: Duration.minutes(5),
      memoryMb: 512,
      dataKeyArn: this.wire('network/data-key-arn'),
      files: [{ from: site, to: 'site' }],
      noDeadLetters: CLOUDFORMATION_WAITS,
      grants: [
        { sid: 'ListSite', actions: ['s3:ListBucket'], resources: [bucketArn(this, bucketName)] },
        {
          sid: 'ReplaceSite',
          actions: ['s3:DeleteObject', 's3:PutObject'],
          resources: [`${bucketArn(this, bucketName)}/*`],
          wildcardReason: "The site's files are named by its build",
        },
        {
          sid: 'RefreshEdge',
          actions: ['cloudfront:CreateInvalidation'],
          resources: [
            this.formatArn({
              service: 'cloudfront',
              region: '',
              resource: 'distribution',
              resourceName: distributionId,
            }),
          ],
        },
      ],
    });
    new CustomResource(this, 'Site', {
      resourceType: 'Custom::Site',
      serviceToken: publish.lambda.functionArn,
      serviceTimeout: Duration.minutes(5),
      properties: {
        bucketName,
        distributionId,
        fingerprint: folderFingerprint(site),
        config: {
          stage: settings.stage,
          region: this.region,
          timeZone: settings.timeZone,
          apiBase: `/${API_VERSION}`,
          signIn: {
            domain: this.wire('identity/sign-in-url'),
            clientId: this.wire('identity/dashboard-client-id'),
            scopes: DASHBOARD_SCOPES,
            redirectPath: '/',
          },
        },
      },
    });
  }
}
