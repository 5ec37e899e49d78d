// Lets a client's message pass only by the rules of its session. Rule: while something is being found out, nothing of the client overtakes
// what waits; once no rule wants to see more, bytes pass untouched.

import { performance } from 'node:perf_hooks';
import type { Dialect, Rejection } from '../../../adapters/realtime/contract/dialect.ts';
import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';
import type { ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { ReadFrames } from '../link/source-reader.ts';
import type { MessageWatch } from '../unfinished-messages.ts';
import { HELD, HeldChunks, type HeldChunksOptions } from './held-chunks.ts';
import type { Receivers } from './inject-context.ts';
import { WholeMessages } from './whole-messages.ts';

/** Decides about messages of a client. */
export interface ClientRule {
  /** Returns undefined to let a message pass. `frame.data` is valid during the call. */
  verdictOn(frame: Frame): Verdict | undefined;
  /** Tells whether the session goes on after a rejection, where its dialect has an event that tells of it. */
  goesOn(rejection: Rejection): boolean;
}

/** `isLast`: the rule wants to see no message after this one, if it passes. `instead` is what the rules behind it see. */
type Verdict =
  | { readonly rejection: Rejection }
  | { readonly instead: OutFrame; readonly isLast?: boolean }
  | { readonly isLast: true }
  | { readonly answer: Promise<Rejection | undefined>; readonly isLast: boolean };

export interface ClientGateOptions extends HeldChunksOptions {
  readonly rules: readonly ClientRule[];
  readonly subject: { readonly dialect: Pick<Dialect, 'errorEvent'> };
  /** Messages of the client. */
  readonly messages: Pick<MessageWatch, 'newReader'>;
  /** Tells whether the session goes on: in one that has ended nothing passes any more. */
  isOpen(): boolean;
  /** Sends the client an event of our own; false, and nothing sent, within a message of the provider. */
  interject(event: OutFrame): boolean;
  /** Called for each whole message of the client. */
  readonly onTaken?: (() => void) | undefined;
  onClientEnd(end: ReadEnd): void;
  onPong?(at: number): void;
  readonly metrics: Pick<Metrics, 'refused'>;
  /** Called for a message that ends the session. `frame` is valid during the call. */
  onRejected(rejection: Rejection, frame: Frame): void;
  onFault(error: unknown): void;
}

/** Refusals that wait for the end of a provider's message; a client that collects more is told no more of them. */
const MAX_EVENTS = 64;

/** `asking`: about a message; `waiting`: until `open`; `dropping`: the client has closed before, nothing of it passes. */
type GateState = 'reading' | 'asking' | 'waiting' | 'dropping' | 'done' | 'ended';

interface Asked {
  readonly answer: Promise<Rejection | undefined>;
  readonly rule: ClientRule;
  readonly isLast: boolean;
  /** The message as the rules before have made it; undefined: it is as it was. */
  readonly instead: OutFrame | undefined;
}

export class ClientGate implements Receivers {
  readonly #receivers: Receivers;
  readonly #rules: Set<ClientRule>;
  readonly #options: ClientGateOptions;
  readonly #whole: WholeMessages;
  readonly #held: HeldChunks;
  #hasClose: ReturnType<WholeMessages['closeFinder']> = () => false;
  #state: GateState = 'reading';
  #whenReleased: (() => void) | undefined;
  /** Refusals that the client has yet to be told. */
  #events: OutFrame[] = [];

  constructor(receivers: Receivers, options: ClientGateOptions) {
    this.#receivers = receivers;
    this.#rules = new Set(options.rules);
    this.#options = options;
    this.#held = new HeldChunks(options);
    this.#whole = new WholeMessages({
      source: options.client,
      isMasked: true,
      messages: options.messages,
      pass: (chunk, at, maxFrames) => this.#receivers.fromClient(chunk, at, maxFrames),
      decide: (frame) => this.#decide(frame),
      onRead: () => {
        options.onTaken?.();
        this.#endIfLast();
      },
      onPong: options.onPong,
      mayRead: () => this.#state === 'reading' || this.#state === 'dropping',
      onEnd: (end) => {
        this.#state = 'ended';
        options.onClientEnd(end);
      },
    });
  }

  readonly fromClient: ReadFrames = (chunk, at, maxFrames) => {
    if (this.#state === 'done') return this.#receivers.fromClient(chunk, at, maxFrames);
    if (this.#state === 'asking' || this.#state === 'waiting') this.#hold(chunk);
    if (this.#state === 'reading' || this.#state === 'dropping') return this.#whole.read(chunk, at, maxFrames);
    return HELD;
  };

  readonly fromProvider: ReadFrames = (chunk, at, maxFrames) => {
    const read = this.#receivers.fromProvider(chunk, at, maxFrames);
    if (this.#events.length > 0) this.#tell();
    return read;
  };

  /** Leaves out what waits to be opened: it does not count. */
  afterHeld(callback: () => void): boolean {
    if (this.#state !== 'asking') return this.#receivers.afterHeld(callback);
    this.#whenReleased = callback;
    return true;
  }

  /** Forgets what was read of a message that will not end, and what is held: a client that comes back sends again what was not taken. */
  forgetUnfinished(): void {
    this.#whole.forgetUnfinished();
    this.#held.drop();
    this.#hasClose = this.#whole.closeFinder();
  }

  /** Holds all messages until `open`; false, and no hold, while one is asked about, or where the client is leaving. */
  shut(): boolean {
    if (this.#state !== 'reading') return false;
    this.#state = 'waiting';
    this.#hasClose = this.#whole.closeFinder();
    return true;
  }

  open(): void {
    if (this.#state === 'waiting') this.#release();
  }

  #decide(frame: Frame): (() => void) | undefined {
    if (this.#state === 'dropping') return () => {};
    const decision = this.#judge(frame);
    if (decision === undefined || typeof decision === 'function') return decision;
    const kept = copied(frame);
    return () => void this.#ask(decision, kept);
  }

  /**
   * Asks the rules in turn: those behind one that has to find something out only once that is known, so that none learns of a message that is refused.
   * `behind`: the rule that has let it pass, and what it was by then.
   */
  #judge(frame: Frame, behind?: Asked): (() => void) | Asked | undefined {
    let instead = behind?.instead;
    let isBehind = behind === undefined;
    for (const rule of this.#rules) {
      const verdict = isBehind
        ? rule.verdictOn(instead === undefined ? frame : { ...instead, at: frame.at })
        : undefined;
      isBehind ||= rule === behind?.rule;
      if (verdict === undefined) continue;
      if ('rejection' in verdict) return this.#refusal(rule, verdict.rejection, copied(frame));
      if ('answer' in verdict) return { ...verdict, rule, instead };
      if ('instead' in verdict) ({ instead } = verdict);
      if ('isLast' in verdict && verdict.isLast) this.#rules.delete(rule);
    }
    const out = instead;
    return out && (() => this.#whole.send(out, performance.now()));
  }

  #refusal(rule: ClientRule, rejection: Rejection, frame: Frame): () => void {
    return () => this.#refuse(rule, rejection, frame);
  }

  async #ask(asked: Asked, frame: Frame): Promise<void> {
    this.#state = 'asking';
    const rejection = await asked.answer;
    try {
      // The close of a client is behind what is held.
      if (!this.#options.isOpen()) return void this.#release();
      const decision =
        rejection === undefined ? this.#judge(frame, asked) : this.#refusal(asked.rule, rejection, frame);
      if (rejection === undefined && asked.isLast) this.#rules.delete(asked.rule);
      if (decision !== undefined && typeof decision !== 'function') return void this.#ask(decision, frame);
      if (decision === undefined) this.#whole.send(frame, performance.now());
      else decision();
      if (this.#state === 'asking') this.#release();
      else this.#tellReleased();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #refuse(rule: ClientRule, rejection: Rejection, frame: Frame): void {
    const { subject, metrics, onRejected } = this.#options;
    const event = rule.goesOn(rejection) ? subject.dialect.errorEvent(rejection, frame) : undefined;
    if (event === undefined) {
      this.#state = 'ended';
      onRejected(rejection, frame);
      return;
    }
    metrics.refused(rejection.code, rejection.code === 'side_unavailable' ? 503 : 403);
    if (this.#events.length < MAX_EVENTS) this.#events.push(event);
    this.#tell();
  }

  #tell(): void {
    const { interject } = this.#options;
    while (this.#events.length > 0 && interject(this.#events[0] as OutFrame)) this.#events.shift();
  }

  #endIfLast(): void {
    if (this.#rules.size === 0 && this.#state === 'reading') this.#state = 'done';
  }

  /** Nobody waits for what would be opened to a client that closes. */
  #hold(chunk: Buffer): void {
    this.#held.add(chunk);
    const isLeaving = this.#state === 'waiting' && this.#hasClose(chunk);
    if (isLeaving || !this.#options.isOpen()) this.#release(isLeaving ? 'dropping' : undefined);
  }

  #release(state: GateState = this.#rules.size === 0 ? 'done' : 'reading'): void {
    this.#state = state;
    this.#held.release();
    this.#tellReleased();
  }

  #tellReleased(): void {
    const callback = this.#whenReleased;
    this.#whenReleased = undefined;
    callback?.();
  }
}

/** A frame is valid only while it is read. */
const copied = (frame: Frame): Frame => ({ ...frame, data: Buffer.from(frame.data) });
