// The provider of the benchmark, in its own process: greets each session, receives, and sends paced audio when told to.
// It speaks the frames of OpenAI Realtime on any path.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Load, ProviderOptions } from '../bench.ts';
import { serveMethods } from '../machine/rpc.ts';
import { createFrameReader } from './frame-reader.ts';
import { createReceiver } from './receiver.ts';
import { sendOnSchedule } from './schedule.ts';
import { streamAnswers } from './streamed-answers.ts';
import { createTemplate, encodeLoadFrame, stamped } from './wire.ts';

const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const CLEAR_MS = 5000;
const greeting = encodeLoadFrame(
  0x1,
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
        audio: {
          input: { format: { type: 'audio/pcm', rate: 24000 }, turn_detection: null },
          output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'marin', speed: 1 },
        },
      },
    }),
  ),
);

const options = JSON.parse(process.argv[2] ?? '{}') as ProviderOptions;
const sockets = new Set<Socket>();
const receiver = createReceiver();
const answer = options.answer && streamAnswers(options.answer);

const server = options.tls
  ? createTlsServer({ cert: readFileSync(options.tls.cert), key: readFileSync(options.tls.key) })
  : createServer();
server.on('upgrade', accept);
server.listen(0, '127.0.0.1', 4096);
await once(server, 'listening');

serveMethods({
  port: () => (server.address() as { port: number }).port,
  sessions: () => sockets.size,
  cleared,
  send: (load: Load) => sendOnSchedule([...sockets], [createTemplate(load.frame, load.frameBytes)], load),
  received: ({ frames, waitMs }: { frames: number; waitMs: number }) => receiver.collect(frames, waitMs),
});

function accept(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
  const socket = duplex as Socket;
  socket.setNoDelay(true);
  socket.on('error', () => {});
  const key = request.headers['sec-websocket-key'] ?? '';
  const accepted = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
  );
  greet(socket);
  let isAsked = false;
  const read = createFrameReader((frame) => {
    if (socket.writableEnded) return;
    if (frame.opcode === CLOSE) {
      isAsked = true;
      socket.end(encodeLoadFrame(CLOSE, Buffer.from(frame.head.subarray(0, 2))));
    } else if (frame.opcode === PING) socket.write(encodeLoadFrame(PONG, Buffer.from(frame.head)));
    else if (frame.opcode <= 2) {
      const stamp = receiver.frame(frame);
      if (!stamp?.wantsEcho) return;
      if (answer) answer(socket, stamp);
      else socket.write(stamped(echoOf(frame.bytes), { ...stamp, wantsEcho: false }));
    }
  });
  sockets.add(socket);
  socket.on('data', read);
  socket.on('close', () => {
    sockets.delete(socket);
    if (!isAsked) receiver.ended();
  });
  if (head.length > 0) read(head);
}

function greet(socket: Socket): void {
  const late = options.greetAfterMs;
  if (!late) socket.write(greeting);
  else setTimeout(() => socket.writable && socket.write(greeting), late);
}

async function cleared(): Promise<void> {
  const gone = Promise.all([...sockets].map((socket) => once(socket, 'close')));
  await Promise.race([gone, delay(CLEAR_MS)]);
  for (const socket of sockets) socket.destroy();
  while (sockets.size > 0) await delay(1);
  await receiver.collect(0, 0);
}

/** A delta as large as the append. */
const echoes = new Map<number, ReturnType<typeof createTemplate>>();
function echoOf(bytes: number) {
  const echo = echoes.get(bytes) ?? createTemplate('delta', bytes);
  echoes.set(bytes, echo);
  return echo;
}
