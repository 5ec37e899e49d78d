// Keeps a message that comes in pieces, in one buffer that grows with what has come: neither the number of the pieces nor a length that
// was only announced takes memory.

const EMPTY = Buffer.alloc(0);
/** Capacity up to which an announced length is believed. */
const BELIEVED_BYTES = 16 * 1024;

export class MessageBuffer {
  #memory = EMPTY;
  #used = 0;
  readonly #onResize: ((byBytes: number) => void) | undefined;

  /** `onResize`: told by how many bytes the memory has grown, or shrunk. */
  constructor(onResize?: (byBytes: number) => void) {
    this.#onResize = onResize;
  }

  /** Bytes that are kept. */
  get length(): number {
    return this.#used;
  }

  /** Adds a copy of the piece. `announced`: number of bytes that will follow it, where the sender has said so. */
  add(piece: Buffer, announced = Number.POSITIVE_INFINITY): void {
    const needed = this.#used + piece.length;
    if (needed > this.#memory.length) this.#grow(Math.min(needed + announced, Math.max(2 * needed, BELIEVED_BYTES)));
    piece.copy(this.#memory, this.#used);
    this.#used = needed;
  }

  /** Gives the bytes away, in less than twice their own memory, and begins anew. */
  take(): Buffer {
    const bytes = this.#memory.subarray(0, this.#used);
    const isMostlyEmpty = 2 * this.#used < this.#memory.length;
    this.clear();
    return isMostlyEmpty ? Buffer.from(bytes) : bytes;
  }

  clear(): void {
    if (this.#memory.length > 0) this.#onResize?.(-this.#memory.length);
    this.#memory = EMPTY;
    this.#used = 0;
  }

  /** Memory of its own: a piece of a shared pool would keep all of the pool. */
  #grow(toBytes: number): void {
    const grown = Buffer.allocUnsafeSlow(toBytes);
    this.#memory.copy(grown, 0, 0, this.#used);
    this.#onResize?.(toBytes - this.#memory.length);
    this.#memory = grown;
  }
}
