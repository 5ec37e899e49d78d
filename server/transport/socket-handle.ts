// The handles that Node keeps beneath its sockets. Reads and writes at the handle cost a frame less than those through the stream, and have no
// public way: no other file of sessions touches handles, and where a release of Node has other names, everything goes through the stream.

import type { Socket } from 'node:net';

/** A write that is under way. `oncomplete` is called with 0, or an error of libuv. */
interface WriteRequest {
  /** Keeps the memory until then. */
  bytes?: Buffer;
  oncomplete?: (status: number) => void;
}

interface Handle {
  readonly bytesWritten: number;
  /** Bytes that the kernel has yet to take. */
  readonly writeQueueSize?: number;
  /** Under TLS: the handle of the TCP connection. */
  readonly _parent?: Handle | null;
  /** Called for each read, for the end and for errors. What it returns is the memory of the next read. */
  onread(): Buffer | undefined;
  useUserBuffer(memory: Buffer): void;
  /** Returns 0, or an error of libuv. Keeps the request only where the kernel has not taken all bytes. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  /** Results of the newest read and write of the process. */
  readonly streamBaseState: Int32Array;
  /** Indices of these. */
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

const binding = streamBinding();
const { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = binding as StreamBinding;

function streamBinding(): Partial<StreamBinding> {
  try {
    return (process as unknown as { binding(name: string): Partial<StreamBinding> }).binding('stream_wrap');
  } catch {
    return {};
  }
}

const handleOf = (socket: Socket | null) => (socket as { readonly _handle?: Partial<Handle> | null } | null)?._handle;

let knownField: symbol | undefined;

/** The field of a socket with memory of its own, which lets `pause` and `resume` act on the handle at once; the same for all sockets. */
function memoryField(socket: Socket): symbol | undefined {
  if (knownField === undefined || !(knownField in socket))
    knownField = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'kBuffer');
  return knownField;
}

/** Tells whether a socket may be read and written at its handle. */
export function hasDirectWays(socket: Socket): boolean {
  const handle = handleOf(socket);
  const members = (['onread', 'useUserBuffer', 'writeBuffer', 'writeQueueSize'] as const).map((name) => handle?.[name]);
  return (
    memoryField(socket) !== undefined &&
    [...members, binding.WriteWrap, binding.streamBaseState].every((part) => part !== undefined) &&
    [kReadBytesOrError, kLastWriteWasAsync].every(Number.isInteger)
  );
}

/** Bytes of a socket that the kernel took so far: one write of 16 MiB is one request, so only the handle sees it progress. */
export function takenBytes(socket: Socket | null): number | undefined {
  const top = handleOf(socket);
  const handle = top?._parent ?? top;
  return handle?.bytesWritten === undefined ? undefined : handle.bytesWritten - (handle.writeQueueSize ?? 0);
}

/** True when the TCP connection beneath TLS has nothing left to write. */
export const hasTcpTakenAll = (socket: Socket): boolean => handleOf(socket)?._parent?.writeQueueSize === 0;

/** Reads a socket into memory. `received` gets the length of each read, and returns the memory of the next one where that is another. */
export function readInto(socket: Socket, memory: Buffer, received: (length: number) => Buffer | undefined): void {
  const handle = handleOf(socket) as Handle | null;
  if (handle === null) return;
  const { onread } = handle;
  Object.assign(socket, { [memoryField(socket) as symbol]: memory });
  handle.useUserBuffer(memory);
  handle.onread = () => {
    const length = streamBaseState[kReadBytesOrError] as number;
    return length > 0 && !socket.destroyed ? received(length) : onread.call(handle);
  };
}

/** The request of the next write of whatever socket: nearly all leave it unused. */
let spare: WriteRequest = binding.WriteWrap === undefined ? {} : new WriteWrap();

/** Writes to a TCP socket past its stream. Under TLS two writes at once would end the process. */
export class DirectWriter {
  readonly #socket: Socket;
  readonly #handle: Handle;
  /** The newest write that libuv has yet to call done. */
  #underWay: WriteRequest | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#handle = handleOf(socket) as Handle;
  }

  /**
   * Length of the write that the kernel has not taken whole. The kernel may take the rest at once, and libuv says so in its next turn: who waits
   * for that by empty writes, which are done at once then, would never let the turn come.
   */
  get queuedBytes(): number {
    return this.#underWay?.bytes === undefined || this.#handle.writeQueueSize === 0 ? 0 : this.#underWay.bytes.length;
  }

  /** Writes where nothing is queued, here or in the stream. Returns true while the memory of the bytes is in use. */
  write(bytes: Buffer): boolean {
    if (this.#handle.writeBuffer(spare, bytes) !== 0) this.#socket.destroy();
    else if (streamBaseState[kLastWriteWasAsync] !== 0) this.#await(bytes);
    return this.queuedBytes > 0;
  }

  #await(bytes: Buffer): void {
    const request = spare;
    spare = new WriteWrap();
    this.#underWay = request;
    request.bytes = bytes;
    request.oncomplete = (status) => {
      if (this.#underWay === request) this.#underWay = undefined;
      if (status < 0) this.#socket.destroy();
    };
  }
}
