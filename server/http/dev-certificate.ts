// Makes the certificate for TLS on localhost once, and keeps it in the data directory. Rule: the CA's private key is never written,
// so `ca.pem` vouches for this one certificate and nothing else.

import { createPrivateKey, KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, rmdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface DevCertificate {
  /** Absolute paths of PEM files. */
  readonly caPath: string;
  readonly certPath: string;
  readonly keyPath: string;
  /** Variables that make Node and Python (OpenSSL) clients trust it: `NODE_EXTRA_CA_CERTS=...`, `SSL_CERT_FILE=...`. */
  readonly environment: readonly string[];
}

const dayMs = 24 * 60 * 60 * 1000;
const lifetimeMs = 365 * dayMs;
/** A certificate with less time left is made anew, so that it does not expire under a running gateway. */
const minimumLeftMs = 7 * dayMs;
const names = ['localhost'];
const addresses = ['127.0.0.1', '::1'];

/**
 * Returns the development certificate in `directory`: the existing one when it is complete and valid for more than a week, else a
 * new one. Processes that ask at once all get the same.
 */
export async function ensureDevCertificate(directory: string): Promise<DevCertificate> {
  const root = resolve(directory);
  const paths = { caPath: caPathIn(root), certPath: join(root, 'cert.pem'), keyPath: join(root, 'key.pem') };
  await mkdir(root, { recursive: true });
  await withLock(join(root, 'lock'), async () => {
    if (!(await isUsable(paths))) await make(paths);
  });
  return { ...paths, environment: trustOfCertificate(root) };
}

const caPathIn = (directory: string): string => join(directory, 'ca.pem');

/** The `environment` of the certificate in that directory, for a shell; it need not be there yet. */
export function trustOfCertificate(directory: string): readonly string[] {
  const path = caPathIn(directory);
  const value = /^[\w./:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
  return [`NODE_EXTRA_CA_CERTS=${value}`, `SSL_CERT_FILE=${value}`];
}

/** Where the certificate of a gateway is kept. */
export function certificateDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'tls');
}

type Paths = Pick<DevCertificate, 'caPath' | 'certPath' | 'keyPath'>;

/** Checks that the three files belong together, serve every local name, and stay valid for a while. */
async function isUsable({ caPath, certPath, keyPath }: Paths): Promise<boolean> {
  try {
    const ca = new X509Certificate(await readFile(caPath));
    const cert = new X509Certificate(await readFile(certPath));
    const key = createPrivateKey(await readFile(keyPath));
    return (
      cert.checkIssued(ca) &&
      cert.verify(ca.publicKey) &&
      cert.checkPrivateKey(key) &&
      names.every((name) => cert.checkHost(name)) &&
      addresses.every((address) => cert.checkIP(address)) &&
      [ca, cert].every(({ validToDate }) => validToDate.getTime() - Date.now() > minimumLeftMs)
    );
  } catch {
    // The files are missing, cut short or no PEM.
    return false;
  }
}

async function make({ caPath, certPath, keyPath }: Paths): Promise<void> {
  const { ca, cert, key } = await sign();
  await replace(keyPath, key, 0o600);
  await replace(certPath, cert, 0o644);
  await replace(caPath, ca, 0o644);
}

/** A reader never sees half a file, and the key is never readable by others, not even for a moment. */
async function replace(path: string, content: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, content, { mode, flag: 'wx' });
  await rename(temporary, path);
}

/** Makes PEM texts with all that RFC 5280 asks of a CA and of a server certificate: strict verifiers (Python 3.13) insist on it. */
async function sign() {
  // The library is slow to load, and a certificate is made once a year.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const newKeys = () => crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const [caKeys, keys] = await Promise.all([newKeys(), newKeys()]);
  // Yesterday: a clock that is set back a little must not make it invalid.
  const notBefore = new Date(Date.now() - dayMs);
  const shared = { notBefore, notAfter: new Date(Date.now() + lifetimeMs), signingAlgorithm };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...shared,
    name: 'CN=Trunkline development CA',
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const cert = await x509.X509CertificateGenerator.create({
    ...shared,
    subject: 'CN=localhost',
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: 'dns' as const, value })),
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { ca: `${ca.toString('pem')}\n`, cert: `${cert.toString('pem')}\n`, key: String(key) };
}

/** A lock whose holder died is taken over after this. */
const lockStaleMs = 10_000;

/** Runs `work` while no other process does: making a directory is atomic. */
async function withLock(path: string, work: () => Promise<void>): Promise<void> {
  while (!(await makeDirectory(path))) {
    const held = await stat(path).catch(() => undefined);
    if (held && Date.now() - held.mtimeMs > lockStaleMs) await rmdir(path).catch(() => {});
    else await delay(20);
  }
  await work().finally(() => rmdir(path).catch(() => {}));
}

/** Returns false where there is one. With `recursive`, Node would fail when the one that there was is removed at that moment. */
async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
