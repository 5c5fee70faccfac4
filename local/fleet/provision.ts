import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DetachPolicyCommand,
  DetachThingPrincipalCommand,
  type IoTClient,
  ListAttachedPoliciesCommand,
  ListThingPrincipalsCommand,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import { deviceRequest } from '../pki/request.ts';

/** A device's identity: its thing name is its MQTT client id. */
export interface DeviceIdentity {
  deviceId: string;
  certificateArn: string;
  /** PEM. */
  certificate: string;
  /** PKCS #8, PEM; made here, never sent. */
  key: string;
}

/** A thing with an active certificate of its own and the device policy. Repeating it adds another certificate. */
export async function provision(iot: IoTClient, deviceId: string, policyName: string): Promise<DeviceIdentity> {
  const [{ request, key }] = await Promise.all([
    deviceRequest(deviceId),
    iot.send(new CreateThingCommand({ thingName: deviceId })),
  ]);
  const { certificateArn, certificatePem } = await iot.send(
    new CreateCertificateFromCsrCommand({ certificateSigningRequest: request, setAsActive: true }),
  );
  if (!certificateArn || !certificatePem) throw new Error(`IoT issued no certificate for ${deviceId}`);
  await Promise.all([
    iot.send(new AttachPolicyCommand({ policyName, target: certificateArn })),
    iot.send(new AttachThingPrincipalCommand({ thingName: deviceId, principal: certificateArn })),
  ]);
  return { deviceId, certificateArn, certificate: certificatePem, key };
}

/** ARNs of a device's certificates. */
export async function certificatesOf(iot: IoTClient, deviceId: string): Promise<string[]> {
  const { principals } = await iot.send(new ListThingPrincipalsCommand({ thingName: deviceId }));
  return principals ?? [];
}

/** Revokes a certificate, which ends its live session, and deletes it. */
export async function revoke(iot: IoTClient, deviceId: string, certificateArn: string): Promise<void> {
  const certificateId = certificateArn.split('/')[1] ?? '';
  await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: 'REVOKED' }));
  // Detached before deletion: IoT refuses to delete a certificate that something still refers to.
  const { policies } = await iot.send(new ListAttachedPoliciesCommand({ target: certificateArn }));
  for (const { policyName } of policies ?? []) {
    await iot.send(new DetachPolicyCommand({ policyName, target: certificateArn }));
  }
  await iot.send(new DetachThingPrincipalCommand({ thingName: deviceId, principal: certificateArn }));
  await iot.send(new DeleteCertificateCommand({ certificateId }));
}
