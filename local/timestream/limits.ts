/** Source: Amazon Timestream for LiveAnalytics developer guide, "Quotas" and the API reference of WriteRecords. */
export const LIMITS = {
  recordsPerWrite: 100,
  dimensionsPerRecord: 128,
  measuresPerRecord: 256,
  dimensionBytes: 2048,
  nameBytes: 60,
  queryBytes: 262_144,
  /** MaxRows of a Query. */
  rowsPerPage: 1000,
} as const;
