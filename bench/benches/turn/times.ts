// From what a caller wrote down to the times of its turns. Pure; all times are milliseconds of the caller's own clock.

import type { TurnScript } from './script.ts';

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

/** Turn by turn, without the first one, which interrupts nothing. Throws when the session did not go as written. */
export function timesOf(trace: Trace, script: TurnScript): TurnTimes[] {
  check(trace, script);
  const said = new Map(trace.said.map((one) => [one.append, one]));
  return script.started.slice(1).map((start, index) => {
    const turn = index + 1;
    const [begun, ended] = [start, script.stopped[turn]].map((mark) => said.get(mark?.append ?? -1)) as [Said, Said];
    const [started, stopped] = [trace.started[turn], trace.stopped[turn]] as [Heard, Heard];
    const [interrupted, reply] = [trace.replies[index], trace.replies[turn]] as [Required<Reply>, Required<Reply>];
    const firstAt = reply.firstAt as number;
    return {
      first_audio: firstAt - stopped.at,
      answer: firstAt - ended.at,
      barge_in: Math.max(started.at, interrupted.lastAt) - begun.at,
      cancelled: interrupted.doneAt - started.at,
      staleMs: Math.max(0, interrupted.lastAt - started.at),
      lateMs: Math.max(begun.lateMs, ended.lateMs),
    };
  });
}

function check({ fault, said, started, stopped, replies }: Trace, script: TurnScript): void {
  if (fault !== undefined) throw new Error(fault);
  const turns = script.started.length;
  const isSame = (heard: readonly Heard[], marks: TurnScript['started']) =>
    heard.length === turns && heard.every(({ audioMs }, turn) => audioMs === marks[turn]?.audioMs);
  if (said.length !== 2 * turns) throw new Error('not everything was said');
  if (!isSame(started, script.started) || !isSame(stopped, script.stopped)) {
    throw new Error(`${started.length} and ${stopped.length} ends of ${turns} turns were heard, or elsewhere`);
  }
  if (replies.length !== turns || replies.some(({ firstAt }) => firstAt === undefined)) {
    throw new Error(`${replies.length} spoken replies to ${turns} turns`);
  }
  if (replies.slice(0, -1).some(({ status }) => status !== 'cancelled')) throw new Error('a reply was not interrupted');
}
