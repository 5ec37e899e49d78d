// The clients of the benchmark, in their own process: opens sessions, sends on a schedule or one at a time, receives.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Load, LoadGenerator } from '../bench.ts';
import { serveMethods } from '../machine/rpc.ts';
import { createFrameReader } from './frame-reader.ts';
import { createReceiver } from './receiver.ts';
import { sendOnSchedule } from './schedule.ts';
import { createTokenMeter } from './streamed-answers.ts';
import { createTemplate, encodeLoadFrame, nowNs, stamped, type Template } from './wire.ts';

const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const OPEN_AT_ONCE = 20;
const OPEN_MS = 15_000;
const CLOSE_MS = 3000;
/** Enough for a receiver not to see the same masked bytes again and again. */
const MASKS = 16;

type Target = Parameters<LoadGenerator['open']>[0] & { readonly ca?: string };
type PingPong = Parameters<LoadGenerator['pingPong']>[0];

const sockets = new Set<Socket>();
const receiver = createReceiver();
const answers = createTokenMeter();
/** Called at the next stamped frame, in closed loops. */
let onEcho: (() => void) | undefined;

serveMethods({
  async open(target: Target) {
    const greeted: Promise<void>[] = [];
    for (let left = target.sessions; left > 0; left -= OPEN_AT_ONCE) {
      const some = Array.from({ length: Math.min(left, OPEN_AT_ONCE) }, () => openSession(target));
      greeted.push(...(await Promise.all(some)).map((value) => value.greeted));
    }
    await Promise.all(greeted);
  },
  send: (load: Load) => sendOnSchedule([...sockets], templatesFor(load.frame, load.frameBytes), load),
  received: ({ frames, waitMs }: { frames: number; waitMs: number }) => receiver.collect(frames, waitMs),
  pingPong,
  streamed: answers.collect,
  close,
});

const templatesFor = (frame: Load['frame'], bytes: number) =>
  Array.from({ length: MASKS }, () => createTemplate(frame, bytes, randomBytes(4)));

/** Open after the 101; `greeted` after its first event. In an object, since a promise of a promise is one. */
async function openSession({ url, headers, ca }: Target): Promise<{ readonly greeted: Promise<void> }> {
  const { socket, head } = await upgrade(url, headers, ca);
  const greeted = Promise.withResolvers<void>();
  const late = setTimeout(() => greeted.reject(new Error('no first event')), OPEN_MS);
  const token = answers.session();
  const read = createFrameReader((frame) => {
    if (socket.writableEnded) return;
    if (frame.opcode === PING) socket.write(encodeLoadFrame(PONG, Buffer.from(frame.head), randomBytes(4)));
    else if (frame.opcode === CLOSE)
      socket.end(encodeLoadFrame(CLOSE, Buffer.from(frame.head.subarray(0, 2)), randomBytes(4)));
    else if (frame.opcode <= 2) {
      greeted.resolve();
      const stamp = receiver.frame(frame);
      if (stamp?.isToken) token(stamp);
      if (stamp) onEcho?.();
    }
  });
  sockets.add(socket);
  socket.on('data', read);
  socket.on('close', () => {
    // Sessions that `close` ends have left the set before.
    if (sockets.delete(socket)) receiver.ended();
    greeted.reject(new Error('the session ended before its first event'));
  });
  if (head.length > 0) read(head);
  const first = greeted.promise.finally(() => clearTimeout(late));
  // The promise may fail before anybody waits for it.
  first.catch(() => {});
  return { greeted: first };
}

async function upgrade(url: string, headers: Target['headers'], ca?: string) {
  const asked = url.startsWith('wss:')
    ? requestTls(url.replace(/^ws/, 'http'), { ...handshake(headers), ca: ca && readFileSync(ca) })
    : requestPlain(url.replace(/^ws/, 'http'), handshake(headers));
  asked.end();
  const answered = Promise.withResolvers<{ socket: Socket; head: Buffer }>();
  asked.on('error', answered.reject);
  asked.on('response', (response) => {
    response.resume();
    answered.reject(new Error(`refused with ${response.statusCode}`));
  });
  asked.on('upgrade', (_, socket, head) => answered.resolve({ socket: socket as Socket, head }));
  const late = setTimeout(() => asked.destroy(new Error('no answer to the upgrade')), OPEN_MS);
  const open = await answered.promise.finally(() => clearTimeout(late));
  open.socket.setNoDelay(true);
  open.socket.on('error', () => {});
  return open;
}

const handshake = (headers: Target['headers']) => ({
  agent: false as const,
  headers: {
    ...headers,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  },
});

async function pingPong({ frameBytes, count, warmUp }: PingPong) {
  const [socket] = sockets;
  if (socket === undefined) throw new Error('no session is open');
  const templates = templatesFor('append', frameBytes);
  await receiver.collect(0, 0);
  for (let index = 0; index < count + warmUp; index += 1) {
    const echoed = Promise.withResolvers<void>();
    onEcho = echoed.resolve;
    const late = setTimeout(() => echoed.reject(new Error('no echo')), OPEN_MS);
    const stamp = { intendedNs: nowNs(), isMeasured: index >= warmUp, wantsEcho: true };
    socket.write(stamped(templates[index % MASKS] as Template, stamp));
    await echoed.promise.finally(() => clearTimeout(late));
  }
  return receiver.collect(count, 0);
}

async function close(): Promise<void> {
  const leaving = [...sockets];
  sockets.clear();
  for (const socket of leaving) socket.end(encodeLoadFrame(CLOSE, Buffer.from([0x03, 0xe8]), randomBytes(4)));
  const gone = Promise.all(leaving.map((socket) => socket.destroyed || once(socket, 'close')));
  await Promise.race([gone, delay(CLOSE_MS)]);
  for (const socket of leaving) socket.destroy();
  await receiver.collect(0, 0);
}
