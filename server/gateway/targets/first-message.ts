// Listens at a provider's socket for who speaks first and for a close, and says nothing but its own close.

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import { closePayload } from '../../../codecs/websocket/close-frame.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import { newestPing } from '../../../codecs/websocket/frame-batch.ts';
import { encodeFrame } from '../../../codecs/websocket/frame-encoder.ts';
import { FrameReader } from '../../../codecs/websocket/frame-reader.ts';
import { closeOf } from '../../session/close-reason.ts';

const CLOSE_MS = 2000;
const READER = { isMasked: false, maxPayloadBytes: 16 * 1024 * 1024, maxFragments: 1000, maxBufferedChunks: 10_000 };

interface Heard {
  /** The type of the first message. */
  readonly first: string | undefined;
  /** False where the provider closed before we did. */
  readonly left: boolean;
  /** The code and reason of the provider's close, or of its answer to ours. */
  readonly close: string;
  /** The code alone; undefined where there was no close. */
  readonly code: number | undefined;
}

interface HearOptions {
  readonly dialect: Dialect;
  /** Wait for a first message. */
  readonly waitMs: number;
  /** Wait for a close behind it. */
  readonly afterFirstMs: number;
}

/** Listens for a first message and for a close, then closes. */
export function hear(socket: Socket, { dialect, waitMs, afterFirstMs }: HearOptions): Promise<Heard> {
  const { promise, resolve } = Promise.withResolvers<Heard>();
  const reader = new FrameReader(READER);
  let first: string | undefined;
  let left = false;
  let isOver = false;
  const end = (close: string, code?: number): void => {
    isOver = true;
    clearTimeout(timer);
    socket.destroy();
    resolve({ first, left, close, code });
  };
  const leave = (): void => {
    left = true;
    socket.write(encodeFrame('close', closePayload(1000), true));
    timer = setTimeout(end, CLOSE_MS, 'no answer to the close');
  };
  let timer = setTimeout(leave, waitMs);
  socket.on('error', () => {});
  socket.on('close', () => isOver || end('the connection ended without a close'));
  socket.on('data', (chunk: Buffer) => {
    if (isOver) return;
    const batch = reader.read(chunk, performance.now());
    const ping = newestPing(batch);
    if (ping !== undefined) socket.write(encodeFrame('pong', ping, true));
    const [frame] = batch.frames;
    if (frame !== undefined && first === undefined && !left) {
      first = typeOf(frame, dialect);
      clearTimeout(timer);
      timer = setTimeout(leave, afterFirstMs);
    }
    if (batch.end === undefined) return;
    const close = closeOf(batch.end);
    if (close !== undefined && 'code' in close) end(`close ${close.code} ${close.reason}`.trim(), close.code);
    else end('a frame that is none');
  });
  socket.resume();
  return promise;
}

function typeOf(frame: Frame, dialect: Dialect): string {
  const kind = frame.binary ? 'a binary message' : 'a message';
  return dialect.observe(frame, 'downstream')?.type ?? `${kind} that the dialect does not read`;
}
