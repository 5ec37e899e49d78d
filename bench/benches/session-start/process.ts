// The client whose sessions are timed, in its own process: plain sockets, so that each step of a start is seen by itself.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { encodeFrame } from '../../../codecs/websocket/frame-encoder.ts';
import { CLOSE } from '../../../codecs/websocket/frame-header.ts';
import { upgradeRequest } from '../../../server/transport/upgrade.ts';
import type { RunningContender } from '../../bench.ts';
import { createFrameReader } from '../../load/frame-reader.ts';
import { nowNs } from '../../load/wire.ts';
import { serveMethods } from '../../machine/rpc.ts';

/** Milliseconds: each step after the one before it, and all of them. */
export interface SessionStart {
  /** Time from the dialling to the TCP connection. */
  readonly tcp: number;
  /** Time until the handshake of TLS is done; next to nothing without TLS. */
  readonly tls: number;
  /** Time from the request to the end of the head of the 101. */
  readonly upgrade: number;
  /** Time from there to the last byte of the first event of the provider. */
  readonly event: number;
  readonly total: number;
  /** Time of making the client secret, before all of it; left out where it starts with a key. */
  readonly mint?: number;
}

export interface StartPlan {
  /** ws: or wss:, with an address for a host. */
  readonly url: string;
  readonly headers: RunningContender['headers'];
  /** PEM file that signed the certificate. */
  readonly ca?: string;
  readonly count: number;
  /** Where a client secret is made for each start, with the credential of the headers. */
  readonly mintUrl?: string | undefined;
  /** Pause from the end of one session to the start of the next. */
  readonly pauseMs: number;
}

const HEAD_END = '\r\n\r\n';
const SILENCE_MS = 2000;
const closing = Buffer.from([0x03, 0xe8]);

const methods = {
  /** Starts sessions one after the other. Throws when one is refused, or is silent for two seconds. */
  async start({ url, headers, ca, mintUrl, count, pauseMs }: StartPlan): Promise<readonly SessionStart[]> {
    const target: Target = { url: new URL(url), headers, ca: ca === undefined ? undefined : readFileSync(ca) };
    const starts: SessionStart[] = [];
    for (let index = 0; index < count; index += 1) {
      starts.push(mintUrl === undefined ? await startOne(target) : await startWithSecret(target, mintUrl));
      await delay(pauseMs);
    }
    return starts;
  },
};
export type StarterMethods = typeof methods;
serveMethods(methods);

interface Target {
  readonly url: URL;
  readonly headers: StartPlan['headers'];
  readonly ca: Buffer | undefined;
}

async function startWithSecret(target: Target, mintUrl: string): Promise<SessionStart> {
  const begunAt = nowNs();
  const headers = { ...target.headers, 'content-type': 'application/json' };
  const response = await fetch(mintUrl, { method: 'POST', headers, body: '{}' });
  const { value } = (await response.json()) as { readonly value: string };
  const mint = (nowNs() - begunAt) / 1e6;
  return { ...(await startOne({ ...target, headers: { authorization: `Bearer ${value}` } })), mint };
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
  const fields = { Host: url.host, ...upgradeRequest([]).headers, ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return [`GET ${url.pathname}${url.search} HTTP/1.1`, ...lines].join('\r\n') + HEAD_END;
}

/** Waits for the head of the 101 and for the first event, and returns when each was whole. */
async function answers(socket: Socket): Promise<{ readonly upgradedAt: number; readonly greetedAt: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ upgradedAt: number; greetedAt: number }>();
  let upgradedAt: number | undefined;
  let head = Buffer.alloc(0);
  const read = createFrameReader(({ opcode }) => {
    if (upgradedAt !== undefined && opcode < CLOSE) resolve({ upgradedAt, greetedAt: nowNs() });
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
  socket.end(encodeFrame('close', closing, true));
  // An end that is silent is destroyed, and has closed then as well.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}
