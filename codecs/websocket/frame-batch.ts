// The data that a frame reader hands over for each chunk of a socket: bytes to pass on, whole messages, pings and pongs, and an end.
// Rule: everything is valid only until the next read.

import type { Frame } from './frame.ts';

/** The frames of one read. Its buffers are views of the chunk, or of memory that the next read reuses. */
export interface FrameBatch {
  /** Bytes of data frames that may pass on now, in order. */
  readonly runs: readonly Buffer[];
  /** The messages that these runs complete. */
  readonly frames: readonly Frame[];
  readonly controls: readonly ControlFrame[];
  /** Number of frames of any kind that ended in this read. */
  readonly count: number;
  /** Bytes of the chunk behind the last frame that was asked for; undefined when all of it was read. */
  readonly rest: Buffer | undefined;
  /** The reason why nothing more will be read. */
  readonly end: ReadEnd | undefined;
}

interface ControlFrame {
  readonly name: 'ping' | 'pong';
  readonly payload: Buffer;
}

/** A close frame, a protocol error with its close code, or a message that the gate refused. */
export type ReadEnd =
  | { readonly name: 'closed'; readonly payload: Buffer }
  | { readonly name: 'broken'; readonly code: number }
  | { readonly name: 'refused'; readonly refuse: () => void };

export type MutableFrameBatch = {
  -readonly [Field in keyof FrameBatch]: FrameBatch[Field] extends readonly (infer Item)[] ? Item[] : FrameBatch[Field];
};

/** The payload of the newest ping, the only one that needs an answer (RFC 6455, section 5.5.3). */
export const newestPing = ({ controls }: Pick<FrameBatch, 'controls'>): Buffer | undefined =>
  controls.findLast(({ name }) => name === 'ping')?.payload;

export const hasPong = ({ controls }: Pick<FrameBatch, 'controls'>): boolean =>
  controls.some(({ name }) => name === 'pong');

export const emptyFrameBatch = (): MutableFrameBatch => ({
  runs: [],
  frames: [],
  controls: [],
  count: 0,
  rest: undefined,
  end: undefined,
});
