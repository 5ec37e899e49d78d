// A session whose media goes between its user and the provider, by WebRTC or SIP: the gateway hears of it over a sideband alone, counts what it uses,
// and ends it. Rule: nobody talks uncounted; a call without a sideband is hung up.

import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { Limits } from '../../config/config.ts';
import type { TurnFinished } from '../../ipc/session-event.ts';
import type { SessionRecord, SessionUsage } from '../../ipc/session-record.ts';
import { faultOf } from '../../platform/log.ts';
import type { Metrics } from '../../platform/metrics.ts';
import {
  type CloseReason,
  closeMoment,
  frameRefused,
  pinsNotTaken,
  providerEnded,
  reasons,
} from '../../session/close-reason.ts';
import { startTimers } from '../../session/end/session-timers.ts';
import type { KeyIds } from '../../session/hold/id-guard.ts';
import { type Leash, SessionMeter } from '../../session/meter/meter.ts';
import { type SessionSubject, summaryOf } from '../../session/subject.ts';
import { usageOf } from '../../session/tap/billed-usage.ts';
import { Tap } from '../../session/tap/tap.ts';
import { timelineOf } from '../../session/tap/timeline.ts';
import { Transcript } from '../../session/tap/transcript.ts';
import { Sideband, type SidebandOptions } from './sideband.ts';

interface MediaCallOptions extends Pick<SidebandOptions, 'unfinished' | 'dial'> {
  readonly subject: SessionSubject;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** See `Session`; so are the next three. */
  readonly turns?: { readonly onTurn: (turn: TurnFinished) => void; readonly keepsText: boolean } | undefined;
  readonly leash?: Leash | undefined;
  readonly ids?: KeyIds | undefined;
  readonly onEnding?: ((record: SessionRecord) => void) | undefined;
  /** Ends the call at the provider: see `hangUp`. */
  hangUp(signal: AbortSignal): Promise<'over' | 'failed'>;
  /** Called once, when the call has been ended, or cannot be. */
  onClosed(record: SessionRecord): void;
}

type State =
  | { readonly name: 'open' }
  | { readonly name: 'closing'; readonly reason: CloseReason }
  | { readonly name: 'closed'; readonly reason: CloseReason; readonly durationMs: number };

/** Time to end a call when the process cannot wait any longer. */
const LAST_MS = 2000;
export class MediaCall {
  readonly #options: MediaCallOptions;
  readonly #tap: Tap;
  readonly #transcript: Transcript | undefined;
  readonly #meter: SessionMeter | undefined;
  readonly #sideband: Sideband;
  readonly #stopTimers: () => void;
  #isTerminated = false;
  readonly #terminated = new AbortController();
  readonly #startedAt = new Date();
  readonly #startedMs = performance.now();
  /** Finds what the caller has changed that is pinned. */
  readonly #changedIn: ((frame: Frame) => string | undefined) | undefined;
  #transcribedBy: string | undefined;
  /** Monotonic ms of the last message of the sideband. */
  #lastFrameAt = this.#startedMs;
  /** Called when the provider has reported what was used last. */
  #whenReported: (() => void) | undefined;
  #isReported = false;
  #state: State = { name: 'open' };

  constructor(options: MediaCallOptions) {
    this.#options = options;
    const { subject, metrics, turns, ids, leash, limits } = options;
    const { dialect, maxSeconds, pinned } = subject;
    const usage = () => this.#usage();
    this.#transcript = turns && new Transcript({ ...turns, session: subject.sessionId, usage });
    const tap = new Tap({ ...subject, metrics, startedAt: this.#startedMs, observer: this.#transcript, ids });
    this.#tap = tap;
    const end = (reason: CloseReason) => this.end(reason);
    this.#meter = tap.meter =
      leash && new SessionMeter({ leash, subject, tap, startedMs: this.#startedMs, usage, end });
    this.#changedIn = pinned && dialect.pins?.ofCalls?.watch(pinned);
    this.#sideband = new Sideband({
      ...options,
      onFrame: (frame) => this.#observe(frame),
      onLost: () =>
        options.log.warn({ id: subject.sessionId }, 'sideband lost: what it would have told is not counted'),
      onOver: (code) => this.end(providerEnded(code ?? 1006)),
      onFault: (error) => this.#failed(error),
    });
    this.#stopTimers = startTimers({ limits, maxSeconds, lastFrameAt: () => this.#lastFrameAt, end });
    void this.#sideband.open();
  }

  /** Ends the call; only the first reason counts. */
  end(reason: CloseReason): void {
    if (this.#state.name !== 'open') return;
    this.#stopTimers();
    this.#meter?.stop();
    this.#state = { name: 'closing', reason };
    this.#tap.moments.close(performance.now(), { ...closeMoment(reason), code: codeOf(reason) });
    this.#options.onEnding?.(this.record());
    void this.#finish(reason);
  }

  /** Waits for the provider no more: it is asked to end the call a last time. */
  terminate(): void {
    this.#isTerminated = true;
    this.#whenReported?.();
    setTimeout(() => this.#terminated.abort(), LAST_MS).unref();
  }

  /** The summary, and the timeline. */
  record(): SessionRecord {
    const times = { startedAt: this.#startedAt, startedMs: this.#startedMs };
    const timeline = timelineOf({ ...this.#options, ...times, links: [], moments: this.#tap.moments.all });
    return { ...this.summary(), timeline };
  }

  /** The record without its timeline, for lists and the log. */
  summary(): SessionRecord {
    const state = this.#state;
    return summaryOf({
      ...{ subject: this.#options.subject, startedAt: this.#startedAt, tap: this.#tap, meter: this.#meter },
      ...{ state: state.name, durationMs: this.#durationMs, usage: this.#usage() },
      ending: state.name === 'open' ? undefined : { reason: state.reason, closeCode: codeOf(state.reason) },
    });
  }

  #observe(frame: Frame): void {
    if (this.#state.name === 'closed') return;
    this.#lastFrameAt = performance.now();
    const observation = this.#tap.observe(frame, 'downstream');
    if (observation?.usage !== undefined && observation.usageOf !== 'transcription') this.#reported(observation.type);
    else if (observation?.type === this.#options.subject.dialect.lastUsage?.comesWith)
      this.#reported(observation?.type);
    if (this.#state.name !== 'open') return;
    const changed = this.#changedIn?.(frame);
    if (changed !== undefined) this.end(pinsNotTaken(`${changed} was changed`));
    else this.#checkTranscription();
  }

  /** The caller can name another model to transcribe with, on a channel that does not pass the gateway. */
  #checkTranscription(): void {
    const { mayUse, model } = this.#options.subject;
    const { transcriptionModel: name } = this.#tap;
    if (name === this.#transcribedBy || name === undefined) return;
    this.#transcribedBy = name;
    if (mayUse?.(name) === false && name !== model) this.end(frameRefused(`the client may not use the model ${name}`));
  }

  /** With one event of its own the session of some protocols says that it is over. */
  #reported(type: string | undefined): void {
    const { comesWith } = this.#options.subject.dialect.lastUsage ?? {};
    if (comesWith !== undefined && type !== comesWith) return;
    this.#isReported = comesWith !== undefined;
    this.#whenReported?.();
    if (comesWith !== undefined) this.end(providerEnded(1000));
  }

  #failed(error: unknown): void {
    this.#options.log.error({ id: this.#options.subject.sessionId, ...faultOf(error) }, 'session failed');
    this.end(reasons.gatewayFault);
  }

  async #finish(reason: CloseReason): Promise<void> {
    const { log, subject, hangUp } = this.#options;
    if (!this.#isReported && this.#sideband.isOpen) await this.#awaitUsage();
    const { signal } = this.#terminated;
    const outcome = this.#isReported ? 'over' : await hangUp(signal).catch((): 'failed' => 'failed');
    if (outcome === 'failed')
      log.error({ id: subject.sessionId, provider: subject.provider }, 'call not hung up: it may go on uncounted');
    this.#sideband.close();
    this.#settle(reason);
  }

  /** Asks for what the session used last, and waits for it: `usageMs` at most. */
  #awaitUsage(): Promise<void> | undefined {
    const { subject, limits } = this.#options;
    const { ask, comesWith } = subject.dialect.lastUsage ?? {};
    const isDue = comesWith !== undefined || this.#tap.due.isReplying;
    if (ask === undefined || !isDue || !subject.billedBy.includes('reported-usage') || this.#isTerminated)
      return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limits.usageMs);
    this.#whenReported = resolve;
    this.#sideband.send(ask);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#whenReported = undefined;
    });
  }

  #settle(reason: CloseReason): void {
    const { metrics, subject, log, onClosed } = this.#options;
    this.#state = { name: 'closed', reason, durationMs: performance.now() - this.#startedMs };
    this.#transcript?.finish(performance.now());
    const summary = this.summary();
    metrics.closed(reason.name, codeOf(reason), { key: subject.key, model: summary.model });
    log.info(summary, 'session ended');
    onClosed(this.record());
  }

  #usage(): SessionUsage {
    return usageOf(this.#options.subject, this.#tap.usage(), this.#tap, this.#durationMs);
  }

  get #durationMs(): number {
    return this.#state.name === 'closed' ? this.#state.durationMs : performance.now() - this.#startedMs;
  }
}

/** The code that a client with a WebSocket would be closed with. */
const codeOf = ({ client }: CloseReason): number => (client === 'lost' ? 1006 : (client.code ?? 1005));
