// What a reader of frames finds in one read.

import type { Frame } from './frame.ts';

/** What one read held. Its buffers are views of the chunk, or of memory that the next read uses again. */
export interface FrameBatch {
  /** Bytes of data frames that may pass now, in order. */
  readonly runs: readonly Buffer[];
  /** The messages that are complete with these runs. */
  readonly frames: readonly Frame[];
  readonly controls: readonly ControlFrame[];
  /** Frames of any kind that ended here. */
  readonly count: number;
  /** Why nothing more will be read. */
  readonly end: ReadEnd | undefined;
}

export interface ControlFrame {
  readonly name: 'ping' | 'pong';
  readonly payload: Buffer;
}

/** A close frame, a breach of the protocol with the close code of its fault, or a message that the gate kept back. */
export type ReadEnd =
  | { readonly name: 'closed'; readonly payload: Buffer }
  | { readonly name: 'broken'; readonly code: number }
  | { readonly name: 'refused'; readonly refuse: () => void };

export type MutableFrameBatch = {
  -readonly [Field in keyof FrameBatch]: FrameBatch[Field] extends readonly (infer Item)[] ? Item[] : FrameBatch[Field];
};

export const emptyFrameBatch = (): MutableFrameBatch => ({
  runs: [],
  frames: [],
  controls: [],
  count: 0,
  end: undefined,
});
