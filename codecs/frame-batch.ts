// What a reader of frames finds in one read.

import type { Frame } from './frame.ts';

/** What one read held. Its buffers are views of the chunk, or of memory that the next read uses again. */
export interface Batch {
  /** Bytes of data frames that may pass now, in order. */
  readonly runs: readonly Buffer[];
  /** The messages that are complete with these runs. */
  readonly frames: readonly Frame[];
  readonly controls: readonly Control[];
  /** Frames of any kind that ended here. */
  readonly count: number;
  /** Why nothing more will be read. */
  readonly end: ReadEnd | undefined;
}

export interface Control {
  readonly name: 'ping' | 'pong';
  readonly payload: Buffer;
}

/** A close frame, a breach of the protocol with the close code of its fault, or a message that the gate kept back. */
export type ReadEnd =
  | { readonly name: 'closed'; readonly payload: Buffer }
  | { readonly name: 'broken'; readonly code: number }
  | { readonly name: 'refused'; readonly refuse: () => void };

export type OpenBatch = {
  -readonly [Field in keyof Batch]: Batch[Field] extends readonly (infer Item)[] ? Item[] : Batch[Field];
};

export const newBatch = (): OpenBatch => ({ runs: [], frames: [], controls: [], count: 0, end: undefined });
