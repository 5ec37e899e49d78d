// The turns of one session, from what the tap sees: where one ends, and what both sides said in it. A finished turn is handed over
// once its words are complete, or soon after, in order. Only what was observed after the send comes here, and texts are bounded.

import type { Observation, Utterance } from '../../adapters/realtime/contract.ts';
import type { TurnFinished } from '../ipc/session-event.ts';
import type { SessionUsage } from '../ipc/session-record.ts';
import { openTurn, type Turn } from './turn.ts';

export interface Transcript {
  /** `at`: monotonic ms, of the frame. */
  observe(observation: Observation, at: number): void;
  /** The session has ended: hands over what is left. */
  finish(at: number): void;
}

export interface TranscriptOptions {
  readonly session: string;
  /** false: turns are counted, their texts are undefined. */
  readonly keepsText: boolean;
  readonly handOver: (turn: TurnFinished) => void;
  /** What the session has used so far, and its model. */
  readonly used: () => SessionUsage;
  /** From monotonic ms to ms since the epoch. */
  readonly timeOf?: (at: number) => number;
  readonly limits?: Partial<TranscriptLimits>;
}

export interface TranscriptLimits {
  /** How long a finished turn waits for words that are still to come. */
  readonly graceMs: number;
  /** A session that never says where a turn ends is cut into turns as long as this. */
  readonly continuousMs: number;
  /** Of each side of a turn. */
  readonly maxCharacters: number;
}

export const TRANSCRIPT_LIMITS: TranscriptLimits = { graceMs: 3000, continuousMs: 15_000, maxCharacters: 20_000 };
/** Finished turns that wait: when one more ends, the oldest is handed over as it is. */
const WAITING_TURNS = 2;
/** A piece of a reply may come so long after the end of its turn. */
const LATE_MS = 1000;

export function startTranscript(options: TranscriptOptions): Transcript {
  const { session, keepsText, handOver, used, timeOf = epochOf } = options;
  const limits = { ...TRANSCRIPT_LIMITS, ...options.limits };
  const waiting: Turn[] = [];
  /** undefined while nothing has happened in it. */
  let turn: Turn | undefined;
  let count = 0;
  let isContinuous = false;
  /** The reply was cut off; its own end may still come. */
  let isCutOff = false;
  /** The user spoke into the reply: the next turn began then. */
  let spokeAt: number | undefined;
  let grace: NodeJS.Timeout | undefined;

  function current(): Turn {
    turn ??= openTurn(limits.maxCharacters);
    return turn;
  }

  function end(at: number, isInterrupted: boolean): void {
    if (turn?.hasContent) {
      turn.end(at, isInterrupted);
      waiting.push(turn);
    }
    turn = undefined;
    if (spokeAt !== undefined) current().start(spokeAt);
    spokeAt = undefined;
    release();
  }

  /** Hands over from the oldest on, and never out of order. */
  function release(isLast = false): void {
    for (let oldest = waiting[0]; oldest !== undefined; oldest = waiting[0]) {
      if (!isLast && keepsText && !oldest.isComplete && waiting.length <= WAITING_TURNS) break;
      waiting.shift();
      give(oldest);
    }
    clearTimeout(grace);
    if (waiting.length > 0) grace = setTimeout(() => release(true), limits.graceMs).unref();
  }

  function give(done: Turn): void {
    count += 1;
    handOver({
      kind: 'turn',
      session,
      number: count,
      startedAt: timeOf(done.startedAt),
      endedAt: timeOf(done.endedAt),
      user: keepsText ? done.text('user') : undefined,
      assistant: keepsText ? done.text('assistant') : undefined,
      isInterrupted: done.isInterrupted,
      ...used(),
    });
  }

  function mark(name: NonNullable<Observation['mark']>, at: number): void {
    switch (name) {
      case 'speech-started':
        if (turn?.hasReply) spokeAt ??= at;
        return void current().start(at);
      case 'speech-stopped':
      case 'request':
        return void current().start(at);
      case 'audio':
      case 'text':
        isCutOff = false;
        return void current().reply(at);
      case 'interrupted':
        isCutOff = true;
        return void end(at, true);
      case 'turn-done':
        // Some providers end the turn that was cut off once more, when the next one has begun.
        if (!isCutOff || turn?.hasReply) end(at, false);
        isCutOff = false;
    }
  }

  /** Words of an item go where it was heard. The rest of a reply may come after its end; what the user says belongs to the next turn. */
  function placeOf({ role, item, isPartial }: Utterance, at: number): Turn {
    const last = waiting.at(-1);
    if (item !== undefined) return waiting.find((one) => one.awaits(item)) ?? current();
    const isLate = isPartial && role === 'assistant' && !turn?.hasStarted;
    return isLate && last !== undefined && at - last.endedAt < LATE_MS ? last : current();
  }

  function say(said: Utterance, at: number): void {
    if (isContinuous && turn?.hasContent && at - turn.startedAt >= limits.continuousMs) end(at, false);
    placeOf(said, at).add(said, at);
    if (said.item !== undefined) release();
  }

  function hear(observation: Observation, at: number): void {
    // To look at what was said may take a parse.
    if (!keepsText) return;
    const { utterances = [], pendingTranscriptOf } = observation;
    if (pendingTranscriptOf !== undefined) current().awaitWords(pendingTranscriptOf, at);
    for (const one of utterances) say(one, at);
  }

  return {
    observe(observation, at) {
      if (observation.isContinuous) isContinuous = true;
      // After an interruption the words are those of the next turn; before any other end, they are of this one.
      if (observation.mark === 'interrupted') mark('interrupted', at);
      hear(observation, at);
      if (observation.mark !== undefined && observation.mark !== 'interrupted') mark(observation.mark, at);
    },
    finish(at) {
      end(at, false);
      release(true);
      clearTimeout(grace);
    },
  };
}

/** By the clock of now: since the process began the machine may have slept, or its clock been set. */
const epochOf = (at: number): number => Math.round(Date.now() - (performance.now() - at));
