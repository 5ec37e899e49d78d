// A session: a client socket and a provider socket, a link in each direction, and one end for whichever reason comes first.

import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import type { Rejection } from '../../adapters/realtime/contract/dialect.ts';
import type { Pins } from '../../adapters/realtime/contract/pins.ts';
import type { Frame, OutFrame } from '../../codecs/websocket/frame.ts';
import type { ReadEnd } from '../../codecs/websocket/frame-batch.ts';
import type { Limits } from '../config/config.ts';
import type { TurnFinished } from '../ipc/session-event.ts';
import type { SessionBefore, SessionPart, SessionRecord } from '../ipc/session-record.ts';
import { faultOf } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Peer } from '../transport/peer.ts';
import {
  type CloseReason,
  clientBrokeProtocol,
  clientEnded,
  closeMoment,
  closeOf,
  type EndOptions,
  frameRefused,
  reasons,
} from './close-reason.ts';
import { closeEnds } from './end/close-ends.ts';
import { startSessionTimers } from './end/session-timers.ts';
import { afterAllRead, type Links, type Receivers } from './hold/inject-context.ts';
import { type ClientRules, holdMessages } from './hold/receivers.ts';
import { ClientReturn, type ClientSurvival } from './legs/client-return.ts';
import { Legs } from './legs/legs.ts';
import type { Survival } from './legs/survivor.ts';
import { SourceReader } from './link/source-reader.ts';
import { LiveRecord, type SessionState } from './live-record.ts';
import { type Leash, SessionMeter } from './meter/meter.ts';
import { gateOf } from './model-policy.ts';
import type { SessionSubject } from './subject.ts';
import { Tap } from './tap/tap.ts';
import { Transcript } from './tap/transcript.ts';
import type { UnfinishedMessages } from './unfinished-messages.ts';

interface SessionOptions extends ClientRules {
  readonly client: Peer;
  readonly provider: Peer;
  readonly limits: Limits;
  readonly unfinished: UnfinishedMessages;
  /** Undefined where the session ends with its provider. */
  readonly survival?: Survival | undefined;
  /** Undefined where the session ends with its client. */
  readonly clientSurvival?: ClientSurvival | undefined;
  /** Set where another process had the session before: its client is here, and has got so many messages. */
  readonly moved?: { readonly before: SessionBefore; readonly received: number } | undefined;
  readonly subject: SessionSubject;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Takes finished turns, without their texts unless `keepsText`; undefined: nobody wants them. */
  readonly turns?: { readonly onTurn: (turn: TurnFinished) => void; readonly keepsText: boolean } | undefined;
  /** Called once it is known how the session ends, before either side learns of it. */
  readonly onEnding?: ((record: SessionRecord) => void) | undefined;
  /** The limits of what it may cost; undefined where it has none. */
  readonly leash?: Leash | undefined;
  /** Masks the credential of the account in what the provider says; undefined where the client has brought it. */
  readonly mask?: ((bytes: Buffer) => void) | undefined;
  /** Called once, when both sockets are closed. */
  readonly onClosed: (record: SessionRecord) => void;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #client: SourceReader;
  readonly #legs: Legs;
  /** The wait for a client that may come back; undefined where it may not. */
  readonly returning: ClientReturn | undefined;
  readonly #tap: Tap;
  readonly #transcript: Transcript | undefined;
  readonly #meter: SessionMeter | undefined;
  /** Ends the wait for the last usage. */
  #endWait: (() => void) | undefined;
  readonly #record: LiveRecord;
  #state: SessionState;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { client, limits, metrics, subject, turns, ids } = options;
    const usage = () => this.#record.usage();
    const startedMs = performance.now();
    const turnCount = options.moved?.before.turnCount;
    this.#transcript = turns && new Transcript({ ...turns, session: subject.sessionId, usage, turnCount });
    const tap = new Tap({ ...subject, metrics, startedAt: startedMs, observer: this.#transcript, ids });
    this.#tap = tap;
    const now = { state: () => this.#state, meter: () => this.#meter, resume: () => this.returning?.state };
    const known = { subject, tap, before: options.moved?.before, legs: () => this.#legs.list };
    this.#record = new LiveRecord({ ...known, ...now }, startedMs);
    const end = (reason: CloseReason, how?: EndOptions) => this.end(reason, how);
    const metered = { subject, tap, startedMs, usage, end };
    this.#meter = tap.meter = options.leash && new SessionMeter({ leash: options.leash, ...metered });
    this.returning = options.clientSurvival && this.#newReturning(options.clientSurvival);
    this.#legs = this.#newLegs();
    const links: Links = {
      fromClient: (chunk, at, maxFrames) => this.#legs.now.upstream.read(chunk, at, maxFrames),
      fromProvider: (chunk, at, maxFrames) => this.#legs.now.downstream.read(chunk, at, maxFrames),
      afterHeld: () => false,
    };
    const receivers = this.#receivers(links);
    const isDirect = receivers === links;
    const onFault = (error: unknown) => this.#failed(error);
    const link = isDirect ? this.#legs.now.upstream : undefined;
    this.#client = new SourceReader({ source: client, limits, read: receivers.fromClient, link, onFault });
    const stopTimers = startSessionTimers({
      client: { peer: client, linkToPeer: this.#legs },
      limits,
      maxSeconds: subject.maxSeconds,
      lastFrameAt: () => tap.lastFrameAt,
      end: (reason) => (reason === reasons.clientSilent && this.#letGo() ? undefined : this.end(reason)),
    });
    this.#state = { name: 'open', stopTimers };
    if (options.moved !== undefined) this.#legs.goOn();
    if (options.moved !== undefined) this.returning?.isHere(options.moved.received);
    this.#listen(receivers);
    this.#legs.start(receivers, isDirect);
  }

  /** Stops both ends, and returns what another process needs to go on with the session; undefined where it cannot be left now. */
  leave(): SessionPart | undefined {
    const { returning } = this;
    if (this.#state.name !== 'open' || returning === undefined || this.#meter !== undefined) return undefined;
    const followed = this.#legs.leave();
    if (followed === undefined) return undefined;
    this.#transcript?.finish(performance.now());
    const { received, sent } = returning.state;
    const before = this.#record.before(this.#transcript?.count ?? 0);
    return { received, sent, kept: returning.sent.kept, followed, before };
  }

  /** Takes back that the session was to be left. */
  readonly stay = () => this.#legs.stay();

  /** Ends the session; only the first reason counts. Bytes that have passed before leave before the close. */
  end(reason: CloseReason, how: EndOptions = {}): void {
    if (this.#state.name !== 'open') return;
    const finalEvent = how.finalEvent ?? (reason.words && this.#options.subject.dialect.errorEvent(reason.words));
    this.#state.stopTimers();
    this.#legs.stopMoving(reason);
    this.returning?.stop();
    this.#meter?.stop();
    const closeCode = how.closeCode ?? (reason.client === 'lost' ? 1006 : (reason.client.code ?? 1005));
    this.#state = { name: 'closing', reason, closeCode };
    this.#tap.moments.close(performance.now(), { ...closeMoment(reason), code: closeCode });
    this.#options.onEnding?.(this.record());
    const { provider, upstream, downstream } = this.#legs.now;
    const ends = { ...this.#options, provider, upstream, downstream, due: this.#tap.due };
    this.#endWait = closeEnds(ends, reason, { ...how, finalEvent });
    this.#settle();
  }

  /** The time of its last message (monotonic ms) where it is open and its end would cut nobody off; undefined elsewhere. */
  get quietSince(): number | undefined {
    return this.#state.name === 'open' && this.#tap.isBetweenTurns ? this.#tap.lastFrameAt : undefined;
  }

  /** Tells the client, where its dialect has a word for that, that the session ends in so long. */
  tellLeaving(leftMs: number): void {
    const notice = this.#options.subject.dialect.leavingEvent?.(leftMs);
    if (notice !== undefined && this.#state.name === 'open') this.#legs.tell(notice);
  }

  /** Lets both sockets go, whatever is still queued. */
  terminate(): void {
    this.#options.client.terminate();
    this.#legs.now.provider.terminate();
  }

  /** The summary, and the timeline. */
  record(): SessionRecord {
    const { upstream, downstream } = this.#legs.now;
    return this.#record.whole([upstream, downstream]);
  }

  /** The record without its timeline, for lists and the log. */
  summary(): SessionRecord {
    return this.#record.summary();
  }

  /** Returns what reads the bytes of either end: the links behind what holds messages back. */
  #receivers(links: Links): Receivers {
    return holdMessages(links, {
      ...this.#options,
      metrics: { refused: (code: string, status: number) => this.#refused(code, status) },
      messages: this.#legs.messages,
      survivor: (pinning: Pins['start']) => this.#legs.survivor(pinning),
      isOpen: () => this.#state.name === 'open',
      interject: (event: OutFrame) => this.#legs.interject(event),
      returning: this.returning,
      readAgain: (chunks: readonly Buffer[]) => this.#client.giveBack(chunks),
      onClientEnd: (end: ReadEnd) => this.#clientEnded(end),
      onProviderEnd: (end: ReadEnd) => this.#legs.providerEnded(end),
      onFault: (error: unknown) => this.#failed(error),
      onPong: (at: number) => this.#legs.now.upstream.ponged(at),
      end: (reason: CloseReason) => this.end(reason),
      onRejected: (rejection: Rejection, frame: Frame) =>
        this.#clientEnded({ name: 'refused', refuse: this.#refusal(rejection, frame) }),
    });
  }

  #newReturning(survival: ClientSurvival): ClientReturn {
    return new ClientReturn({
      ...{ survival, tap: this.#tap, client: this.#options.client, downstream: () => this.#legs.now.downstream },
      isOpen: () => this.#state.name === 'open',
      onOver: () => this.end(clientEnded(1006), { closeCode: 1006 }),
    });
  }

  /** Lets a client go that may come back: its socket is of no use any more. */
  #letGo(): boolean {
    if (this.returning === undefined || this.#state.name !== 'open') return false;
    this.#options.client.terminate();
    return true;
  }

  #newLegs(): Legs {
    const { client, subject } = this.#options;
    return new Legs({
      ...{ ...this.#options, tap: this.#tap, sent: this.returning?.sent },
      gate: gateOf(subject, (rejection, frame) => this.#refusal(rejection, frame)),
      isOpen: () => this.#state.name === 'open',
      end: (reason, how) => this.end(reason, how),
      onClientEnd: (end) => this.#clientEnded(end),
      onSlow: (side) => {
        if (side === 'provider') this.#slow(reasons.providerSlow, this.#legs.now.provider);
        else if (!this.#letGo()) this.#slow(reasons.clientSlow, client);
      },
      onOver: (reason) => {
        this.end(reason);
        this.#endWait?.();
        this.#legs.now.downstream.sourceLost();
      },
      onGone: () => this.#settle(),
      onFault: (error) => this.#failed(error),
    });
  }

  #listen(receivers: Receivers): void {
    const clientLost = (): void => {
      if (this.returning?.leaves()) return;
      this.end(clientEnded(1006), { closeCode: 1006 });
      this.#legs.now.upstream.sourceLost();
    };
    const lost = () => afterAllRead(this.#client, receivers, clientLost);
    this.#options.client.start({ received: this.#client.receive, lost, gone: () => this.#settle() }, this.#legs);
  }

  #failed(error: unknown): void {
    this.#options.log.error({ id: this.#options.subject.sessionId, ...faultOf(error) }, 'session failed');
    this.end(reasons.gatewayFault);
  }

  #clientEnded(end: ReadEnd): void {
    this.#options.client.finish();
    const close = closeOf(end);
    if (close === undefined) return;
    if ('fault' in close) this.end(clientBrokeProtocol(close.fault));
    else this.end(clientEnded(close.code, close.reason), { closeCode: close.code });
  }

  /** Returns what ends the session with the dialect's error event; the frame is valid only during the call. */
  #refusal(rejection: Rejection, frame: Frame): () => void {
    const { subject } = this.#options;
    const finalEvent = subject.dialect.errorEvent(rejection, frame);
    return () => {
      const mayRetry = rejection.code === 'side_unavailable';
      this.#refused(rejection.code, mayRetry ? 1011 : 1008);
      this.end(frameRefused(rejection.message, mayRetry), { finalEvent });
    };
  }

  #refused(code: string, status: number): void {
    this.#options.metrics.refused(code, status);
    this.#tap.moments.refusal(performance.now(), code);
  }

  /** Ends the session without waiting for the queue of a peer that stopped reading; one that is closing already is let go. */
  #slow(reason: CloseReason, peer: Peer): void {
    if (this.#state.name === 'open') this.end(reason, { isHurried: true });
    else peer.terminate();
  }

  #settle(): void {
    const { client, onClosed, metrics, subject } = this.#options;
    const state = this.#state;
    if (state.name !== 'closing' || !client.isGone || !this.#legs.now.provider.isGone) return;
    this.#legs.messages.stop();
    this.#legs.now.stop();
    this.#client.stop();
    this.#state = { ...state, name: 'closed', durationMs: performance.now() - this.#record.startedMs };
    this.#transcript?.finish(performance.now());
    const summary = this.summary();
    metrics.closed(state.reason.name, state.closeCode, { key: subject.key, model: summary.model });
    this.#options.log.info(summary, 'session ended');
    onClosed(this.record());
  }
}
