import * as z from 'zod';
import { INTERVAL_COLUMNS_AVRO } from '../messages/interval-columns.ts';
import { IntervalBlockWire } from '../messages/interval-readings.ts';
import type { MessageKind } from '../messages/messages.ts';
import { MeterEventMessage } from '../messages/meter-events.ts';
import { RegisterReadWire } from '../messages/register-reads.ts';
import { SensorTelemetryMessage } from '../messages/sensor-telemetry.ts';
import type { AvroField, AvroRecord, AvroSchema } from './schema.ts';

interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
}

const capitalised = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`;

/**
 * The Avro record of a message's wire schema. Words of closed lists and instants are strings, as in JSON: a list that grows
 * then breaks no old reader, and what a field may hold is judged once, by the contract. Optional fields are null if absent.
 */
function recordOf(contract: z.ZodObject, name: string, namespace: string): AvroRecord {
  const root = z.toJSONSchema(contract, { io: 'input' }) as JsonSchema;
  const resolved = (schema: JsonSchema): JsonSchema => {
    const referred = schema.$ref?.split('/').at(-1);
    if (referred === undefined) return schema;
    return { ...root.$defs?.[referred], ...(schema.description ? { description: schema.description } : {}) };
  };
  const typeOf = (given: JsonSchema, typeName: string): AvroSchema => {
    const schema = resolved(given);
    if (schema.enum) return typeof schema.enum[0] === 'number' ? 'long' : 'string';
    switch (schema.type) {
      case 'string':
        return 'string';
      case 'integer':
        return 'long';
      case 'number':
        return 'double';
      case 'array':
        return { type: 'array', items: typeOf(schema.items ?? {}, typeName) };
      case 'object':
        return { type: 'record', name: typeName, fields: fieldsOf(schema, typeName) };
      default:
        throw new Error(`${typeName}: ${JSON.stringify(schema)} has no Avro form`);
    }
  };
  const fieldsOf = (schema: JsonSchema, typeName: string): AvroField[] =>
    Object.entries(schema.properties ?? {}).map(([field, property]) => {
      const type = typeOf(property, `${typeName}${capitalised(field)}`);
      const { description } = resolved(property);
      const doc = description === undefined ? {} : { doc: description };
      if (schema.required?.includes(field)) return { name: field, type, ...doc };
      return { name: field, type: ['null', type], default: null, ...doc };
    });
  return { type: 'record', name, namespace, fields: fieldsOf(resolved(root), name) };
}

/** Current Avro schema of each message kind. Interval readings come as blocks; one reading is a block of one. */
export const avroSchemas = (): Readonly<Record<MessageKind, AvroRecord>> => ({
  'interval-readings': recordOf(IntervalBlockWire, 'IntervalBlock', 'smartgrid.readings'),
  'interval-columns': INTERVAL_COLUMNS_AVRO,
  'register-reads': recordOf(RegisterReadWire, 'RegisterRead', 'smartgrid.readings'),
  'meter-events': recordOf(MeterEventMessage, 'MeterEvent', 'smartgrid.readings'),
  'sensor-telemetry': recordOf(SensorTelemetryMessage, 'SensorTelemetry', 'smartgrid.telemetry'),
});
