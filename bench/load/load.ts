// Results of the two load processes: plain data that crosses a process boundary.

/** Result of a sender. */
export interface SentLoad {
  /** Measured frames, without the warm-up. */
  readonly frames: number;
  /** Frames of the warm-up. */
  readonly warmUps: number;
  readonly bytes: number;
  /** Time from the intended moment until the frame was handed to the kernel: a histogram in nanoseconds, compressed base64. */
  readonly lateness: string;
  /** Monotonic clock, nanoseconds: when the measured part began and ended. */
  readonly from: string;
  readonly until: string;
}

/** Streamed answers that the clients saw since the last call: histograms in nanoseconds, compressed base64. */
export interface StreamedTokens {
  /** Time from the intended time of the question to the first token. */
  readonly firsts: string;
  /** Time between two tokens of an answer. */
  readonly gaps: string;
}

/** Measured frames that a receiver saw. */
export interface ReceivedLoad {
  readonly frames: number;
  readonly bytes: number;
  /** Time from the intended moment to the last byte of the frame: a histogram in nanoseconds, compressed base64. */
  readonly latency: string;
  /** Sessions that ended since the last call without being asked to. */
  readonly ended: number;
}
