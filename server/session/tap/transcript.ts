// The turns of one session, from what the tap observes: what both sides said in each. A finished turn is handed over once its words are
// complete, or soon after, in order. Texts are bounded.

import type { Mark, Observation, Utterance } from '../../../adapters/realtime/contract/observation.ts';
import type { TurnFinished } from '../../ipc/session-event.ts';
import type { SessionUsage } from '../../ipc/session-record.ts';
import type { Observer } from './tap.ts';
import { Turn } from './turn.ts';

export interface TranscriptOptions {
  readonly session: string;
  /** false: turns are counted, their texts are undefined. */
  readonly keepsText: boolean;
  readonly onTurn: (turn: TurnFinished) => void;
  /** Returns the usage of the session so far, and its model. */
  readonly usage: () => SessionUsage;
  /** Converts monotonic ms to ms since the epoch. */
  readonly timeOf?: (at: number) => number;
  readonly limits?: Partial<TranscriptLimits>;
  /** Turns of the session before. */
  readonly turnCount?: number | undefined;
}

interface TranscriptLimits {
  /** Time that a finished turn waits for words that are still to come. */
  readonly graceMs: number;
  /** Length of a turn in a session that never says where a turn ends. */
  readonly continuousMs: number;
  /** Characters of each side of a turn. */
  readonly maxCharacters: number;
}

const DEFAULT_LIMITS: TranscriptLimits = { graceMs: 3000, continuousMs: 15_000, maxCharacters: 20_000 };
/** Finished turns that wait: when one more ends, the oldest is handed over as it is. */
const MAX_WAITING_TURNS = 2;
/** A piece of a reply may come so long after the end of its turn. */
const LATE_MS = 1000;

export class Transcript implements Observer {
  readonly #options: TranscriptOptions;
  readonly #limits: TranscriptLimits;
  /** Finished turns that wait for their words, oldest first. */
  readonly #waiting: Turn[] = [];
  /** undefined while nothing has happened in it. */
  #turn: Turn | undefined;
  #count = 0;
  #isContinuous = false;
  /** The time when the user spoke into the reply: the next turn began then. */
  #spokeAt: number | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(options: TranscriptOptions) {
    this.#options = options;
    this.#count = options.turnCount ?? 0;
    this.#limits = options.limits ? { ...DEFAULT_LIMITS, ...options.limits } : DEFAULT_LIMITS;
  }

  observe(observation: Observation, mark: Mark | undefined, at: number): void {
    if (observation.isContinuous) this.#isContinuous = true;
    // The words that come with an interruption are those of the next turn; with any other end, they are of this one.
    if (mark === 'interrupted') {
      this.#end(at, true);
      if (observation.mark === 'speech-started') this.#current().start(at);
    }
    // A request begins a turn: its words are no late ones of the turn before.
    if (mark === 'request') this.#current().start(at);
    // Reading the utterances may take a parse.
    if (this.#options.keepsText) this.#addWords(observation, at);
    if (mark !== undefined) this.#mark(mark, at);
  }

  /** Turns that were handed over. */
  get count(): number {
    return this.#count;
  }

  /** Hands over what is left when the session has ended. */
  finish(at: number): void {
    this.#end(at, false);
    this.#release(true);
    clearTimeout(this.#grace);
  }

  #current(): Turn {
    this.#turn ??= new Turn(this.#limits.maxCharacters);
    return this.#turn;
  }

  #mark(mark: Mark, at: number): void {
    switch (mark) {
      case 'speech-started':
        if (this.#turn?.hasReply) this.#spokeAt ??= at;
        this.#current().start(at);
        return;
      case 'speech-stopped':
        this.#current().start(at);
        return;
      case 'audio':
      case 'text':
        this.#current().reply(at);
        return;
      case 'turn-done':
        this.#end(at, false);
        return;
      case 'request':
      case 'interrupted':
        return;
    }
  }

  #addWords({ utterances = [], pendingTranscriptOf }: Observation, at: number): void {
    if (pendingTranscriptOf !== undefined) this.#current().expectTranscript(pendingTranscriptOf, at);
    for (const utterance of utterances) this.#add(utterance, at);
  }

  #add(utterance: Utterance, at: number): void {
    const { continuousMs } = this.#limits;
    const isTooLong = this.#turn?.hasContent && at - this.#turn.startedAt >= continuousMs;
    if (this.#isContinuous && isTooLong) this.#end(at, false);
    this.#turnOf(utterance, at).add(utterance, at);
    if (utterance.item !== undefined) this.#release();
  }

  /**
   * The text of an item goes to the turn that expects it. The rest of a reply may come after the end of its turn; what the user says
   * belongs to the next one.
   */
  #turnOf({ role, item, isPartial }: Utterance, at: number): Turn {
    if (item !== undefined) return this.#waiting.find((turn) => turn.expects(item)) ?? this.#current();
    const last = this.#waiting.at(-1);
    const isLate = isPartial && role === 'assistant' && !this.#turn?.hasStarted;
    return isLate && last !== undefined && at - last.endedAt < LATE_MS ? last : this.#current();
  }

  #end(at: number, isInterrupted: boolean): void {
    if (this.#turn?.hasContent) {
      this.#turn.end(at, isInterrupted);
      this.#waiting.push(this.#turn);
    }
    this.#turn = undefined;
    if (this.#spokeAt !== undefined) this.#current().start(this.#spokeAt);
    this.#spokeAt = undefined;
    this.#release();
  }

  /** Hands over from the oldest on, and never out of order. `isLast`: also turns whose words are not complete. */
  #release(isLast = false): void {
    const { keepsText } = this.#options;
    for (let oldest = this.#waiting[0]; oldest !== undefined; oldest = this.#waiting[0]) {
      if (!isLast && keepsText && !oldest.isComplete && this.#waiting.length <= MAX_WAITING_TURNS) break;
      this.#waiting.shift();
      this.#emit(oldest);
    }
    clearTimeout(this.#grace);
    if (this.#waiting.length > 0) this.#grace = setTimeout(() => this.#release(true), this.#limits.graceMs).unref();
  }

  #emit(turn: Turn): void {
    const { session, keepsText, onTurn, usage, timeOf = epochOf } = this.#options;
    this.#count += 1;
    onTurn({
      kind: 'turn',
      session,
      number: this.#count,
      startedAt: timeOf(turn.startedAt),
      endedAt: timeOf(turn.endedAt),
      user: keepsText ? turn.text('user') : undefined,
      assistant: keepsText ? turn.text('assistant') : undefined,
      isInterrupted: turn.isInterrupted,
      ...usage(),
    });
  }
}

/** Uses the clock of now: since the process began the machine may have slept, or its clock been set. */
const epochOf = (at: number): number => Math.round(Date.now() - (performance.now() - at));
