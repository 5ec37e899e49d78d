// Computes the times of turns from what a caller recorded. Pure; all times are milliseconds of the caller's own clock.

import type { CallerTrace, HeardMark, MeasuredTurn, Reply, SaidAppend } from './data.ts';
import type { TurnScript } from './script.ts';

/** Turn by turn, without the first one, which interrupts nothing. Throws when the session did not go as written. */
export function timesOf(trace: CallerTrace, script: TurnScript): MeasuredTurn[] {
  check(trace, script);
  const said = new Map(trace.said.map((mark) => [mark.append, mark]));
  return script.started.slice(1).map((start, index) => {
    const turn = index + 1;
    const [begun, ended] = [start, script.stopped[turn]].map((mark) => said.get(mark?.append ?? -1)) as [
      SaidAppend,
      SaidAppend,
    ];
    const [started, stopped] = [trace.started[turn], trace.stopped[turn]] as [HeardMark, HeardMark];
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

function check({ fault, said, started, stopped, replies }: CallerTrace, script: TurnScript): void {
  if (fault !== undefined) throw new Error(fault);
  const turns = script.started.length;
  const isSame = (heard: readonly HeardMark[], marks: TurnScript['started']) =>
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
