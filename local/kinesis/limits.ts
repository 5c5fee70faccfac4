/**
 * Service limits of Kinesis Data Streams.
 * Sources: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html (quotas) and
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/ (PutRecords, GetRecords, GetShardIterator, UpdateMaxRecordSize).
 */
export const kinesisLimits = {
  /** Default of MaxRecordSizeInKiB; data and partition key together. API_UpdateMaxRecordSize. */
  defaultRecordKiB: 1024,
  /** Largest MaxRecordSizeInKiB. API_UpdateMaxRecordSize. */
  maxRecordKiB: 10_240,
  /** API_PutRecords: "up to 500 records". */
  putRecordsCount: 500,
  /** API_PutRecords: "10 MiB for the entire request, including partition keys". */
  putRecordsBytes: 10 * 1024 * 1024,
  /** API_PutRecordsRequestEntry: PartitionKey length 1–256. */
  partitionKeyChars: 256,
  /** API_GetRecords: Limit 1–10,000. */
  getRecordsCount: 10_000,
  /** API_GetRecords: "maximum size of data that GetRecords can return is 10 MiB". */
  getRecordsBytes: 10 * 1024 * 1024,
  /** API_GetRecords: "five transactions per second per shard". */
  getRecordsPerShardSecond: 5,
  /** Quotas: writes of a provisioned shard per second. */
  shardRecordsPerSecond: 1000,
  shardBytesPerSecond: 1024 * 1024,
  /** API_GetShardIterator: "expires 5 minutes after it is returned". */
  iteratorLifetimeMs: 300_000,
  /** API_IncreaseStreamRetentionPeriod: 24 h to 8760 h. */
  minRetentionHours: 24,
  maxRetentionHours: 8760,
  /** API_CreateStream: StreamName `[a-zA-Z0-9_.-]+`, 1–128. */
  streamName: /^[a-zA-Z0-9_.-]{1,128}$/,
  /** Quotas: an on-demand stream begins with 4 shards. */
  onDemandShards: 4,
} as const;
