// The provider of the benchmark, in its own process: greets each session, receives, and sends paced audio when told to.
// It speaks the frames of OpenAI Realtime on any path.

import { hash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeFrame } from '../../codecs/websocket/frame-encoder.ts';
import { serveMethods } from '../machine/rpc.ts';
import type { Expected, Load } from './load.ts';
import { createReceiver } from './receiver.ts';
import { sendOnSchedule } from './schedule.ts';
import { readSession } from './session-frames.ts';
import { type StreamedAnswer, streamAnswers } from './streamed-answers.ts';
import { createTemplate, stamped, type Template } from './wire.ts';

export interface ProviderOptions {
  /** PEM files: it listens with TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The first event comes so long after the 101; with it when not given. */
  readonly greetAfterMs?: number;
  /** Answer to each `ask`. */
  readonly answer?: StreamedAnswer;
}

const CLEAR_MS = 5000;
const format = { type: 'audio/pcm', rate: 24000 };
const GREETING = encodeFrame(
  'text',
  Buffer.from(
    JSON.stringify({
      type: 'session.created',
      event_id: 'event_Bench0000000000000000',
      session: {
        type: 'realtime',
        object: 'realtime.session',
        id: 'sess_Bench0000000000000000',
        model: 'bench',
        output_modalities: ['audio'],
        instructions: '',
        tools: [],
        tool_choice: 'auto',
        max_output_tokens: 'inf',
        audio: { input: { format, turn_detection: null }, output: { format, voice: 'marin', speed: 1 } },
      },
    }),
  ),
  false,
);

const options = JSON.parse(process.argv[2] ?? '{}') as ProviderOptions;
/** Open sessions, and the group of each. */
const sockets = new Map<Socket, string | undefined>();
const receiver = createReceiver();
const answer = options.answer && streamAnswers(options.answer);
/** Deltas as large as the appends that they answer. */
const echoes = new Map<number, Template>();

const server = options.tls
  ? createTlsServer({ cert: readFileSync(options.tls.cert), key: readFileSync(options.tls.key) })
  : createServer();
server.on('upgrade', accept);
server.listen(0, '127.0.0.1', 4096);
await once(server, 'listening');

const methods = {
  listeningPort: () => (server.address() as { port: number }).port,
  /** Sessions that are open now. */
  sessions: () => sockets.size,
  /** Waits, after `close` of the generator, until all sessions are gone; ends those that stay, and forgets what arrived. */
  async cleared(): Promise<void> {
    const gone = Promise.all([...sockets.keys()].map((socket) => once(socket, 'close')));
    await Promise.race([gone, delay(CLEAR_MS)]);
    for (const socket of sockets.keys()) socket.destroy();
    while (sockets.size > 0) await delay(1);
    await receiver.collect();
  },
  /** Sessions that are in no group yet are of this one from now on. */
  nameSessions(group: string): void {
    for (const [socket, name] of sockets) sockets.set(socket, name ?? group);
  },
  /** Sends `delta` or `text` over the open sessions, and resolves after the last frame. */
  send: (load: Load) => sendOnSchedule(socketsOf(load.group), [createTemplate(load.frame, load.frameBytes)], load),
  /** Collects what arrived since the last call. */
  received: (expected?: Expected) => receiver.collect(expected),
};
export type ProviderMethods = typeof methods;
serveMethods(methods);

const socketsOf = (group: string | undefined): Socket[] =>
  [...sockets.keys()].filter((socket) => group === undefined || sockets.get(socket) === group);

function accept(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
  const socket = (duplex as Socket).setNoDelay(true);
  const key = request.headers['sec-websocket-key'] ?? '';
  const accepted = hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
  );
  if (!options.greetAfterMs) socket.write(GREETING);
  else setTimeout(() => socket.writable && socket.write(GREETING), options.greetAfterMs);
  sockets.set(socket, undefined);
  socket.on('close', () => sockets.delete(socket));
  readSession({
    ...{ socket, head, isClient: false },
    onData(frame) {
      const stamp = receiver.frame(frame);
      if (!stamp?.wantsEcho) return;
      if (answer) answer(socket, stamp);
      else socket.write(stamped(echoOf(frame.bytes), { ...stamp, wantsEcho: false }));
    },
  });
}

function echoOf(bytes: number): Template {
  const echo = echoes.get(bytes) ?? createTemplate('delta', bytes);
  echoes.set(bytes, echo);
  return echo;
}
