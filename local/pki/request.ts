import { webcrypto } from 'node:crypto';
// tsyringe inside @peculiar/x509 needs this polyfill loaded first.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** What a device makes for itself: its private key never leaves it, only the request does. */
export interface DeviceRequest {
  /** PKCS #10, PEM. */
  request: string;
  /** PKCS #8, PEM. */
  key: string;
}

/** A new EC P-256 key and a certificate signing request with `CN=<commonName>`. */
export async function deviceRequest(commonName: string): Promise<DeviceRequest> {
  x509.cryptoProvider.set(webcrypto as Crypto);
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { request: `${request.toString('pem')}\n`, key: `${key}\n` };
}
