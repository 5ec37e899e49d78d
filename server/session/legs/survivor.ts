// Goes on with a session at another socket of its provider: ahead of the end that the provider has set, between turns; and behind a death. Rule: the
// client's messages wait meanwhile, and what the sockets say of their change it does not see.

import { performance } from 'node:perf_hooks';
import type { Pins } from '../../../adapters/realtime/contract/pins.ts';
import type { FollowedSession, FollowOptions, Resumption } from '../../../adapters/realtime/contract/resumption.ts';
import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';
import type { ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import type { Peer } from '../../transport/peer.ts';
import { type CloseReason, pinsNotTaken, reasons } from '../close-reason.ts';
import type { ClientRule } from '../hold/client-gate.ts';
import type { Receivers } from '../hold/inject-context.ts';
import { WholeMessages } from '../hold/whole-messages.ts';
import type { MessageWatch } from '../unfinished-messages.ts';
import { type DialOnce, dialsIn, type NextSocket, redial, withCredential } from './redial.ts';

/** The means of a session that goes on without the socket of its provider. */
export interface Survival extends Omit<FollowOptions, 'first'> {
  readonly resumption: Resumption;
  /** Longest time without a provider. */
  readonly maxMs: number;
  /** The longest that the provider lets a socket last (ms), where that is known. */
  readonly maxLegMs: number | undefined;
  readonly dial: DialOnce;
}

/** The words with which a provider closed. */
const wordsOf = ({ provider }: CloseReason): string => (provider === 'lost' ? '' : String(provider.reason ?? ''));

type ProviderEnd = Pick<Peer, 'pong' | 'sendMessage'>;

/** Holds messages of the client. */
interface Gate extends Receivers {
  /** Returns false where they cannot be held now. */
  shut(): boolean;
  open(): void;
}

export interface SurvivorOptions {
  readonly survival: Survival;
  /** The gateway's own event that pins settings, which each socket is sent first; undefined where none does. */
  readonly pinning: Pins['start'];
  /** Messages of the provider. */
  readonly providerMessages: Pick<MessageWatch, 'newReader'>;
  /** The end of the session. */
  readonly provider: ProviderEnd;
  /** Called when the session goes on at another socket. `since`: the time from which on it had none (monotonic ms). */
  onMoved(move: { readonly since: number; readonly ms: number; readonly why: string }): void;
  /** Called with each message that a next socket is told in the place of the client. */
  onTold(message: OutFrame, at: number): void;
  isOpen(): boolean;
  /** Puts the session onto a socket, which is read from `start` on: it may have said something already. */
  moveTo(next: NextSocket): { readonly provider: ProviderEnd; start(): void };
  onProviderEnd(end: ReadEnd): void;
  /** Ends the session, since no socket could be had, or none that takes what is pinned. */
  end(reason: CloseReason): void;
}

/** A socket that lasts no longer, and says nothing that the client gets, counts as one that failed; one more than so many of them end the session. */
const [STEADY_MS, MAX_FAILED] = [5000, 5];

/** A session without a provider, or whose new one has yet to answer. */
interface Without {
  readonly reason: CloseReason;
  readonly since: number;
  readonly giveUp: NodeJS.Timeout;
}

export class Survivor {
  readonly rule: ClientRule;
  readonly #options: SurvivorOptions;
  readonly #followed: FollowedSession;
  readonly #stopped = new AbortController();
  #gate: Gate | undefined;
  #whole: WholeMessages;
  #provider: ProviderEnd;
  #without: Without | undefined;
  /** False from the end of a socket until the next one; it may end while it is begun to be read. */
  #hasSocket = true;
  /** Set once the provider, or the configuration, has refused another socket for good. */
  #isRefused = false;
  #isDialling = false;
  /** Set while a moment between turns is waited for, to dial in. */
  #isAwaited = false;
  #next: NextSocket | undefined;
  #due: NodeJS.Timeout | undefined;
  /** The end of the socket, as it was known when the timer was set. */
  #plannedFor: number | undefined;
  #legAt = performance.now();
  #failed = 0;
  /** Set once the client has got something from the socket. */
  #hasServed = false;
  /** Set while a next socket has yet to take what is pinned. */
  #isPinning = false;

  constructor(options: SurvivorOptions) {
    this.#options = options;
    this.#provider = options.provider;
    const { survival, pinning } = options;
    const first = pinning === undefined ? [] : [pinning.event];
    this.#followed = survival.resumption.follow({ ...survival, first });
    this.rule = { verdictOn: (frame) => this.#clientSays(frame), goesOn: () => true };
    this.#whole = this.#newWhole();
    this.#plan();
  }

  /** The provider's own id of its session, where it has said one. */
  get providerSession(): string | undefined {
    return this.#followed.providerSession;
  }

  /** Puts itself between the provider and what reads it. */
  over(gate: Gate): Receivers {
    this.#gate = gate;
    return {
      fromClient: gate.fromClient,
      fromProvider: (chunk, at, maxFrames) => this.#whole.read(chunk, at, maxFrames),
      afterHeld: (callback) => gate.afterHeld(callback),
    };
  }

  /** Takes an end of the provider, where the session can go on. `code`: of its close, 1006 where it was lost. */
  takes(reason: CloseReason, code: number): boolean {
    if (this.#stopped.signal.aborted || (this.#isRefused && this.#next === undefined)) return false;
    if (!this.#followed.isEstablished || !this.#followed.goesOnAfter(code, wordsOf(reason))) return false;
    const isFailed = !this.#hasServed && performance.now() - this.#legAt < STEADY_MS;
    this.#failed = isFailed ? this.#failed + 1 : 0;
    if (this.#failed > MAX_FAILED) return false;
    this.#hasSocket = false;
    if (this.#without === undefined) {
      if (this.#gate?.shut() !== true) return false;
      this.#lacks(reason);
    }
    if (this.#next?.socket.destroyed) this.#next = undefined;
    if (this.#next === undefined) this.#dial();
    else this.#move(this.#next);
    return true;
  }

  /** Holds the client's messages, and returns what another process needs to go on with the session; undefined where that cannot be now. */
  leave(): FollowedSession['saved'] {
    const { isEstablished, isBetweenTurns, saved } = this.#followed;
    if (this.#without !== undefined || !isEstablished || !isBetweenTurns || saved === undefined) return undefined;
    return this.#gate?.shut() ? saved : undefined;
  }

  /** Takes back that the session was to be left. */
  readonly stay = () => this.#gate?.open();

  /** Goes on with a session that another process has left, at its first socket here, of which nothing was read yet. */
  goOn(): void {
    const at = performance.now();
    this.#gate?.shut();
    this.#lacks(reasons.providerUnanswered);
    this.#options.onMoved({ since: at, ms: 0, why: reasons.moved.name });
    this.#tell(this.#followed.move(at).toProvider);
    this.#openIfAnswered();
  }

  /** Lets a socket go that nobody waits for any more. */
  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#due);
    clearTimeout(this.#without?.giveUp);
    this.#next?.socket.destroy();
  }

  #lacks(reason: CloseReason): void {
    const giveUp = setTimeout(() => this.#options.end(reason), this.#options.survival.maxMs);
    this.#without = { reason, since: performance.now(), giveUp };
  }

  #clientSays(frame: Frame): { readonly instead: OutFrame } | undefined {
    const instead = this.#followed.fromClient(frame);
    return instead && { instead };
  }

  #dial(): void {
    if (this.#isDialling || this.#isRefused) return;
    this.#isDialling = true;
    const dial: DialOnce = (signal) => this.#options.survival.dial(signal, this.#followed.query);
    void redial(dial, this.#stopped.signal, this.#failed).then((next) => {
      this.#isDialling = false;
      if (next === 'refused') return this.#refused();
      if (next === undefined) return;
      if (this.#stopped.signal.aborted) return void next.socket.destroy();
      // Faults of a socket that waits show when it is used.
      next.socket.on('error', () => {});
      this.#next = next;
      this.#moveIfPossible();
    });
  }

  /** Dials ahead of an end: a socket whose handshake says what goes on knows what was said until then, and is dialled between turns. */
  #ahead(): void {
    this.#isAwaited = this.#followed.query !== undefined && !this.#followed.isBetweenTurns;
    if (!this.#isAwaited) this.#dial();
  }

  /** Ends a session without a provider; one that has one keeps it for as long as it lasts. */
  #refused(): void {
    this.#isRefused = true;
    if (this.#without !== undefined && !this.#stopped.signal.aborted) this.#options.end(this.#without.reason);
  }

  /** A session that has a provider moves between turns. */
  #moveIfPossible(): void {
    const next = this.#next;
    if (next === undefined || !this.#options.isOpen()) return;
    if (this.#without !== undefined) this.#move(next);
    else if (next.socket.destroyed) {
      this.#next = undefined;
      this.#dial();
    } else if (this.#followed.isBetweenTurns && this.#gate?.shut()) this.#move(next);
    else if (this.#followed.query !== undefined) {
      next.socket.destroy();
      this.#next = undefined;
      this.#isAwaited = true;
    }
  }

  #move(next: NextSocket): void {
    const at = performance.now();
    const { onMoved, moveTo, pinning } = this.#options;
    const { since = at, reason } = this.#without ?? {};
    // It may not answer.
    if (this.#without === undefined) this.#lacks(reasons.providerUnanswered);
    this.#next = undefined;
    this.#legAt = at;
    this.#hasServed = false;
    this.#isPinning = pinning !== undefined;
    onMoved({ since, ms: at - since, why: reason?.name ?? 'due' });
    const { toProvider, toClient } = this.#followed.move(since);
    this.#whole = this.#newWhole(this.#whole);
    const { provider, start } = moveTo(next);
    this.#provider = provider;
    this.#hasSocket = true;
    this.#tell(withCredential(toProvider, next));
    start();
    for (const message of toClient) this.#whole.send(message, at);
    this.#openIfAnswered();
  }

  #tell(messages: readonly OutFrame[]): void {
    for (const message of messages) {
      this.#provider.sendMessage(message);
      this.#options.onTold(message, performance.now());
    }
  }

  #openIfAnswered(): void {
    if (this.#without === undefined || !this.#hasSocket || this.#followed.isOpening) return;
    this.#tell(this.#followed.opened());
    clearTimeout(this.#without.giveUp);
    this.#without = undefined;
    this.#gate?.open();
    this.#plan();
  }

  /** Waits for the time at which the provider will end the socket, and dials ahead of it. */
  #plan(): void {
    this.#plannedFor = this.#followed.endsAt;
    clearTimeout(this.#due);
    const ms = dialsIn(this.#plannedFor, this.#options.survival.maxLegMs, performance.now() - this.#legAt);
    if (ms !== undefined) this.#due = setTimeout(() => this.#ahead(), ms);
  }

  #newWhole(former?: WholeMessages): WholeMessages {
    const { providerMessages: messages, onProviderEnd } = this.#options;
    return new WholeMessages({
      former,
      source: { pong: (payload) => this.#provider.pong(payload) },
      isMasked: false,
      messages,
      pass: (chunk, at, maxFrames) => (this.#gate as Gate).fromProvider(chunk, at, maxFrames),
      decide: (frame) => this.#providerSays(frame),
      onRead: () => this.#learned(),
      onEnd: onProviderEnd,
    });
  }

  #providerSays(frame: Frame): (() => void) | undefined {
    const answer = this.#isPinning ? this.#options.pinning?.answerIn(frame) : undefined;
    if (answer === 'taken') this.#isPinning = false;
    else if (answer !== undefined) return () => this.#options.end(pinsNotTaken(answer.fault));
    const instead = this.#followed.fromProvider(frame);
    this.#hasServed ||= instead !== 'nothing';
    if (instead === undefined) return undefined;
    const { at } = frame;
    return instead === 'nothing' ? () => {} : () => this.#whole.send(instead, at);
  }

  #learned(): void {
    this.#openIfAnswered();
    if ((this.#followed.isLeaving || this.#isAwaited) && this.#next === undefined) this.#ahead();
    if (this.#followed.endsAt !== this.#plannedFor) this.#plan();
    // The rest of what was read of the old socket passes first.
    if (this.#next !== undefined) queueMicrotask(() => this.#moveIfPossible());
  }
}
