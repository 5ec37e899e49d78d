// The clients of the benchmark, in their own process: opens sessions, sends on a schedule or one at a time, receives.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeFrame } from '../../codecs/websocket/frame-encoder.ts';
import { upgradeRequest } from '../../server/transport/upgrade.ts';
import { serveMethods } from '../machine/rpc.ts';
import type { Expected, Load } from './load.ts';
import { createReceiver } from './receiver.ts';
import { sendOnSchedule } from './schedule.ts';
import { readSession } from './session-frames.ts';
import { createTokenMeter } from './streamed-answers.ts';
import { createTemplate, nowNs, stamped, type Template } from './wire.ts';

const OPEN_AT_ONCE = 20;
const OPEN_MS = 15_000;
const CLOSE_MS = 3000;
/** Enough for a receiver not to see the same masked bytes again and again. */
const MASKS = 16;

interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM file that signed the certificate. */
  readonly ca?: string;
  /** Name that its sessions share, for `send`, `pingPong` and `close`. */
  readonly group?: string;
}

interface PingPong {
  readonly group?: string;
  readonly frameBytes: number;
  readonly count: number;
  readonly warmUp: number;
}

/** Open sessions, and the group of each. */
const sessions = new Map<Socket, string | undefined>();
const socketsOf = (group: string | undefined): Socket[] =>
  [...sessions.keys()].filter((socket) => group === undefined || sessions.get(socket) === group);

const receiver = createReceiver();
const answers = createTokenMeter();
/** Called at the next stamped frame, in closed loops. */
let onEcho: (() => void) | undefined;

const methods = {
  /** Opens that many more sessions, a few at a time, and waits for the first event of each. Throws when one is refused. */
  async open({ sessions: count, ...target }: Target & { readonly sessions: number }): Promise<void> {
    const greeted: Promise<void>[] = [];
    for (let left = count; left > 0; left -= OPEN_AT_ONCE) {
      const some = Array.from({ length: Math.min(left, OPEN_AT_ONCE) }, () => openSession(target));
      greeted.push(...(await Promise.all(some)).map((session) => session.greeted));
    }
    await Promise.all(greeted);
  },
  /** Sends `append` or `ask` over the open sessions, and resolves after the last frame. */
  send: (load: Load) => sendOnSchedule(socketsOf(load.group), templatesFor(load.frame, load.frameBytes), load),
  /** Collects what arrived since the last call. */
  received: (expected?: Expected) => receiver.collect(expected),
  pingPong,
  /** Times of the answers that a provider with `answer` streamed to `ask`. Wait for their tokens with `received` first. */
  streamed: answers.collect,
  /** Closes all sessions, or those of a group, and resolves when they are gone. */
  async close({ group }: Pick<Target, 'group'> = {}): Promise<void> {
    const leaving = socketsOf(group);
    for (const socket of leaving) sessions.delete(socket);
    for (const socket of leaving) socket.end(encodeFrame('close', Buffer.from([0x03, 0xe8]), true));
    const gone = Promise.all(leaving.map((socket) => socket.destroyed || once(socket, 'close')));
    await Promise.race([gone, delay(CLOSE_MS)]);
    for (const socket of leaving) socket.destroy();
    await receiver.collect();
  },
};
export type GeneratorMethods = typeof methods;
serveMethods(methods);

function templatesFor(frame: Load['frame'], bytes: number): Template[] {
  return Array.from({ length: MASKS }, () => createTemplate(frame, bytes, true));
}

/** Open after the 101; `greeted` after its first event. In an object, since a promise of a promise is one. */
async function openSession(target: Target): Promise<{ readonly greeted: Promise<void> }> {
  const { socket, head } = await upgrade(target);
  const greeted = Promise.withResolvers<void>();
  const late = setTimeout(() => greeted.reject(new Error('no first event')), OPEN_MS);
  const token = answers.session();
  sessions.set(socket, target.group);
  socket.on('close', () => {
    // Sessions that `close` ends have left the set before.
    if (sessions.delete(socket)) receiver.ended();
    greeted.reject(new Error('the session ended before its first event'));
  });
  readSession({
    ...{ socket, head, isClient: true },
    onData(frame) {
      greeted.resolve();
      const stamp = receiver.frame(frame);
      if (stamp?.isToken) token(stamp);
      if (stamp) onEcho?.();
    },
  });
  const first = greeted.promise.finally(() => clearTimeout(late));
  // The promise may fail before anybody waits for it.
  first.catch(() => {});
  return { greeted: first };
}

async function upgrade({ url, headers, ca }: Target): Promise<{ readonly socket: Socket; readonly head: Buffer }> {
  const request = url.startsWith('wss:') ? requestTls : requestPlain;
  const asked = request(url.replace(/^ws/, 'http'), {
    agent: false,
    headers: { ...headers, ...upgradeRequest([]).headers },
    ...(ca && { ca: readFileSync(ca) }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<{ socket: Socket; head: Buffer }>();
  asked.on('error', reject);
  asked.on('response', (response) => {
    response.resume();
    reject(new Error(`refused with ${response.statusCode}`));
  });
  asked.on('upgrade', (_, socket, head) => resolve({ socket: (socket as Socket).setNoDelay(true), head }));
  const late = setTimeout(() => asked.destroy(new Error('no answer to the upgrade')), OPEN_MS);
  asked.end();
  return promise.finally(() => clearTimeout(late));
}

/** Closed loop on one session: appends that the provider answers with a delta as large, one at a time; the round trip. */
async function pingPong({ group, frameBytes, count, warmUp }: PingPong) {
  const [socket] = socketsOf(group);
  if (socket === undefined) throw new Error('no session is open');
  const templates = templatesFor('append', frameBytes);
  await receiver.collect();
  for (let index = 0; index < count + warmUp; index += 1) {
    const echoed = Promise.withResolvers<void>();
    onEcho = echoed.resolve;
    const late = setTimeout(() => echoed.reject(new Error('no echo')), OPEN_MS);
    const stamp = { intendedNs: nowNs(), isMeasured: index >= warmUp, wantsEcho: true };
    socket.write(stamped(templates[index % MASKS] as Template, stamp));
    await echoed.promise.finally(() => clearTimeout(late));
  }
  return receiver.collect();
}
