import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsFailure } from '../../local/kernel/types.ts';
import { TimestreamQuery } from '../../local/timestream/query.ts';
import { TimestreamTables } from '../../local/timestream/tables.ts';
import { RejectedRecords, writeRecords } from '../../local/timestream/write.ts';

const HOUR_MS = 3_600_000;

/** The emulated Timestream on a port of its own, for the unmodified SDK; tables keep a day in memory and a year in all. */
export async function startTimestream(clock: () => number): Promise<{
  endpoint: string;
  createTable(database: string, table: string): void;
  stop(): Promise<void>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'timestream-'));
  const tables = new TimestreamTables(folder);
  const queries = new TimestreamQuery(clock);
  const answer = (target: string, body: never): unknown => {
    if (target === 'WriteRecords') return writeRecords(tables, body, clock());
    if (target === 'Query') return queries.run(tables, body);
    throw new AwsFailure('UnknownOperationException', target);
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const target = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    try {
      response.end(JSON.stringify(answer(target, JSON.parse(Buffer.concat(chunks).toString('utf8')) as never)));
    } catch (failure) {
      if (!(failure instanceof AwsFailure)) throw failure;
      response.statusCode = failure.status;
      const rejected = failure instanceof RejectedRecords ? { RejectedRecords: failure.records } : {};
      response.end(
        JSON.stringify({ __type: `com.amazonaws.timestream#${failure.code}`, message: failure.message, ...rejected }),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    createTable: (database, table) =>
      tables.create(`${database}.${table}`, {
        memoryMs: 24 * HOUR_MS,
        magneticMs: 365 * 24 * HOUR_MS,
        magneticWrites: true,
      }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      tables.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
