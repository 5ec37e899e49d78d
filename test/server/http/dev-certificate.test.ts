// Checks the development certificate by TLS handshakes with Node and Python clients that trust only its CA.

import { type ChildProcess, execFile, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { type DevCertificate, ensureDevCertificate } from '../../../server/http/dev-certificate.ts';

const base = mkdtempSync(join(tmpdir(), 'trunkline-tls-'));
afterAll(() => rmSync(base, { recursive: true }));
afterEach(() => void vi.useRealTimers());
let folders = 0;
const fresh = () => join(base, String(folders++), 'tls');
const read = ({ caPath, certPath, keyPath }: DevCertificate) =>
  [caPath, certPath, keyPath].map((path) => readFileSync(path, 'utf8'));

/** Serves TLS with the certificate until the test is done. */
async function serve({ certPath, keyPath }: DevCertificate, use: (port: number) => Promise<void>) {
  const server = createServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) }, (socket) =>
    socket.end('hello'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await use((server.address() as AddressInfo).port).finally(() => server.close());
}

/** Names the host that is verified; every connection goes to 127.0.0.1. */
async function greet(port: number, servername: string, ca: string) {
  const socket = connect({ host: '127.0.0.1', port, ca, ...nameOf(servername) });
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
const nameOf = (name: string) => (name === '127.0.0.1' ? {} : { servername: name });

test('lets a Node client that trusts its CA reach localhost by name and by address', async () => {
  const made = await ensureDevCertificate(fresh());
  const ca = readFileSync(made.caPath, 'utf8');
  await serve(made, async (port) => {
    expect(await greet(port, 'localhost', ca)).toBe('hello');
    expect(await greet(port, '127.0.0.1', ca)).toBe('hello');
    await expect(greet(port, 'example.com', ca)).rejects.toThrow(/altnames/);
  });
});

test('is refused by a client that trusts another development CA', async () => {
  const [made, other] = await Promise.all([ensureDevCertificate(fresh()), ensureDevCertificate(fresh())]);
  await serve(made, async (port) => {
    await expect(greet(port, 'localhost', readFileSync(other.caPath, 'utf8'))).rejects.toThrow(/certificate|signature/);
  });
});

const python = (() => {
  try {
    return execFileSync('python3', ['-c', 'import ssl; print("ok")'], { encoding: 'utf8' }).trim() === 'ok';
  } catch {
    return false;
  }
})();

// The installed clients differ between machines; Node's own verification is tested above on all of them.
test.runIf(python)('a strict Python client verifies it by name and by address', async () => {
  const made = await ensureDevCertificate(fresh());
  const script = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
context.verify_flags |= ssl.VERIFY_X509_STRICT
for host in ("localhost", "127.0.0.1"):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as raw:
        with context.wrap_socket(raw, server_hostname=host) as tls:
            print(host, tls.version())
`;
  await serve(made, async (port) => {
    const { stdout } = await promisify(execFile)('python3', ['-c', script, String(port), made.caPath]);
    expect(stdout).toBe('localhost TLSv1.3\n127.0.0.1 TLSv1.3\n');
  });
});

test('has a key that only the owner can read, and leaves the key of the CA nowhere', async () => {
  const made = await ensureDevCertificate(fresh());
  expect(statSync(made.keyPath).mode & 0o777).toBe(0o600);
  const folder = join(made.keyPath, '..');
  expect(readdirSync(folder).sort()).toEqual(['ca.pem', 'cert.pem', 'key.pem']);
  expect(
    read(made)
      .join('')
      .match(/PRIVATE KEY-----\n/g),
  ).toHaveLength(2);
});

test('is kept while it is valid for more than a week, then remade', async () => {
  const folder = fresh();
  const first = read(await ensureDevCertificate(folder));
  const dayMs = 86_400_000;
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 357 * dayMs });
  expect(read(await ensureDevCertificate(folder))).toEqual(first);
  vi.setSystemTime(Date.now() + 2 * dayMs);
  const second = read(await ensureDevCertificate(folder));
  expect(second.map((text, index) => text === first[index])).toEqual([false, false, false]);
});

test.each(['caPath', 'certPath', 'keyPath'] as const)(
  'is remade as a whole when %s is lost, cut or foreign',
  async (which) => {
    const folder = fresh();
    const foreign = await ensureDevCertificate(fresh());
    let last = read(await ensureDevCertificate(folder));
    const made = await ensureDevCertificate(folder);
    const damages = [
      () => rmSync(made[which]),
      () => writeFileSync(made[which], '-----BEGIN'),
      () => writeFileSync(made[which], readFileSync(foreign[which])),
    ];
    for (const damage of damages) {
      damage();
      const next = read(await ensureDevCertificate(folder));
      expect(next.map((text, index) => text === last[index])).toEqual([false, false, false]);
      expect(read(await ensureDevCertificate(folder))).toEqual(next);
      last = next;
    }
  },
);

test('is the same for processes that start at once', async () => {
  const folder = fresh();
  const program = join(base, 'ensure.mjs');
  const source = new URL('../../../server/http/dev-certificate.ts', import.meta.url).href;
  writeFileSync(
    program,
    `import { readFileSync } from 'node:fs';
     import { ensureDevCertificate } from ${JSON.stringify(source)};
     process.once('message', async () => {
       const made = await ensureDevCertificate(${JSON.stringify(folder)});
       process.send([made.caPath, made.certPath, made.keyPath].map((path) => readFileSync(path, 'utf8')), () => process.disconnect());
     });
     process.send('ready');`,
  );
  const children: ChildProcess[] = [1, 2, 3].map(() => fork(program, { execArgv: [] }));
  await Promise.all(children.map((child) => once(child, 'message')));
  const answers = children.map((child) => once(child, 'message'));
  for (const child of children) child.send('go');
  const [first, ...others] = (await Promise.all(answers)).map(([files]) => files as string[]);
  for (const files of others) expect(files).toEqual(first);
});

test('is made in spite of others that take and leave the lock at that moment', async () => {
  const folder = fresh();
  const lock = join(folder, 'lock');
  await ensureDevCertificate(folder);
  let isDone = false;
  const others = Array.from({ length: 4 }, async () => {
    while (!isDone) {
      const isMine = await mkdir(lock).then(
        () => true,
        () => false,
      );
      if (isMine) await rmdir(lock).catch(() => {});
    }
  });
  const made = Array.from({ length: 30 }, () => ensureDevCertificate(folder));
  const outcomes = await Promise.allSettled(made);
  isDone = true;
  await Promise.all(others);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
});

test('is made in spite of a lock whose holder died', async () => {
  const folder = fresh();
  await mkdir(join(folder, 'lock'), { recursive: true });
  utimesSync(join(folder, 'lock'), 0, 0);
  await ensureDevCertificate(folder);
  expect(readdirSync(folder)).not.toContain('lock');
});

test('says what to set for Node and Python, so that a shell takes it', async () => {
  const { caPath, environment } = await ensureDevCertificate(fresh());
  expect(environment).toEqual([`NODE_EXTRA_CA_CERTS=${caPath}`, `SSL_CERT_FILE=${caPath}`]);
  const odd = await ensureDevCertificate(join(base, "it's here", 'tls'));
  const shown = execFileSync('sh', ['-c', `${odd.environment[0]}; printf %s "$NODE_EXTRA_CA_CERTS"`], {
    encoding: 'utf8',
  });
  expect(shown).toBe(odd.caPath);
});
