// A load and its results at both ends: plain data that crosses a process boundary.

/** Frames on a fixed schedule, evenly staggered over the open sessions. */
export interface Load {
  /**
   * `append`: client audio; `delta`: provider audio; `text`: provider text; `ask`: the client asks for an answer in text; `sound`: the audio of an
   * `append` or `delta` of that size in a binary message, either way. The real dialect, with the intended time inside.
   */
  readonly frame: 'append' | 'delta' | 'text' | 'ask' | 'sound';
  /** Size of the whole message, in base64. */
  readonly frameBytes: number;
  /** Period of one session. */
  readonly frameMs: number;
  /** Sent, and thrown away by the receiver. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Sent over the sessions of this group alone; over all when it is not given. */
  readonly group?: string;
}

/** Pace of an answer: a whole one comes after all of it, a streamed one token by token. */
export interface Pace {
  /** Time until the first token. */
  readonly thinkMs: number;
  readonly tokens: number;
  readonly gapMs: number;
}

/** Result of a sender. */
export interface SentLoad {
  /** Measured frames, without the warm-up. */
  readonly frames: number;
  /** Frames of the warm-up. */
  readonly warmUps: number;
  readonly bytes: number;
  /** Time from the intended moment until the frame was handed to the kernel: a histogram in nanoseconds, compressed base64. */
  readonly lateness: string;
  /** Length of the measured part, to the last frame. */
  readonly ns: number;
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

/** Waits until `frames` measured frames are there, or `waitMs` have passed. */
export interface Expected {
  readonly frames: number;
  readonly waitMs: number;
}
