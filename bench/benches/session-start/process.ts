// The client whose sessions are timed, in its own process: plain sockets, so that each step of a start is seen by itself.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { createFrameReader } from '../../load/frame-reader.ts';
import { encodeLoadFrame, nowNs } from '../../load/wire.ts';
import { serveMethods } from '../../machine/rpc.ts';
import type { SessionStart, StartPlan } from './starter.ts';

const CLOSE = 0x8;
const HEAD_END = '\r\n\r\n';
const SILENCE_MS = 2000;
const closing = Buffer.from([0x03, 0xe8]);

serveMethods({
  async start({ url, headers, ca, count, pauseMs }: StartPlan) {
    const target: Target = { url: new URL(url), headers, ca: ca === undefined ? undefined : readFileSync(ca) };
    const starts: SessionStart[] = [];
    for (let index = 0; index < count; index += 1) {
      starts.push(await startOne(target));
      await delay(pauseMs);
    }
    return starts;
  },
});

interface Target {
  readonly url: URL;
  readonly headers: StartPlan['headers'];
  readonly ca: Buffer | undefined;
}

/** One session from its dialling to its end. */
async function startOne(target: Target): Promise<SessionStart> {
  const { url, ca } = target;
  const isTls = url.protocol === 'wss:';
  const address = { host: url.hostname, port: Number(url.port), noDelay: true };
  const request = requestFor(target);
  const begunAt = nowNs();
  const socket = isTls ? connectTls({ ...address, ca }) : connectTcp(address);
  socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`silent for ${SILENCE_MS} ms`)));
  await once(socket, 'connect');
  const connectedAt = nowNs();
  if (isTls) await once(socket, 'secureConnect');
  const securedAt = nowNs();
  socket.write(request);
  const { upgradedAt, greetedAt } = await answers(socket);
  await close(socket);
  const [tcp, tls, upgrade, event, total] = [
    connectedAt - begunAt,
    securedAt - connectedAt,
    upgradedAt - securedAt,
    greetedAt - upgradedAt,
    greetedAt - begunAt,
  ].map((ns) => ns / 1e6) as [number, number, number, number, number];
  return { tcp, tls, upgrade, event, total };
}

function requestFor({ url, headers }: Target): string {
  const fields = {
    Host: url.host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return [`GET ${url.pathname}${url.search} HTTP/1.1`, ...lines].join('\r\n') + HEAD_END;
}

/** Waits for the head of the 101 and for the first event, and returns when each was whole. */
async function answers(socket: Socket): Promise<{ readonly upgradedAt: number; readonly greetedAt: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ upgradedAt: number; greetedAt: number }>();
  let upgradedAt: number | undefined;
  let head = Buffer.alloc(0);
  const read = createFrameReader(({ opcode }) => {
    if (upgradedAt !== undefined && opcode <= 2) resolve({ upgradedAt, greetedAt: nowNs() });
  });
  socket.on('data', (chunk) => {
    if (upgradedAt !== undefined) return read(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(HEAD_END);
    if (end < 0) return;
    const status = head.toString('latin1', 9, 12);
    if (status !== '101') return void socket.destroy(new Error(`refused with ${status}`));
    upgradedAt = nowNs();
    read(head.subarray(end + HEAD_END.length));
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the session ended before its first event')));
  return promise;
}

async function close(socket: Socket): Promise<void> {
  socket.end(encodeLoadFrame(CLOSE, closing, randomBytes(4)));
  // An end that is silent is destroyed, and has closed then as well.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}
