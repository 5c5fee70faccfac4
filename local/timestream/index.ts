import { join } from 'node:path';
import {
  AwsFailure,
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  type Cloud,
  type Provider,
} from '../kernel/types.ts';
import { LIMITS } from './limits.ts';
import { TimestreamQuery } from './query.ts';
import { TimestreamTables } from './tables.ts';
import { RejectedRecords, writeRecords } from './write.ts';

const json = (body: unknown): AwsResponse => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
});

/** Timestream for LiveAnalytics: write and query, over SQLite. */
export const timestream = (): { providers: Provider[]; service(cloud: Cloud): AwsService } => {
  let tables: TimestreamTables | undefined;
  const opened = (cloud: Cloud): TimestreamTables => {
    tables ??= new TimestreamTables(join(cloud.stateDir, 'timestream'));
    return tables;
  };
  const tableArn = (cloud: Cloud, database: string, table: string) =>
    cloud.arn('timestream', `database/${database}/table/${table}`);

  return {
    providers: [
      {
        types: {
          'AWS::Timestream::Database': {
            honours: ['DatabaseName'],
            passesOver: { KmsKeyId: 'encryption at rest is the disk’s own', Tags: 'no meaning here' },
          },
        },
        create: async (resource, cloud) => {
          const name = String(resource.properties.DatabaseName ?? resource.logicalId);
          return { physicalId: name, attributes: { Arn: cloud.arn('timestream', `database/${name}`) } };
        },
        stop: async () => tables?.close(),
      },
      {
        types: {
          'AWS::Timestream::Table': {
            honours: ['DatabaseName', 'TableName', 'RetentionProperties', 'MagneticStoreWriteProperties'],
            passesOver: { Schema: 'the partition key only matters for speed', Tags: 'no meaning here' },
          },
        },
        create: async (resource, cloud) => {
          const { properties } = resource;
          const database = String(properties.DatabaseName);
          const name = String(properties.TableName ?? resource.logicalId);
          const retention = (properties.RetentionProperties ?? {}) as Record<string, string>;
          const magnetic = (properties.MagneticStoreWriteProperties ?? {}) as Record<string, unknown>;
          opened(cloud).create(`${database}.${name}`, {
            memoryMs: Number(retention.MemoryStoreRetentionPeriodInHours ?? 6) * 3_600_000,
            magneticMs: Number(retention.MagneticStoreRetentionPeriodInDays ?? 73_000) * 86_400_000,
            magneticWrites: String(magnetic.EnableMagneticStoreWrites) === 'true',
          });
          return {
            physicalId: `${database}|${name}`,
            attributes: { Arn: tableArn(cloud, database, name), Name: name },
          };
        },
      },
    ],
    service: (cloud) => {
      const queries = new TimestreamQuery(() => cloud.clock());
      return {
        signingNames: ['timestream'],
        access: (request: AwsRequest) => {
          const body = JSON.parse(request.body.toString('utf8') || '{}') as Record<string, string>;
          switch (request.target) {
            case 'DescribeEndpoints':
              return [{ action: 'timestream:DescribeEndpoints', resource: '*' }];
            case 'WriteRecords':
              return [
                {
                  action: 'timestream:WriteRecords',
                  resource: tableArn(cloud, body.DatabaseName ?? '', body.TableName ?? ''),
                },
              ];
            case 'Query': {
              const { database, table } = queries.target(body.QueryString ?? '');
              return [{ action: 'timestream:Select', resource: tableArn(cloud, database, table) }];
            }
            default:
              return [{ action: `timestream:${request.target}`, resource: '*' }];
          }
        },
        error: (failure) => ({
          status: failure.status,
          headers: { 'content-type': 'application/x-amz-json-1.0' },
          body: JSON.stringify({
            __type: `com.amazonaws.timestream#${failure.code}`,
            message: failure.message,
            ...(failure instanceof RejectedRecords ? { RejectedRecords: failure.records } : {}),
          }),
        }),
        answer: async (request) => {
          const body = JSON.parse(request.body.toString('utf8') || '{}');
          switch (request.target) {
            case 'DescribeEndpoints':
              // The SDK puts its own scheme and port before and behind the address.
              return json({ Endpoints: [{ Address: new URL(cloud.endpoint).hostname, CachePeriodInMinutes: 1440 }] });
            case 'WriteRecords':
              return json(writeRecords(opened(cloud), body, cloud.clock()));
            case 'Query':
              if (Buffer.byteLength(body.QueryString) > LIMITS.queryBytes)
                throw new AwsFailure('ValidationException', 'The query string is too long');
              return json(queries.run(opened(cloud), body));
            case 'ListDatabases':
              return json({
                Databases: cloud
                  .resourcesOf('AWS::Timestream::Database')
                  .map((each) => ({ DatabaseName: each.physicalId, Arn: each.attributes.Arn })),
              });
            default:
              throw new AwsFailure('UnknownOperationException', `Timestream here does not know ${request.target}`);
          }
        },
      };
    },
  };
};
