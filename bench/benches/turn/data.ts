// The results of the turn benchmark: what callers recorded, and the times of their turns, in milliseconds of the caller's own clock.

/** An append that the provider will notice something in: when it was written, and how late that was. */
export interface Said {
  readonly append: number;
  readonly at: number;
  readonly lateMs: number;
}

export interface Heard {
  readonly at: number;
  /** Where the provider says it is in the audio. */
  readonly audioMs: number;
}

/** undefined: that did not come. */
export interface Reply {
  readonly firstAt?: number | undefined;
  readonly lastAt?: number;
  readonly doneAt?: number;
  readonly status?: string;
}

/** One session. */
export interface Trace {
  readonly contender: string;
  readonly said: readonly Said[];
  readonly started: readonly Heard[];
  readonly stopped: readonly Heard[];
  /** In the order of their first event. */
  readonly replies: readonly Reply[];
  readonly fault?: string | undefined;
}

export const KINDS = ['first_audio', 'answer', 'barge_in', 'cancelled'] as const;

/**
 * `first_audio`: speech_stopped to the first audio, as the client hears both. `answer`: the append that ended the turn to the
 * first audio. `barge_in`: the append that interrupts the reply to the last of it that is heard, or to speech_started, whichever
 * is later: from then on there is silence. `cancelled`: speech_started to the end of the interrupted reply.
 */
export type Kind = (typeof KINDS)[number];

/** One turn; `barge_in` and `cancelled` are of the reply that it interrupted. */
export interface TurnTimes extends Readonly<Record<Kind, number>> {
  /** Audio of the interrupted reply after speech_started; 0: none came. */
  readonly staleMs: number;
  /** How late the two appends that count were written, the later one. */
  readonly lateMs: number;
}

/** Contender -> sessions -> turns. */
export type TurnData = ReadonlyMap<string, readonly (readonly TurnTimes[])[]>;
