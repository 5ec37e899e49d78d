// The frames of one session, at either end: its data frames are handed over, pings and the close are answered.

import type { Socket } from 'node:net';
import { encodeFrame } from '../../codecs/websocket/frame-encoder.ts';
import { CLOSE, PING } from '../../codecs/websocket/frame-header.ts';
import { createFrameReader, type ReadFrame } from './frame-reader.ts';

interface SessionFrames {
  readonly socket: Socket;
  /** Bytes that came with the handshake. */
  readonly head: Buffer;
  readonly isClient: boolean;
  onData(frame: ReadFrame): void;
}

/** Reads them until the session is closed. */
export function readSession({ socket, head, isClient, onData }: SessionFrames): void {
  const read = createFrameReader((frame) => {
    if (socket.writableEnded) return;
    if (frame.opcode === PING) socket.write(encodeFrame('pong', frame.head, isClient));
    else if (frame.opcode === CLOSE) socket.end(encodeFrame('close', frame.head.subarray(0, 2), isClient));
    else if (frame.opcode < CLOSE) onData(frame);
  });
  socket.on('error', () => {});
  socket.on('data', read);
  if (head.length > 0) read(head);
}
