import { documentClient } from '../../../layers/adapters/dynamodb/document-client.ts';
import { dynamoSensorPublisher } from '../../../layers/adapters/dynamodb/sensor-registry.ts';
import { database } from '../../../layers/adapters/postgres/pool.ts';
import { topologyWriter } from '../../../layers/adapters/postgres/topology.ts';
import { apiHandler } from '../../../layers/runtime/api-handler.ts';
import { putTopology } from './put-topology.ts';

const ports = {
  topology: topologyWriter(database()),
  registry: dynamoSensorPublisher(documentClient(), process.env.REGISTRY_TABLE ?? ''),
};

export const handler = apiHandler({ putTopology: putTopology(ports) });
