// Reads a socket into memory that is used again for every read: a buffer for each read is most of what a busy hop leaves to
// the garbage collector. What is still needed after a read is kept by taking other memory for the next one.

import type { OnReadOpts, Socket } from 'node:net';

export interface SocketReader {
  /** From now on every chunk goes to `take`, and is valid during the call; first what came before. Once. */
  start(take: (chunk: Buffer) => void): void;
  /** The chunk in hand stays as it is. */
  keep(): void;
}

/** Enough for an event; a read that fills it gets four times as much the next time, up to what libuv reads at once. */
const FIRST_READ_BYTES = 2 * 1024;
const LARGEST_READ_BYTES = 64 * 1024;
/** The intakes of dialled sockets, whose memory is given with the dialling. */
const dialled = new WeakMap<Socket, SocketReader>();

/** For `onread` of `net.connect` and `tls.connect`; `bind` must be called with the socket at once. */
export function readerForDial(): { readonly onread: OnReadOpts; bind<S extends Socket>(socket: S): S } {
  const memory = readMemory();
  let take: ((chunk: Buffer) => void) | undefined;
  let bound: Socket | undefined;
  return {
    onread: {
      buffer: memory.next,
      callback(length, buffer) {
        const chunk = memory.filled(buffer as Buffer, length);
        // Until somebody takes it, the socket is a stream like any other: it carries the HTTP upgrade, and stops when it is full.
        if (take === undefined) return bound?.push(Buffer.from(chunk)) ?? true;
        take(chunk);
        return true;
      },
    },
    bind(socket) {
      bound = socket;
      dialled.set(socket, {
        start(to) {
          takeEarly(socket, to);
          take = to;
        },
        keep: memory.keep,
      });
      return socket;
    },
  };
}

/** Of a dialled socket or of an accepted one. */
export function readerOf(socket: Socket): SocketReader {
  return dialled.get(socket) ?? acceptedReader(socket);
}

/**
 * An accepted socket has no public way to what `onread` does; this is what its constructor would have set up. Where a release
 * of Node has other names for it, each read gets its own memory.
 */
function acceptedReader(socket: Socket): SocketReader {
  const names = Object.getOwnPropertySymbols(socket);
  const named = (name: string) => names.find(({ description }) => description === name);
  const [buffer, callback, generator] = [named('kBuffer'), named('kBufferCb'), named('kBufferGen')];
  const handle = (socket as Socket & { _handle?: { useUserBuffer?(memory: Buffer): void } | null })._handle;
  if (!buffer || !callback || !generator || handle?.useUserBuffer === undefined) return streamReader(socket);
  const memory = readMemory();
  return {
    start(take) {
      takeEarly(socket, take);
      Object.assign(socket, {
        [buffer]: memory.next(),
        [generator]: memory.next,
        [callback](length: number, read: Buffer) {
          take(memory.filled(read, length));
          return true;
        },
      });
      handle.useUserBuffer?.(memory.next());
    },
    keep: memory.keep,
  };
}

/** What a socket reads into, and how it grows. */
function readMemory() {
  let memory = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);
  let size = FIRST_READ_BYTES;
  // Audio frames are of one size: most reads see what the one before them saw.
  let view: Buffer = memory;
  let viewed: Buffer = memory;
  return {
    next(): Buffer {
      if (memory.length < size) memory = Buffer.allocUnsafeSlow(size);
      return memory;
    },
    /** The part that a read filled. */
    filled(read: Buffer, length: number): Buffer {
      if (length === read.length) size = Math.min(LARGEST_READ_BYTES, read.length * 4);
      if (view.length !== length || viewed !== read) {
        view = read.subarray(0, length);
        viewed = read;
      }
      return view;
    },
    keep(): void {
      memory = Buffer.allocUnsafeSlow(size);
    },
  };
}

/** The portable way: every read has memory of its own. */
export function streamReader(socket: Socket): SocketReader {
  return {
    start: (take) => void socket.on('data', take),
    keep() {},
  };
}

/** What came before stands in the stream, in order. */
function takeEarly(socket: Socket, take: (chunk: Buffer) => void): void {
  for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) take(chunk);
}
