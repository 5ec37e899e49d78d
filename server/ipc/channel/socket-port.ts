// A socket between two of our processes as a port for calls: each message behind its length.
// Rule: messages that the other side does not read are held up to a bound; beyond it, and for bytes that are no message, the socket is closed.

import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { decodeMsgpack, encodeMessage, LENGTH_BYTES } from '../../../codecs/msgpack.ts';
import { type Handlers, type Port, Rpc } from './rpc.ts';

interface SocketPortOptions {
  /** Largest message accepted; a longer one closes the connection. */
  readonly maxMessageBytes?: number;
  /** Bytes that were sent and not yet taken by the other side. */
  readonly maxQueuedBytes?: number;
  /**
   * Messages that share one write: those of one tick, or those of one turn of the loop, which is later and cheaper for an end that sends
   * many small ones; or none.
   */
  readonly batching?: 'tick' | 'turn' | 'none';
  /** The socket that messages are written to, where it is another one. */
  readonly writes?: Socket;
}

/** Far beyond any answer, and a bound for the memory that a process holds for another one that hangs. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** Takes over the socket, which may still be connecting. It keeps no process alive. */
export function socketPort(socket: Socket, options: SocketPortOptions = {}): Port {
  const { maxMessageBytes = MAX_MESSAGE_BYTES, maxQueuedBytes = MAX_QUEUED_BYTES, batching = 'tick' } = options;
  const { writes = socket } = options;
  const events = new EventEmitter();
  let batch: Buffer[] = [];
  let queuedBytes = 0;

  function flush(): void {
    const bytes = batch.length === 1 ? (batch[0] as Buffer) : Buffer.concat(batch);
    batch = [];
    queuedBytes = 0;
    if (!writes.destroyed) writes.write(bytes);
  }

  const schedule = batching === 'turn' ? setImmediate : process.nextTick;
  const read = messageReader(maxMessageBytes, (message) => events.emit('message', message));
  for (const each of new Set([socket, writes])) {
    each.unref();
    // `close` follows.
    each.on('error', () => {});
  }
  socket.on('data', (chunk) => {
    try {
      read(chunk);
    } catch {
      socket.destroy();
    }
  });
  socket.once('close', () => events.emit('disconnect'));

  return {
    get connected() {
      return !socket.destroyed && !writes.destroyed;
    },
    on: (event, listener) => events.on(event, listener),
    once: (event, listener) => events.once(event, listener),
    send(message) {
      const frame = encodeMessage(message);
      if (writes.writableLength + queuedBytes > maxQueuedBytes) return void socket.destroy();
      if (batching === 'none') return void writes.write(frame);
      if (batch.length === 0) schedule(flush);
      batch.push(frame);
      queuedBytes += frame.length;
    },
  };
}

/**
 * The descriptors at which a forked process finds its pipes. There is one for each direction: a write to a process that has died closes the socket,
 * and what that process had sent must still be read.
 */
export const PIPES = { toSupervisor: 4, toChild: 5 } as const;

/** Calls by the pipes to or from a forked process, of any number of bytes. What was sent is in them at once, and outlives the process. */
export const pipeRpc = (pipes: { readonly reads: Socket; readonly writes: Socket }, handlers: Handlers): Rpc => {
  const { reads, writes } = pipes;
  return new Rpc(socketPort(reads, { writes, batching: 'none', maxQueuedBytes: Number.POSITIVE_INFINITY }), handlers);
};

/** Time for a process to end by itself once its supervisor is gone: longer than sessions take to close. */
const ORPHAN_MS = 20_000;

/**
 * The two ways of a forked process to its supervisor: the pipes, and Node's own channel for calls with a handle, since it sends nothing behind a
 * handle until that has arrived. A process whose supervisor dies while it starts ends by an error if it does not end by itself.
 */
export function callSupervisor(handlers: Handlers): { readonly supervisor: Rpc; readonly handles: Rpc } {
  const [reads, writes] = [new Socket({ fd: PIPES.toChild }), new Socket({ fd: PIPES.toSupervisor })];
  const { start } = handlers;
  const own: Handlers = {
    ...handlers,
    // The pipe still has what a supervisor wrote that is gone.
    start(argument, handle) {
      if (!process.connected) throw new Error('the supervisor is gone');
      return start?.(argument, handle);
    },
  };
  process.once('disconnect', () => setTimeout(endOrphan, ORPHAN_MS).unref());
  return { handles: new Rpc(process, own), supervisor: pipeRpc({ reads, writes }, own) };
}

/** Ends the process, since nobody catches it. */
function endOrphan(): never {
  throw new Error('the supervisor is gone, and this process did not end by itself');
}

/** Reads messages out of chunks of any size. Throws for bytes that are no message; nothing after them may be read. */
function messageReader(maxMessageBytes: number, onMessage: (message: unknown) => void): (chunk: Buffer) => void {
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
      const message = decodeMsgpack(bytes.subarray(at + LENGTH_BYTES, at + needed));
      at += needed;
      needed = LENGTH_BYTES;
      onMessage(message);
    }
    pieces = at < held ? [bytes.subarray(at)] : [];
    held -= at;
  };
}
