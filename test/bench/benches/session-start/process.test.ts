// The client whose starts are timed, against a server of the test whose delays are known.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { StarterMethods, StartPlan } from '../../../../bench/benches/session-start/process.ts';
import { startRpcProcess } from '../../../../bench/machine/rpc.ts';
import { encodeFrame } from '../../../../codecs/websocket/frame-encoder.ts';
import { testCertificate } from '../../../support/certificate.ts';

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
const event = encodeFrame('text', Buffer.from('{"type":"session.created"}'), false);
const ping = encodeFrame('ping', Buffer.alloc(0), false);
const [UPGRADE_MS, EVENT_MS] = [40, 20];
/** Timers of Node may be early by the part of a millisecond. */
const EARLY_MS = 1;

const starter = startRpcProcess<StarterMethods>(
  new URL('../../../../bench/benches/session-start/process.ts', import.meta.url),
);
const stops: (() => unknown)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});
afterAll(() => starter.stop());

type Script = (socket: Duplex, request: IncomingMessage) => unknown;

/** Gives its port. */
async function serve(script: Script, server = createServer()): Promise<number> {
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => {});
    // The client of that session has left.
    socket.on('data', () => socket.end());
    script(socket, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as { port: number }).port;
}

const start = (port: number, others: Partial<StartPlan> = {}) =>
  starter.start({ url: `ws://127.0.0.1:${port}/v1/realtime?model=a`, headers: {}, count: 1, pauseMs: 0, ...others });

// A busy machine may hold back what came first: then the step after it looks shorter.
test('each step of a start is timed by itself, and control frames do not count as the first event', {
  retry: 3,
}, async () => {
  const port = await serve(async (socket) => {
    await delay(UPGRADE_MS);
    socket.write(SWITCH);
    socket.write(ping);
    await delay(EVENT_MS);
    socket.write(event);
  });
  const starts = await start(port, { count: 3 });
  expect(starts).toHaveLength(3);
  for (const { tcp, tls, upgrade, event, total } of starts) {
    expect(upgrade).toBeGreaterThanOrEqual(UPGRADE_MS - EARLY_MS);
    expect(event).toBeGreaterThanOrEqual(EVENT_MS - EARLY_MS);
    expect(tcp + tls + upgrade + event).toBeCloseTo(total, 3);
  }
});

test('sessions start one after the other, each with the requested path and headers', async () => {
  const seen: (string | undefined)[] = [];
  let open = 0;
  let most = 0;
  const port = await serve((socket, { url, headers }) => {
    seen.push(url, headers.authorization);
    open += 1;
    most = Math.max(most, open);
    socket.on('close', () => {
      open -= 1;
    });
    socket.write(Buffer.concat([Buffer.from(SWITCH), event]));
  });
  await start(port, { count: 2, headers: { authorization: 'Bearer a' } });
  expect(seen).toEqual(['/v1/realtime?model=a', 'Bearer a', '/v1/realtime?model=a', 'Bearer a']);
  expect(most).toBe(1);
});

test('the certificate is checked over TLS, and the handshake is a step of its own', async () => {
  const { caPath, certPath, keyPath } = await testCertificate();
  const files = { cert: readFileSync(certPath), key: readFileSync(keyPath) };
  const port = await serve((socket) => socket.write(SWITCH) && socket.write(event), createTlsServer(files));
  const url = `wss://127.0.0.1:${port}/v1/realtime`;
  const [one] = await start(port, { url, ca: caPath });
  expect(one?.tls).toBeGreaterThan(0.1);
  await expect(start(port, { url })).rejects.toThrow(/certificate/);
});

test('a start that is refused, ends early, or stays silent fails with the reason', async () => {
  const refusing = await serve((socket) => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'));
  await expect(start(refusing)).rejects.toThrow('refused with 401');
  const ending = await serve((socket) => socket.end(SWITCH));
  await expect(start(ending)).rejects.toThrow('ended before its first event');
  const silent = await serve((socket) => socket.write(SWITCH));
  await expect(start(silent)).rejects.toThrow('silent for 2000 ms');
});
