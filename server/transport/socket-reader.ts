// Reads a socket into memory that is used again for every read: a buffer for each read is most of what a busy hop leaves to
// the garbage collector. A chunk that is still needed after its read is kept by taking other memory for the next one.

import type { OnReadOpts, Socket } from 'node:net';

export interface SocketReader {
  /** Gives every chunk to `onChunk`, first those that came before. A chunk is valid during the call. Called once. */
  start(onChunk: (chunk: Buffer) => void): void;
  /** Leaves the memory of the chunk in hand as it is. */
  keepChunk(): void;
}

/** Enough for an event; a read that fills it gets four times as much the next time, up to what libuv reads at once. */
const FIRST_READ_BYTES = 2 * 1024;
const LARGEST_READ_BYTES = 64 * 1024;
/** The readers of dialled sockets, whose memory is given with the dialling. */
const dialledReaders = new WeakMap<Socket, SocketReader>();

/** Returns `onread` for `net.connect` and `tls.connect`; `bind` must be called with the socket at once. */
export function readerForDial(): { readonly onread: OnReadOpts; bind<S extends Socket>(socket: S): S } {
  const memory = readMemory();
  let onChunk: ((chunk: Buffer) => void) | undefined;
  let bound: Socket | undefined;
  return {
    onread: {
      buffer: memory.next,
      callback(length, buffer) {
        const chunk = memory.filled(buffer as Buffer, length);
        // The socket is a stream like any other until the reader is started: it carries the HTTP upgrade, and stops when it is full.
        if (onChunk === undefined) return bound?.push(Buffer.from(chunk)) ?? true;
        onChunk(chunk);
        return true;
      },
    },
    bind(socket) {
      bound = socket;
      dialledReaders.set(socket, {
        start(listener) {
          readBuffered(socket, listener);
          onChunk = listener;
        },
        keepChunk: memory.keep,
      });
      return socket;
    },
  };
}

/** Returns the reader of a dialled or an accepted socket. */
export function readerOf(socket: Socket): SocketReader {
  return dialledReaders.get(socket) ?? acceptedReader(socket);
}

/**
 * Sets up what the constructor of a socket does for `onread`: an accepted socket has no public way to that. Where a release of Node
 * has other names for it, each read gets its own memory.
 */
function acceptedReader(socket: Socket): SocketReader {
  const symbols = Object.getOwnPropertySymbols(socket);
  const symbolOf = (name: string) => symbols.find(({ description }) => description === name);
  const [buffer, callback, generator] = [symbolOf('kBuffer'), symbolOf('kBufferCb'), symbolOf('kBufferGen')];
  const handle = (socket as Socket & { _handle?: { useUserBuffer?(memory: Buffer): void } | null })._handle;
  if (!buffer || !callback || !generator || handle?.useUserBuffer === undefined) return streamReader(socket);
  const memory = readMemory();
  return {
    start(onChunk) {
      readBuffered(socket, onChunk);
      Object.assign(socket, {
        [buffer]: memory.next(),
        [generator]: memory.next,
        [callback](length: number, read: Buffer) {
          onChunk(memory.filled(read, length));
          return true;
        },
      });
      handle.useUserBuffer?.(memory.next());
    },
    keepChunk: memory.keep,
  };
}

/** The memory that a socket reads into, and how it grows. */
function readMemory() {
  let memory = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);
  let size = FIRST_READ_BYTES;
  // Audio frames are of one size, so most reads can use the view of the read before.
  let view: Buffer = memory;
  let viewed: Buffer = memory;
  return {
    next(): Buffer {
      if (memory.length < size) memory = Buffer.allocUnsafeSlow(size);
      return memory;
    },
    /** Returns the part that a read filled. */
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

/** Reads the portable way: every read has memory of its own. */
export function streamReader(socket: Socket): SocketReader {
  return {
    start: (onChunk) => void socket.on('data', onChunk),
    keepChunk() {},
  };
}

/** Takes the chunks that the stream has buffered, in order. */
function readBuffered(socket: Socket, onChunk: (chunk: Buffer) => void): void {
  for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
    onChunk(chunk);
}
