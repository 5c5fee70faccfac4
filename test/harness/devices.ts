import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IoTClient, ListPoliciesCommand } from '@aws-sdk/client-iot';
import { connectAsync, type MqttClient } from 'mqtt';
import { type DeviceIdentity, provision } from '../../local/fleet/provision.ts';
import type { Endpoints, Stack } from './stack.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Things with certificates of their own in a running stack, made through the IoT API as its operator. */
export async function provisionDevices(stack: Stack, deviceIds: readonly string[]): Promise<DeviceIdentity[]> {
  const { endpoint, region, credentials } = stack.operator();
  const iot = new IoTClient({ endpoint, region, credentials });
  try {
    const { policies } = await iot.send(new ListPoliciesCommand({}));
    const policyName = policies?.find((policy) => policy.policyName?.endsWith('-device'))?.policyName;
    if (policyName === undefined) throw new Error('the stack has no device policy');
    const identities: DeviceIdentity[] = [];
    for (const deviceId of deviceIds) identities.push(await provision(iot, deviceId, policyName));
    return identities;
  } finally {
    iot.destroy();
  }
}

/** An MQTT session of a device. @throws when the broker refuses it. */
export function connectDevice({ mqtts }: Endpoints, identity: DeviceIdentity): Promise<MqttClient> {
  return connectAsync({
    protocol: 'mqtts',
    host: mqtts.host,
    port: mqtts.port,
    ca: readFileSync(resolve(ROOT, mqtts.ca)),
    cert: identity.certificate,
    key: identity.key,
    clientId: identity.deviceId,
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
}
