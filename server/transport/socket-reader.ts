// Reads a socket into memory that is used again for every read: a buffer for each read is most of what a busy hop leaves to
// the garbage collector. Sockets that are read seldom share one buffer, since there are many of them; its bytes are copied at once. A
// chunk that is still needed after its read is kept by taking other memory for the next one.

import type { Socket } from 'node:net';
import { hasDirectWays, readInto } from './socket-handle.ts';

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

/** Returns the reader of a socket. Where a release of Node has other names for what it takes, each read gets its own memory. */
export function readerOf(socket: Socket): SocketReader {
  return hasDirectWays(socket) ? new MemoryReader(socket) : streamReader(socket);
}

/** Reads one socket, and holds the memory that it reads into. */
class MemoryReader implements SocketReader {
  readonly #socket: Socket;
  /** The memory of the read in progress, and of the one after it. */
  #reading: Buffer = SHARED;
  #memory: Buffer = SHARED;
  #size = FIRST_READ_BYTES;
  /** Reads since the last rest. */
  #reads = 0;
  // Audio frames are of one size, so most reads can use the view of the read before.
  #view: Buffer = SHARED;
  #viewed: Buffer = SHARED;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  start(onChunk: (chunk: Buffer) => void): void {
    readBuffered(this.#socket, onChunk);
    readInto(this.#socket, this.#reading, (length) => {
      onChunk(this.#filled(length));
      return this.#next();
    });
  }

  keepChunk(): void {
    if (this.#memory !== SHARED) this.#memory = Buffer.allocUnsafeSlow(this.#size);
  }

  rest(): void {
    if (this.#reads <= FEW_READS) this.#memory = SHARED;
    this.#reads = 0;
  }

  /** Returns the memory of the next read, where it is another one. */
  #next(): Buffer | undefined {
    if (this.#memory === SHARED ? this.#reads > FEW_READS : this.#memory.length < this.#size)
      this.#memory = Buffer.allocUnsafeSlow(this.#size);
    if (this.#memory === this.#reading) return undefined;
    this.#reading = this.#memory;
    return this.#memory;
  }

  #filled(length: number): Buffer {
    const read = this.#reading;
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
