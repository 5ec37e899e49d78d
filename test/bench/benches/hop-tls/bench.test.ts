// The contenders of the hop over TLS, over real sockets: what they cost is compared, so what they do must be alike.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { Contender, StartOptions } from '../../../../bench/bench.ts';
import { haproxy } from '../../../../bench/contenders/haproxy.ts';
import { nginx } from '../../../../bench/contenders/nginx.ts';
import { PATH } from '../../../../bench/contenders/start-all.ts';
import { testCertificate } from '../../../support/certificate.ts';
import { openClient, startGateway } from '../../../support/gateway.ts';
import { message } from '../../../support/inbox.ts';
import { startProvider } from '../../../support/provider.ts';
import { socketOf } from '../../../support/raw-socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'trunkline-contenders-'));
const certificate = await testCertificate();
const { caPath, certPath, keyPath } = certificate;
const trusted = getCACertificates('default');
setDefaultCACertificates([...trusted, readFileSync(caPath, 'utf8')]);
afterAll(() => {
  setDefaultCACertificates(trusted);
  rmSync(folder, { recursive: true, force: true });
});

/** The gateway in this process, where the contender is a command with processes of its own. */
const trunkline: Pick<Contender, 'name' | 'absent'> & { start(options: StartOptions): Promise<Started> } = {
  name: 'trunkline',
  absent: () => undefined,
  async start({ providerPort }) {
    const gateway = await startGateway({ provider: `wss://127.0.0.1:${providerPort}`, certificate });
    return { url: (path) => gateway.tlsUrl + path, headers: {}, stop: gateway.close };
  },
};
type Started = Pick<Awaited<ReturnType<Contender['start']>>, 'url' | 'headers' | 'stop'>;

const version = (socket: Socket) => {
  const tls = socket as TLSSocket;
  return `${tls.getProtocol()} ${tls.getCipher().name}`;
};

/** Sizes of the records in which the last of some messages arrived: a read of TLS is one record. */
async function recordsOf(from: WebSocket, to: WebSocket, bytes: number): Promise<number[]> {
  const records: number[] = [];
  socketOf(to).on('data', (chunk: Buffer) => void records.push(chunk.length));
  // Memory that grows has grown after a few.
  for (let count = 0; count < 4; count += 1) {
    records.length = 0;
    from.send(JSON.stringify({ type: 'input_audio_buffer.append', audio: 'A'.repeat(bytes) }));
    await message(to);
  }
  return [...records];
}

async function behaviourOf(contender: typeof trunkline) {
  const provider = await startProvider({}, { cert: readFileSync(certPath), key: readFileSync(keyPath) });
  const own = join(folder, contender.name);
  mkdirSync(own);
  const running = await contender.start({
    folder: own,
    providerPort: Number(new URL(provider.url).port),
    providerCa: caPath,
    clientTls: { cert: certPath, key: keyPath },
  });
  const { headers } = running;
  const client = await openClient(running.url(PATH), { headers, ca: readFileSync(caPath) });
  const session = await provider.next();
  const behaviour = {
    versions: [socketOf(client), socketOf(session)].map(version),
    upstream: await recordsOf(client, session, 16_000),
    downstream: await recordsOf(session, client, 16_000),
  };
  client.terminate();
  await running.stop();
  await provider.close();
  return behaviour;
}

test.each([trunkline, haproxy, nginx])(
  '$name has TLS 1.3, the same cipher, and one record for a message',
  async (contender) => {
    const missing = contender.absent();
    if (missing !== undefined) return console.warn(`${contender.name} is left out: ${missing}`);
    const { versions, upstream, downstream } = await behaviourOf(contender);
    expect(versions).toEqual(['TLSv1.3 TLS_AES_256_GCM_SHA384', 'TLSv1.3 TLS_AES_256_GCM_SHA384']);
    expect(upstream).toEqual([16_000 + 55]);
    expect(downstream).toEqual([16_000 + 51]);
  },
);
