// The sink of a call in a class that keeps answers: it tells of the cache in the head, and keeps a copy of the bytes that its client is sent.

import type { CacheUse, StreamHead, StreamSink } from '../../call.ts';

interface CachedStreamOptions {
  readonly sink: StreamSink;
  readonly cache: CacheUse;
  /** Most bytes that are copied; 0: none. */
  readonly maxBytes: number;
}

export class CachedStream implements StreamSink {
  readonly #options: CachedStreamOptions;
  #pieces: Buffer[] | undefined = [];
  #length = 0;

  constructor(options: CachedStreamOptions) {
    this.#options = options;
  }

  /** The bytes since the head; undefined where they are too many. */
  get bytes(): Buffer | undefined {
    return this.#pieces && Buffer.concat(this.#pieces);
  }

  asked(): void {
    this.#options.sink.asked();
  }

  opened(): void {
    this.#options.sink.opened();
  }

  comment(bytes: Buffer): void {
    this.#options.sink.comment(bytes);
  }

  begin(head: StreamHead): void {
    const { sink, cache } = this.#options;
    sink.begin({ ...head, cache });
  }

  write(bytes: Buffer): void {
    this.#options.sink.write(bytes);
    this.#length += bytes.length;
    if (this.#length > this.#options.maxBytes) this.#pieces = undefined;
    this.#pieces?.push(bytes);
  }
}
