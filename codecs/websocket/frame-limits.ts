// Limits of what a frame reader lets through.

import type { Frame } from './frame.ts';

export interface FrameLimits {
  /** True for frames of clients. */
  readonly isMasked: boolean;
  readonly maxPayloadBytes: number;
  readonly maxFragments: number;
  /** Reads over which one incomplete message may extend. */
  readonly maxBufferedChunks: number;
}

/**
 * Decides about every message before a byte of it passes, so messages are held until they are complete. Returns undefined to let the
 * message pass, else the callback for its refusal. `frame.data` is valid during the call.
 */
export type Gate = (frame: Frame) => (() => void) | undefined;
