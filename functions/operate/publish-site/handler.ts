import { join } from 'node:path';
import { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import { S3Client } from '@aws-sdk/client-s3';
import { customResource } from '../../../layers/runtime/custom-resource.ts';
import { publishSite, removeSite } from './publish-site.ts';
import { SiteProperties } from './site-properties.ts';

const clients = { s3: new S3Client({}), cloudFront: new CloudFrontClient({}) };

export const handler = customResource('site', {
  async apply(properties) {
    const published = await publishSite(clients, SiteProperties.parse(properties), join(import.meta.dirname, 'site'));
    return { files: String(published) };
  },
  remove: (properties) => removeSite(clients, SiteProperties.parse(properties)),
});
