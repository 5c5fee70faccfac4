import { X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
// tsyringe inside @peculiar/x509 needs this polyfill loaded first.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as Crypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const CA_NAME = 'CN=Smart Grid Analytics local CA, O=this machine only';
/** AWS IoT's own device certificates end here. Source: AWS IoT Core developer guide, "X.509 client certificates". */
const DEVICE_CERTIFICATE_END = new Date('2049-12-31T23:59:59Z');
const CA_YEARS = 20;
const SERVER_CERTIFICATE_DAYS = 397;
const DAY_MS = 86_400_000;

/** A certificate with its private key, PEM (PKCS #8), and where both stand on disk (key 0600). */
export interface IssuedServer {
  certificate: string;
  key: string;
  certificateFile: string;
  keyFile: string;
}

/** The certificate authority of this checkout: nothing but `.local/pki` trusts it. */
export interface Authority {
  /** The CA's own certificate, PEM. */
  certificate: string;
  certificateFile: string;
  /** A server certificate for DNS names and IP addresses; kept by its names and renewed when less than 30 days remain. */
  issueServer(names: readonly string[]): Promise<IssuedServer>;
  /** A client certificate for a PKCS #10 request. @throws Error if the request's own signature does not verify. @returns PEM */
  signRequest(requestPem: string): Promise<string>;
  /** A client certificate for a public key (SPKI PEM) with subject `CN=AWS IoT Certificate`, as IoT issues them. @returns PEM */
  issueClient(publicKeyPem: string): Promise<string>;
}

const opened = new Map<string, Promise<Authority>>();

/** Opens the CA of a state directory, making it on first use. @param stateDir absolute path of `.local` */
export function authority(stateDir: string): Promise<Authority> {
  const known = opened.get(stateDir);
  if (known) return known;
  const opening = open(stateDir);
  opened.set(stateDir, opening);
  opening.catch(() => opened.delete(stateDir));
  return opening;
}

async function open(stateDir: string): Promise<Authority> {
  const folder = join(stateDir, 'pki');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const certificateFile = join(folder, 'ca.pem');
  const keyFile = join(folder, 'ca-key.pem');
  if (!(await exists(certificateFile))) await createCa(certificateFile, keyFile);
  const certificate = await readFile(certificateFile, 'utf8');
  const caKey = await importKey(await readFile(keyFile, 'utf8'));
  const ca = new x509.X509Certificate(certificate);

  const issue = (subject: string, publicKey: x509.PublicKeyType, end: Date, extensions: x509.Extension[]) =>
    x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      issuer: ca.subject,
      subject,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: end,
      publicKey,
      signingKey: caKey,
      signingAlgorithm: ALGORITHM,
      extensions: [new x509.BasicConstraintsExtension(false, undefined, true), ...extensions],
    });
  const clientExtensions = () => [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
  ];

  return {
    certificate,
    certificateFile,
    async issueServer(names) {
      const stem = join(folder, `server-${names.join('_').replace(/[^A-Za-z0-9._-]/g, '-')}`);
      const files = { certificateFile: `${stem}.pem`, keyFile: `${stem}-key.pem` };
      if (!(await currentServer(files.certificateFile, certificate))) {
        const pair = await generatePair();
        const san = names.map((name) => ({ type: isIP(name) ? ('ip' as const) : ('dns' as const), value: name }));
        const end = new Date(Date.now() + SERVER_CERTIFICATE_DAYS * DAY_MS);
        const issued = await issue(`CN=${names[0] ?? 'localhost'}`, pair.publicKey, end, [
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(san),
        ]);
        await writeWhole(files.keyFile, await exportKey(pair.privateKey), 0o600);
        await writeWhole(files.certificateFile, `${issued.toString('pem')}\n`, 0o644);
      }
      const [pem, key] = await Promise.all([readFile(files.certificateFile, 'utf8'), readFile(files.keyFile, 'utf8')]);
      return { certificate: pem, key, ...files };
    },
    async signRequest(requestPem) {
      const request = new x509.Pkcs10CertificateRequest(requestPem);
      if (!(await request.verify()))
        throw new Error('the signature of the certificate signing request does not verify');
      const issued = await issue(request.subject, request.publicKey, DEVICE_CERTIFICATE_END, clientExtensions());
      return `${issued.toString('pem')}\n`;
    },
    async issueClient(publicKeyPem) {
      const publicKey = new x509.PublicKey(publicKeyPem);
      const issued = await issue('CN=AWS IoT Certificate', publicKey, DEVICE_CERTIFICATE_END, clientExtensions());
      return `${issued.toString('pem')}\n`;
    },
  };
}

/** The key is written before the certificate: a certificate on disk proves that its key is there too. */
async function createCa(certificateFile: string, keyFile: string): Promise<void> {
  const keys = await generatePair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: CA_NAME,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + CA_YEARS * 365 * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writeWhole(keyFile, await exportKey(keys.privateKey), 0o600);
  await writeWhole(certificateFile, `${certificate.toString('pem')}\n`, 0o644);
}

async function currentServer(certificateFile: string, caPem: string): Promise<boolean> {
  if (!(await exists(certificateFile))) return false;
  const certificate = new NodeCertificate(await readFile(certificateFile));
  const fresh = Date.parse(certificate.validTo) > Date.now() + 30 * DAY_MS;
  return fresh && certificate.verify(new NodeCertificate(caPem).publicKey);
}

const generatePair = (): Promise<CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;

async function exportKey(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

function importKey(pem: string): Promise<CryptoKey> {
  const der = x509.PemConverter.decodeFirst(pem);
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']) as Promise<CryptoKey>;
}

/** 159 random bits: positive and at most 20 octets, as RFC 5280 §4.1.2.2 wants. */
function serialNumber(): string {
  const bytes = randomBytes(20);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function exists(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    () => false,
  );
}

/** Whole or not at all: a crash leaves the former file. */
async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const fresh = `${file}.${process.pid}.tmp`;
  await writeFile(fresh, text, { mode });
  await chmod(fresh, mode);
  await rename(fresh, file);
}
