import type { QuarantineStore } from '../domain/messages/quarantine.ts';
import { indexedQuarantine } from '../domain/quarantine/indexed-quarantine.ts';
import { documentClient } from './dynamodb/document-client.ts';
import { dynamoQuarantineIndex } from './dynamodb/quarantine-index.ts';
import { s3Quarantine } from './s3/quarantine.ts';

/** The environment's quarantine: bodies in `QUARANTINE_BUCKET`, their index in `QUARANTINE_TABLE`. */
export const environmentQuarantine = (environment: NodeJS.ProcessEnv = process.env): QuarantineStore =>
  indexedQuarantine({
    objects: s3Quarantine(environment.QUARANTINE_BUCKET ?? ''),
    index: dynamoQuarantineIndex(documentClient(), environment.QUARANTINE_TABLE ?? ''),
  });
