import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

export interface GridBucketProps {
  /** Absent: S3's own key, for the few buckets that AWS services write to or read from without ours. */
  readonly key?: IKey;
  readonly accessLogs?: { readonly bucket: IBucket; readonly prefix: string };
  readonly removal: RemovalPolicy;
  /** Days until objects go. Absent: they stay. */
  readonly expireDays?: number;
  readonly versioned?: boolean;
  /** CloudFront's access logs are still delivered by access control list. */
  readonly acceptsAcl?: boolean;
}

/** A bucket as every bucket here is: private, over TLS only, encrypted, with abandoned uploads cleared. */
export class GridBucket extends Bucket {
  constructor(scope: Construct, id: string, props: GridBucketProps) {
    super(scope, id, {
      ...(props.key
        ? { encryption: BucketEncryption.KMS, encryptionKey: props.key, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: props.acceptsAcl
        ? ObjectOwnership.BUCKET_OWNER_PREFERRED
        : ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: props.versioned ?? false,
      removalPolicy: props.removal,
      lifecycleRules: [
        {
          abortIncompleteMultipartUploadAfter: Duration.days(7),
          ...(props.expireDays === undefined ? {} : { expiration: Duration.days(props.expireDays) }),
          ...(props.versioned ? { noncurrentVersionExpiration: Duration.days(30) } : {}),
        },
      ],
    });
    if (!props.accessLogs) return;
    // On the resource: the construct would also change the policy of a bucket that may belong to another stack.
    (this.node.defaultChild as CfnBucket).loggingConfiguration = {
      destinationBucketName: props.accessLogs.bucket.bucketName,
      logFilePrefix: props.accessLogs.prefix,
    };
  }
}
