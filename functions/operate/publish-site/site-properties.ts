import * as z from 'zod';

/** Properties of the custom resource `Custom::Site`. */
export const SiteProperties = z.object({
  bucketName: z.string().min(3),
  distributionId: z.string().min(1),
  /** Of the built files: a change of it is what makes CloudFormation ask for an update. */
  fingerprint: z.string().min(1),
  /** Written as `config.json`, by which the dashboard finds its API and its sign-in. */
  config: z.record(z.string(), z.unknown()),
});
export type SiteProperties = z.infer<typeof SiteProperties>;
