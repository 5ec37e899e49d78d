// Reads a socket into memory that is used again for every read: a buffer for each read is most of what a busy hop leaves to
// the garbage collector. Sockets that are read seldom share one buffer, since there are many of them; its bytes are copied at once. A
// chunk that is still needed after its read is kept by taking other memory for the next one.

import type { OnReadOpts, Socket } from 'node:net';

export interface SocketReader {
  /** Gives every chunk to `onChunk`, first those that came before. A chunk is valid during the call. Called once. */
  start(onChunk: (chunk: Buffer) => void): void;
  /** Leaves the memory of the chunk in hand as it is. */
  keepChunk(): void;
  /** Called from time to time: lets go of memory that was hardly used since. */
  rest(): void;
}

/** Enough for an event; a read that fills it gets four times as much the next time, up to what libuv reads at once. */
const FIRST_READ_BYTES = 2 * 1024;
const LARGEST_READ_BYTES = 64 * 1024;
/** A socket that is read more often than this between two rests has memory of its own. */
const FEW_READS = 4;
/** The memory of every socket that has none of its own. */
const SHARED = Buffer.allocUnsafeSlow(LARGEST_READ_BYTES);
/** The reader of a dialled socket, which was given with the dialling. */
const READER = Symbol('reader');

/** Returns `onread` for `net.connect` and `tls.connect`; `bind` must be called with the socket at once. */
export function readerForDial(): { readonly onread: OnReadOpts; bind<S extends Socket>(socket: S): S } {
  const reader = new MemoryReader();
  return {
    onread: { buffer: reader.next, callback: (length, read) => reader.received(length, read as Buffer) },
    bind: (socket) => Object.assign(reader.bind(socket), { [READER]: reader }),
  };
}

/** Returns the reader of a dialled or an accepted socket. */
export function readerOf(socket: Socket & { readonly [READER]?: SocketReader }): SocketReader {
  return socket[READER] ?? acceptedReader(socket);
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
  const reader = new MemoryReader(() => {
    Object.assign(socket, {
      [buffer]: reader.next(),
      [generator]: reader.next,
      [callback]: (length: number, read: Buffer) => reader.received(length, read),
    });
    handle.useUserBuffer?.(reader.next());
  });
  reader.bind(socket);
  return reader;
}

/** Reads one socket, and holds the memory that it reads into. */
class MemoryReader implements SocketReader {
  readonly #onStart: (() => void) | undefined;
  #socket: Socket | undefined;
  #onChunk: ((chunk: Buffer) => void) | undefined;
  #memory: Buffer = SHARED;
  #size = FIRST_READ_BYTES;
  /** Reads since the last rest. */
  #reads = 0;
  // Audio frames are of one size, so most reads can use the view of the read before.
  #view: Buffer = SHARED;
  #viewed: Buffer = SHARED;

  /** `onStart`: makes the socket read into this memory, where it does not yet. */
  constructor(onStart?: () => void) {
    this.#onStart = onStart;
  }

  bind<S extends Socket>(socket: S): S {
    this.#socket = socket;
    return socket;
  }

  start(onChunk: (chunk: Buffer) => void): void {
    if (this.#socket !== undefined) readBuffered(this.#socket, onChunk);
    this.#onChunk = onChunk;
    this.#onStart?.();
  }

  keepChunk(): void {
    if (this.#memory !== SHARED) this.#memory = Buffer.allocUnsafeSlow(this.#size);
  }

  rest(): void {
    if (this.#reads <= FEW_READS) this.#memory = SHARED;
    this.#reads = 0;
  }

  /** Returns the memory of the next read. A function: Node asks for it after each read. */
  readonly next = (): Buffer => {
    const isShared = this.#memory === SHARED;
    if (isShared ? this.#reads > FEW_READS : this.#memory.length < this.#size)
      this.#memory = Buffer.allocUnsafeSlow(this.#size);
    return this.#memory;
  };

  /** Takes what was read. The socket is a stream like any other until the reader is started: it carries the HTTP upgrade, and stops when it is full. */
  received(length: number, read: Buffer): boolean {
    const chunk = this.#filled(read, length);
    if (this.#onChunk === undefined) return this.#socket?.push(read === SHARED ? chunk : Buffer.from(chunk)) ?? true;
    this.#onChunk(chunk);
    return true;
  }

  #filled(read: Buffer, length: number): Buffer {
    this.#reads += 1;
    if (length === read.length) this.#size = Math.min(LARGEST_READ_BYTES, read.length * 4);
    if (read === SHARED) return Buffer.from(read.subarray(0, length));
    if (this.#view.length !== length || this.#viewed !== read) {
      this.#view = read.subarray(0, length);
      this.#viewed = read;
    }
    return this.#view;
  }
}

/** Reads the portable way: every read has memory of its own. */
export function streamReader(socket: Socket): SocketReader {
  return {
    start: (onChunk) => void socket.on('data', onChunk),
    keepChunk() {},
    rest() {},
  };
}

/** Takes the chunks that the stream has buffered, in order. */
function readBuffered(socket: Socket, onChunk: (chunk: Buffer) => void): void {
  for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
    onChunk(chunk);
}
