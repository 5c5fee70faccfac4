/**
 * Limits of the services that the kernel itself emulates or stands in front of, each with its source. Those of the larger services
 * stand beside them: `local/{apigateway,iot,kinesis,lambda,timestream}/limits.ts`.
 */
export const LIMITS = {
  s3: {
    /** UTF-8 bytes of an object key. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
    keyBytes: 1024,
  },
  sqs: {
    /** Bytes of one message with its attributes. Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
    messageBytes: 1_048_576,
  },
  sns: {
    /** Bytes of one message. Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
    messageBytes: 262_144,
    /** Characters of a subject. */
    subjectChars: 100,
  },
  ssm: {
    /** Bytes of a standard parameter. Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html */
    standardParameterBytes: 4096,
  },
  dynamodb: {
    /** Bytes of an item, names and values, enforced by dynalite. Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
    itemBytes: 400 * 1024,
  },
} as const;
