// The results of the turn benchmark: what callers recorded, and the times of their turns, in milliseconds of the caller's own clock.

/** An append that the provider will notice something in: when it was written, and how late that was. */
export interface SaidAppend {
  readonly append: number;
  readonly at: number;
  readonly lateMs: number;
}

export interface HeardMark {
  readonly at: number;
  /** Position in the audio, as the provider says. */
  readonly audioMs: number;
}

/** Times of one reply; undefined where that event did not come. */
export interface Reply {
  readonly firstAt?: number | undefined;
  readonly lastAt?: number;
  readonly doneAt?: number;
  readonly status?: string;
}

/** One session. */
export interface CallerTrace {
  readonly contender: string;
  readonly said: readonly SaidAppend[];
  readonly started: readonly HeardMark[];
  readonly stopped: readonly HeardMark[];
  /** Replies in the order of their first event. */
  readonly replies: readonly Reply[];
  readonly fault?: string | undefined;
}

export const TURN_TIME_KINDS = ['first_audio', 'answer', 'barge_in', 'cancelled'] as const;

/**
 * `first_audio`: speech_stopped to the first audio, as the client hears both. `answer`: the append that ended the turn to the
 * first audio. `barge_in`: the append that interrupts the reply to the last of it that is heard, or to speech_started, whichever
 * is later: from then on there is silence. `cancelled`: speech_started to the end of the interrupted reply.
 */
export type TurnTimeKind = (typeof TURN_TIME_KINDS)[number];

/** One turn; `barge_in` and `cancelled` are of the reply that it interrupted. */
export interface MeasuredTurn extends Readonly<Record<TurnTimeKind, number>> {
  /** Audio of the interrupted reply after speech_started; 0: none came. */
  readonly staleMs: number;
  /** Lateness of the two appends that count, the larger one. */
  readonly lateMs: number;
}

/** Contender -> sessions -> turns. */
export type TurnData = ReadonlyMap<string, readonly (readonly MeasuredTurn[])[]>;
