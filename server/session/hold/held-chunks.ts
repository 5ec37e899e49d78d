// Holds chunks of a client that may not pass yet. What is held is bounded: the client is not read while it is more than `pauseBytes`.

import type { Limits } from '../../config/config.ts';
import type { Peer } from '../../transport/peer.ts';

export interface HeldChunksOptions {
  readonly client: Peer;
  readonly limits: Pick<Limits, 'pauseBytes'>;
  /** Takes chunks of the client that were held: they are read again, before anything that comes later. */
  readAgain(chunks: readonly Buffer[]): void;
}

/** Memory that a held chunk takes beside its bytes: a flood of tiny chunks must not hold more memory than a few large chunks. */
const READ_COST_BYTES = 512;

/** The result of a read whose chunk is held: see `ReadFrames`. */
export const HELD = { count: 0, rest: undefined };

export class HeldChunks {
  readonly #options: HeldChunksOptions;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(options: HeldChunksOptions) {
    this.#options = options;
  }

  add(chunk: Buffer): void {
    const { client, limits } = this.#options;
    this.#chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length + READ_COST_BYTES;
    if (this.#bytes > limits.pauseBytes) client.pause('held');
  }

  /** Reads the client again, what was held first. */
  release(): void {
    const chunks = this.#chunks;
    this.drop();
    this.#options.readAgain(chunks);
  }

  /** Lets go of what is held, and reads the client again. */
  drop(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#options.client.resume('held');
  }
}
