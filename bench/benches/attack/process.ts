// The attackers, in a process of their own: clients that flood a gateway with tiny frames or hardly read, and the provider behind them,
// which throws away what passes. What they send is made once, and sent at a fixed rate, so that they take little CPU themselves.

import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { encodeFrame } from '../../../codecs/websocket/frame-encoder.ts';
import { upgradeRequest } from '../../../server/transport/upgrade.ts';
import { createTemplate } from '../../load/wire.ts';
import { serveMethods } from '../../machine/rpc.ts';

/** `pings` and `fragments` send frames of one byte; `slow` reads 320 kB a second of what its provider sends as fast as it is taken. */
const ATTACKS = ['pings', 'fragments', 'slow'] as const;
type Attack = (typeof ATTACKS)[number];

interface AttackTarget {
  /** ws:, without a query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const TICK_MS = 50;
/** Frames of one flooding session a tick, whole messages of fragments: 46,080 a second are more than twice of `maxFramesPerSecond`. */
const FRAMES_OF_TICK = 36 * 64;
const SLOW_READ_BYTES = 16 * 1024;
const FAST_READ_BYTES = 64 * 1024;
/** The most that one message may have. */
const FRAGMENTS = 64;
const DELTAS = Buffer.concat(Array.from({ length: 10 }, () => createTemplate('delta', 6500).bytes));

const byte = Buffer.from('x');
const ping = encodeFrame('ping', byte, true);
const FLOODS = {
  pings: repeated([ping]),
  fragments: repeated(Array.from({ length: FRAGMENTS }, (_, index) => fragment(index))),
};

/** Frames that the floods wanted to send and did send, and attackers whose session was ended. */
export interface AttackSeen {
  readonly offered: number;
  readonly taken: number;
  readonly ended: number;
}

interface Attacker {
  readonly attack: Attack;
  readonly socket: Socket;
}

const attackers: Attacker[] = [];
/** The provider's end of the slow sessions. */
const sources = new Set<Socket>();
let isOn = false;
let seen = { offered: 0, taken: 0 };

const server = createServer().on('upgrade', accept);
server.listen(0, '127.0.0.1', 4096);
await once(server, 'listening');
setInterval(tick, TICK_MS);

const methods = {
  listeningPort: () => (server.address() as { port: number }).port,
  /** Opens that many sessions of each attack, and begins. */
  async begin({ sessions, ...target }: AttackTarget & { readonly sessions: number }): Promise<void> {
    for (const attack of ATTACKS)
      attackers.push(...(await Promise.all(Array.from({ length: sessions }, () => openOne(attack, target)))));
    isOn = true;
    for (const source of sources) pump(source);
  },
  /** Resets all connections, with what the gateway has not read yet. Gives what happened since `begin`. */
  end(): AttackSeen {
    isOn = false;
    const ended = attackers.filter(({ socket }) => socket.destroyed).length;
    for (const { socket } of attackers.splice(0)) socket.resetAndDestroy();
    const result = { ...seen, ended };
    seen = { offered: 0, taken: 0 };
    return result;
  },
};
export type AttackMethods = typeof methods;
serveMethods(methods);

async function openOne(attack: Attack, { url, headers }: AttackTarget): Promise<Attacker> {
  const { hostname, port, pathname } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const isSlow = attack === 'slow';
  const buffer = Buffer.alloc(isSlow ? SLOW_READ_BYTES : FAST_READ_BYTES);
  const callback = (length: number): boolean => {
    if (buffer.toString('latin1', 0, Math.min(length, 12)) === 'HTTP/1.1 101') resolve();
    return !(isSlow && isOn);
  };
  const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer, callback } });
  socket
    .on('error', reject)
    .on('close', () => reject(new Error(`an attacker was refused: ${buffer.toString('latin1', 0, 200)}`)));
  const all = { host: hostname, ...headers, ...upgradeRequest([]).headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname}?kind=${attack} HTTP/1.1\r\n${lines.join('')}\r\n`);
  await promise;
  return { attack, socket };
}

/** Returns the frames of one tick. */
function repeated(frames: readonly Buffer[]): Buffer {
  return Buffer.concat(Array.from({ length: FRAMES_OF_TICK }, (_, index) => frames[index % frames.length] as Buffer));
}

/** A text of one byte as a part of a message: the first has the opcode, the last is final. */
function fragment(index: number): Buffer {
  const frame = Buffer.from(encodeFrame('text', byte, true));
  frame[0] = (index === FRAGMENTS - 1 ? 0x80 : 0) | (index === 0 ? 1 : 0);
  return frame;
}

/** One write for each flood: one whose bytes were not taken yet waits. */
function tick(): void {
  for (const { attack, socket } of attackers) {
    if (!isOn || socket.destroyed) continue;
    if (attack === 'slow') socket.resume();
    else {
      seen.offered += FRAMES_OF_TICK;
      if (socket.writableLength > 0) continue;
      seen.taken += FRAMES_OF_TICK;
      socket.write(FLOODS[attack]);
    }
  }
}

/** The provider: accepts each session, reads it to nowhere, and sends to the slow ones. */
function accept(request: IncomingMessage, duplex: Duplex): void {
  const socket = (duplex as Socket).setNoDelay(true);
  const key = request.headers['sec-websocket-key'] ?? '';
  const accepted = hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
  );
  socket.on('error', () => {}).resume();
  if (!request.url?.includes('kind=slow')) return;
  sources.add(socket);
  socket.on('close', () => sources.delete(socket)).on('drain', () => pump(socket));
}

function pump(source: Socket): void {
  if (isOn && source.writable && source.writableLength === 0) while (source.write(DELTAS));
}
