// Messages over a Unix socket between two of our processes, as a port for a channel: each behind its length.
// What the other side does not read is held up to a bound; beyond it, and for what is no message, the pipe breaks.

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../codecs/pipe-message.ts';
import type { Port } from './rpc.ts';

export interface SocketPortLimits {
  /** Of one message; a longer one is garbage. */
  readonly maxMessageBytes: number;
  /** Sent and not yet taken by the other side. */
  readonly maxQueuedBytes: number;
}

/** Far beyond any answer, and what a process may have to hold for another one that hangs. */
export const SOCKET_PORT_LIMITS: SocketPortLimits = {
  maxMessageBytes: 256 * 1024 * 1024,
  maxQueuedBytes: 64 * 1024 * 1024,
};

export interface SocketPortOptions extends SocketPortLimits {
  /**
   * What goes in one write: what is sent in one go, or, for an end that sends many small things for many others, what is sent in one turn
   * of the loop, which costs a turn.
   */
  readonly gathers?: 'go' | 'turn';
}

/** Takes over the socket. It may still be connecting, and keeps no process alive. */
export function socketPort(socket: Socket, options: SocketPortOptions = SOCKET_PORT_LIMITS): Port {
  const { maxMessageBytes, maxQueuedBytes, gathers = 'go' } = options;
  const events = new EventEmitter();
  let batch: Buffer[] = [];
  let queuedBytes = 0;

  function flush(): void {
    const bytes = batch.length === 1 ? (batch[0] as Buffer) : Buffer.concat(batch);
    batch = [];
    queuedBytes = 0;
    if (!socket.destroyed) socket.write(bytes);
  }

  const soon = gathers === 'turn' ? setImmediate : process.nextTick;
  const read = frameReader(maxMessageBytes, (message) => events.emit('message', message));
  socket.unref();
  socket.on('data', (chunk) => {
    try {
      read(chunk);
    } catch {
      socket.destroy();
    }
  });
  // `close` follows.
  socket.on('error', () => {});
  socket.once('close', () => events.emit('disconnect'));

  return {
    get connected() {
      return !socket.destroyed;
    },
    on: (event, listener) => events.on(event, listener),
    once: (event, listener) => events.once(event, listener),
    send(message) {
      const frame = encodeMessage(message);
      if (socket.writableLength + queuedBytes > maxQueuedBytes) return void socket.destroy();
      if (batch.length === 0) soon(flush);
      batch.push(frame);
      queuedBytes += frame.length;
    },
  };
}

/** Takes what arrives, in pieces of any size. Throws for what is no message; what comes after that is not to be read. */
function frameReader(maxMessageBytes: number, onMessage: (message: unknown) => void): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let held = 0;
  let needed = LENGTH_BYTES;
  return (chunk) => {
    pieces.push(chunk);
    held += chunk.length;
    if (held < needed) return;
    const bytes = pieces.length === 1 ? chunk : Buffer.concat(pieces, held);
    let at = 0;
    for (needed = LENGTH_BYTES; held - at >= needed; ) {
      const length = bytes.readUInt32LE(at);
      if (length > maxMessageBytes) throw new Error(`expected at most ${maxMessageBytes} bytes, got ${length}`);
      needed = LENGTH_BYTES + length;
      if (held - at < needed) break;
      const message = decodeMessage(bytes.subarray(at + LENGTH_BYTES, at + needed));
      at += needed;
      needed = LENGTH_BYTES;
      onMessage(message);
    }
    pieces = at < held ? [bytes.subarray(at)] : [];
    held -= at;
  };
}
