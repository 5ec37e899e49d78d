// A renewed certificate is served to new connections, in whichever way its files change; a bad pair leaves the one before.

import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { ensureDevCertificate } from '../../../../server/http/dev-certificate.ts';
import { CertificateWatch } from '../../../../server/processes/reload/certificate-watch.ts';
import { openClient } from '../../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let gateway: Served | undefined;
let provider: FakeProvider | undefined;
afterEach(async () => {
  await gateway?.stop();
  await provider?.close();
  gateway = undefined;
  provider = undefined;
});

/** A folder with a pair of its own: `cert.pem` and `key.pem`. */
async function newPair(): Promise<string> {
  const root = temporaryFolder('pair');
  await ensureDevCertificate(root);
  return root;
}

const read = (folder: string, name: string) => readFileSync(join(folder, `${name}.pem`), 'utf8');

/** The first certificate that a server shows, in PEM. */
async function shownAt(port: number): Promise<string> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw.toString('base64');
}

const bodyOf = (folder: string) => read(folder, 'cert').replace(/-----[^-]+-----|\s/g, '');

test('a renewed pair is served by every process after its link is swapped, and live sessions go on', async () => {
  provider = await startProvider();
  const [first, second] = [await newPair(), await newPair()];
  // Kubernetes does it so: the files lead through a link that is replaced as a whole.
  const mount = temporaryFolder('mount');
  symlinkSync(first, join(mount, '..data'));
  for (const name of ['cert', 'key']) symlinkSync(join('..data', `${name}.pem`), join(mount, `${name}.pem`));
  const config = { processes: 2, tasks: [] };
  const served = await serve({
    provider: provider.url,
    ...config,
    listen: { tlsPort: 0, tls: { cert: join(mount, 'cert.pem'), key: join(mount, 'key.pem') } },
  });
  gateway = served;
  const { tlsPort = 0 } = served.run.listen;
  const client = await openClient(`wss://127.0.0.1:${tlsPort}${REALTIME}`, { rejectUnauthorized: false });
  expect(await shownAt(tlsPort)).toBe(bodyOf(first));
  const expiry = () => served.metric('trunkline_tls_certificate_expiry_timestamp_seconds');
  expect((await expiry()) * 1000 - Date.now()).toBeGreaterThan(300 * 24 * 60 * 60 * 1000);

  symlinkSync(second, join(mount, '..new'));
  renameSync(join(mount, '..new'), join(mount, '..data'));
  served.child.kill('SIGHUP');
  await until(() => served.lines().some(({ msg }) => msg === 'the renewed certificate is served'));
  // Whichever process answers.
  for (let turn = 0; turn < 8; turn++) await until(async () => (await shownAt(tlsPort)) === bodyOf(second));
  expect(client.readyState).toBe(client.OPEN);

  // Without a signal, a half-written key and then the rest of a pair.
  const third = await newPair();
  writeFileSync(join(second, 'key.pem'), read(third, 'key').slice(0, 40));
  await until(() => served.lines().some(({ level, msg }) => level === 40 && String(msg).includes('are no good')));
  expect(await shownAt(tlsPort)).toBe(bodyOf(second));
  for (const name of ['cert', 'key']) cpSync(join(third, `${name}.pem`), join(second, `${name}.pem`));
  await until(async () => (await shownAt(tlsPort)) === bodyOf(third));
  expect(client.readyState).toBe(client.OPEN);

  // Other files, named by the configuration that is read again; then none, for which the development certificate serves.
  const fourth = await newPair();
  served.rewrite({
    ...config,
    listen: { tlsPort: 0, tls: { cert: join(fourth, 'cert.pem'), key: join(fourth, 'key.pem') } },
  });
  const reload = () => fetch(`${served.admin}/reload`, { method: 'POST' });
  expect((await reload()).status).toBe(200);
  for (let turn = 0; turn < 8; turn++) expect(await shownAt(tlsPort)).toBe(bodyOf(fourth));
  served.rewrite({ ...config, listen: { tlsPort: 0 } });
  expect((await reload()).status).toBe(200);
  for (let turn = 0; turn < 8; turn++) expect(await shownAt(tlsPort)).toBe(bodyOf(join(served.data, 'tls')));
  expect(client.readyState).toBe(client.OPEN);
  client.terminate();
});

test('a bad pair is told once, and a pair that is in between not at all', async () => {
  const [first, second] = [await newPair(), await newPair()];
  const folder = temporaryFolder('files');
  mkdirSync(folder, { recursive: true });
  const put = (name: string, text: string) => writeFileSync(join(folder, `${name}.pem`), text);
  const original = { cert: read(first, 'cert'), key: read(first, 'key') };
  put('cert', original.cert);
  put('key', original.key);
  const lines: { level: number; msg: string; why?: string }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const renewed: { cert: string; key: string }[] = [];
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const watch = new CertificateWatch({ files, log, onRenewed: (pair) => void renewed.push(pair) });

  put('cert', read(second, 'cert'));
  await watch.look();
  put('key', read(second, 'key'));
  await watch.look();
  expect([renewed.length, lines.map(({ level }) => level)]).toEqual([1, [30]]);

  put('key', 'no key');
  for (let look = 0; look < 4; look++) await watch.look();
  expect(lines.map(({ level }) => level)).toEqual([30, 40]);
  expect(JSON.stringify(lines)).not.toContain('no key');
  expect(watch.pair.key).toBe(read(second, 'key'));

  // One that does not belong to the certificate, after a signal.
  put('key', original.key);
  await watch.look(true);
  expect(lines.map(({ level }) => level)).toEqual([30, 40, 40]);
  expect(renewed).toHaveLength(1);
});

test('a certificate that ends soon is told once a day', async () => {
  const pair = await newPair();
  const warnings: string[] = [];
  const log = { warn: (_: object, message: string) => void warnings.push(message) } as never;
  const files = { cert: join(pair, 'cert.pem'), key: join(pair, 'key.pem') };
  const watch = new CertificateWatch({ files, log, onRenewed: () => {} });
  await watch.look();
  expect(warnings).toEqual([]);
  const day = 24 * 60 * 60 * 1000;
  const clock = vi.spyOn(Date, 'now');
  for (const left of [13.5, 13.4, 12.4]) {
    clock.mockReturnValue(watch.expiresAtS * 1000 - left * day);
    await watch.look();
  }
  clock.mockRestore();
  expect(warnings).toEqual(Array(2).fill('the certificate ends soon, or is over'));
});

test('files that are no pair are named at the start', () => {
  const files = { cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' };
  const make = () => new CertificateWatch({ files, log: pino({ level: 'silent' }), onRenewed: () => {} });
  expect(make).toThrow(/listen\.tls: expected a certificate and its key in \/nowhere\/cert\.pem .*: ENOENT/);
});
