// What the two load processes say about a run. Plain data that crosses a process boundary.

/** What a sender did. */
export interface SentLoad {
  /** Measured frames, without the warm-up. */
  readonly frames: number;
  /** Frames of the warm-up. */
  readonly warmUps: number;
  readonly bytes: number;
  /** How much later than intended a frame was handed to the kernel: a histogram in nanoseconds, compressed base64. */
  readonly lateness: string;
  /** Monotonic clock, nanoseconds: when the measured part began and ended. */
  readonly from: string;
  readonly until: string;
}

/** What the clients saw of the streamed answers since the last call: histograms in nanoseconds, compressed base64. */
export interface StreamedTokens {
  /** From the intended time of the question to the first token. */
  readonly firsts: string;
  /** Between two tokens of an answer. */
  readonly gaps: string;
}

/** What a receiver saw of the measured frames. */
export interface ReceivedLoad {
  readonly frames: number;
  readonly bytes: number;
  /** From the intended time to the last byte of the frame: a histogram in nanoseconds, compressed base64. */
  readonly latency: string;
  /** Sessions that ended since the last call without being asked to. */
  readonly ended: number;
}
