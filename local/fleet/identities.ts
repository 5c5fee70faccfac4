import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IoTClient } from '@aws-sdk/client-iot';
import { certificatesOf, type DeviceIdentity, provision } from './provision.ts';
import { readState, writeState } from './state-file.ts';

export interface IdentityFiles {
  certificate: string;
  key: string;
}

/** How many devices are provisioned at one time: signing is what takes the time, and there are few cores. */
const AT_ONCE = 10;

export const identityFiles = (folder: string, deviceId: string): IdentityFiles => ({
  certificate: join(folder, `${deviceId}.pem`),
  key: join(folder, `${deviceId}-key.pem`),
});

/** Keeps an identity: certificate and key (0600) as PEM, and its ARN for rotation. */
export function saveIdentity(folder: string, identity: DeviceIdentity): IdentityFiles {
  const files = identityFiles(folder, identity.deviceId);
  writeState(files.key, identity.key, 0o600);
  writeState(files.certificate, identity.certificate);
  // Written last: it proves that the other two are whole.
  writeState(join(folder, `${identity.deviceId}.json`), { certificateArn: identity.certificateArn });
  return files;
}

export function readIdentity(folder: string, deviceId: string): DeviceIdentity | undefined {
  const kept = readState<{ certificateArn: string }>(join(folder, `${deviceId}.json`));
  const files = identityFiles(folder, deviceId);
  if (!kept || !existsSync(files.certificate) || !existsSync(files.key)) return undefined;
  return {
    deviceId,
    certificateArn: kept.certificateArn,
    certificate: readFileSync(files.certificate, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
  };
}

/** Identities of devices, kept ones first; the rest are provisioned through the IoT API. */
export async function identitiesOf(
  iot: IoTClient,
  deviceIds: readonly string[],
  { folder, policyName }: { folder: string; policyName: string },
): Promise<DeviceIdentity[]> {
  const found: DeviceIdentity[] = [];
  const queue = [...deviceIds.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [n, deviceId] = next;
      const kept = readIdentity(folder, deviceId);
      const registered =
        kept && (await certificatesOf(iot, deviceId).catch((): string[] => [])).includes(kept.certificateArn);
      const identity = kept && registered ? kept : await provision(iot, deviceId, policyName);
      if (identity !== kept) saveIdentity(folder, identity);
      found[n] = identity;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return found;
}
