// One session: a client socket and a provider socket, a link in each direction, and one end for whichever reason comes first.

import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import type { Refused } from '../adapters/adapter.ts';
import type { Direction, Frame } from '../codecs/frame.ts';
import { type Admitted, mayUse } from './admit.ts';
import {
  type Close,
  type CloseReason,
  clientEnded,
  faultCode,
  frameRefused,
  providerEnded,
  reasons,
} from './close-reason.ts';
import type { Limits } from './config.ts';
import { Link, type Peer } from './link.ts';
import { watchLiveness } from './liveness.ts';
import { faultOf } from './log.ts';
import type { Metrics } from './metrics.ts';
import { startTap, type Tap, type TapSummary } from './tap.ts';

export interface SessionOptions {
  readonly admitted: Admitted;
  readonly client: Peer;
  readonly provider: Peer;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Called once, when both sockets are closed. */
  readonly onClosed: (record: SessionRecord) => void;
}

/** What is known of a session, live or ended; `reason` and `closeCode` only when it has ended. Times are ISO 8601 and milliseconds. */
export interface SessionRecord extends TapSummary {
  readonly id: string;
  readonly state: 'open' | 'closing' | 'closed';
  readonly key: string | undefined;
  readonly team: string | undefined;
  readonly provider: string;
  readonly route: string;
  readonly dialect: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly reason?: string;
  /** The close code on the client's side, given or received. */
  readonly closeCode?: number;
  readonly mayRetry?: boolean;
}

type SessionState =
  | { readonly name: 'open'; readonly stopTimers: () => void }
  | { readonly name: 'closing'; readonly reason: CloseReason; readonly closeCode: number }
  | { readonly name: 'closed'; readonly reason: CloseReason; readonly closeCode: number; readonly durationMs: number };

export class Session {
  readonly #options: SessionOptions;
  readonly #upstream: Link;
  readonly #downstream: Link;
  readonly #tap: Tap;
  readonly #startedAt = new Date();
  readonly #startedMs = performance.now();
  #state: SessionState;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { client, provider, limits, metrics, admitted } = options;
    const tap = startTap(admitted.route.dialect, metrics, this.#startedMs);
    this.#tap = tap;
    const slow = (reason: CloseReason, peer: Peer) => () => this.#slow(reason, peer);
    this.#upstream = new Link({
      direction: 'upstream',
      source: client,
      target: provider,
      limits,
      tap,
      onSlow: slow(reasons.providerSlow, provider),
    });
    this.#downstream = new Link({
      direction: 'downstream',
      source: provider,
      target: client,
      limits,
      tap,
      onSlow: slow(reasons.clientSlow, client),
    });
    this.#state = { name: 'open', stopTimers: this.#startTimers() };
    this.#listen();
    provider.ws.resume();
  }

  get id(): string {
    return this.#options.admitted.sessionId;
  }

  /** Ends the session; only the first reason counts. What was passed on before still leaves before the close. */
  end(reason: CloseReason, closeCode = reason.client === 'lost' ? 1006 : (reason.client.code ?? 1005)): void {
    if (this.#state.name !== 'open') return;
    this.#state.stopTimers();
    this.#state = { name: 'closing', reason, closeCode };
    const { client, provider } = this.#options;
    this.#close(client, this.#downstream, reason.client);
    this.#close(provider, this.#upstream, reason.provider);
    // The answer to our close stands behind whatever a paused end had still to say.
    client.ws.resume();
    provider.ws.resume();
    this.#settle();
  }

  /** Lets both sockets go, whatever is still queued. */
  terminate(): void {
    this.#options.client.ws.terminate();
    this.#options.provider.ws.terminate();
  }

  record(): SessionRecord {
    const { admitted } = this.#options;
    const state = this.#state;
    const summary = this.#tap.summary();
    return {
      id: admitted.sessionId,
      state: state.name,
      key: admitted.key?.id,
      team: admitted.key?.team,
      provider: admitted.adapter.name,
      route: admitted.route.path,
      dialect: admitted.route.dialect.name,
      startedAt: this.#startedAt.toISOString(),
      durationMs: Math.round(state.name === 'closed' ? state.durationMs : performance.now() - this.#startedMs),
      ...summary,
      model: summary.model ?? admitted.model,
      ...(state.name === 'open'
        ? {}
        : { reason: state.reason.name, closeCode: state.closeCode, mayRetry: state.reason.mayRetry }),
    };
  }

  #listen(): void {
    const { client, provider } = this.#options;
    client.ws.on('message', (data: Buffer, binary: boolean) =>
      this.#receive({ data, binary, at: performance.now() }, 'upstream'),
    );
    provider.ws.on('message', (data: Buffer, binary: boolean) =>
      this.#receive({ data, binary, at: performance.now() }, 'downstream'),
    );
    // ws reports only breaches of the protocol as errors, and answers them itself; a lost socket is a close with 1006.
    client.ws.on('error', (error) => this.end(reasons.clientBrokeProtocol, faultCode(error)));
    provider.ws.on('error', () => this.end(reasons.providerBrokeProtocol));
    client.ws.on('close', (code, reason) => {
      this.end(clientEnded(code, reason), code);
      this.#settle();
    });
    provider.ws.on('close', (code, reason) => {
      this.end(providerEnded(code, reason));
      this.#settle();
    });
  }

  /** The edge where what goes wrong over one frame stays with this session. */
  #receive(frame: Frame, direction: Direction): void {
    if (this.#state.name !== 'open') return;
    try {
      const refused = direction === 'upstream' ? this.#guard(frame) : undefined;
      if (refused !== undefined) this.#refuse(refused, frame);
      else if (direction === 'upstream') this.#upstream.send(frame);
      else this.#downstream.send(frame);
    } catch (error) {
      this.#options.log.error({ id: this.id, ...faultOf(error) }, 'session failed');
      this.end(reasons.gatewayFault);
    }
  }

  /** Keys without a model list pay nothing. */
  #guard(frame: Frame): Refused | undefined {
    const { key, adapter, route } = this.#options.admitted;
    if (key?.models === undefined) return undefined;
    const named = route.dialect.guard(frame);
    if (named === undefined || 'code' in named) return named;
    const model = named.find((one) => !mayUse(key, adapter, one));
    if (model === undefined) return undefined;
    const fault = `this key may not use the model ${model}`;
    const message = model === '' ? `the event names no model; that needs ${adapter.name}/*` : fault;
    return { code: 'model_not_allowed', message };
  }

  #refuse(refused: Refused, frame: Frame): void {
    const event = this.#options.admitted.route.dialect.refusal(refused, frame);
    if (event !== undefined) this.#options.client.ws.send(event);
    this.#options.metrics.refused(refused.code, 1008);
    this.end(frameRefused(refused.message));
  }

  #close(peer: Peer, link: Link, close: Close | 'lost'): void {
    if (close === 'lost') peer.ws.terminate();
    else if (peer.ws.readyState === WebSocket.OPEN) {
      link.flushed(() => (close.code === undefined ? peer.ws.close() : peer.ws.close(close.code, close.reason)));
    }
  }

  /** A peer that stopped reading gets its close, which it will hardly see, and no further patience. */
  #slow(reason: CloseReason, peer: Peer): void {
    if (this.#state.name === 'open') {
      const close = peer === this.#options.client ? reason.client : reason.provider;
      if (close !== 'lost') peer.ws.close(close.code, close.reason);
      this.end(reason);
    } else peer.ws.terminate();
  }

  #settle(): void {
    const { client, provider, onClosed, metrics } = this.#options;
    const state = this.#state;
    if (state.name !== 'closing') return;
    if (client.ws.readyState !== WebSocket.CLOSED || provider.ws.readyState !== WebSocket.CLOSED) return;
    this.#upstream.stop();
    this.#downstream.stop();
    this.#state = { ...state, name: 'closed', durationMs: performance.now() - this.#startedMs };
    metrics.closed(state.reason.name, state.closeCode);
    const record = this.record();
    this.#options.log.info(record, 'session ended');
    onClosed(record);
  }

  #startTimers(): () => void {
    const { client, provider, limits } = this.#options;
    const stops = [
      watchLiveness({
        peer: client,
        isHeldBack: () => this.#upstream.isPaused || this.#downstream.isCongested,
        pingMs: limits.pingMs,
        silenceMs: 2 * limits.pingMs,
        onSilent: () => this.end(reasons.clientSilent),
      }),
      watchLiveness({
        peer: provider,
        isHeldBack: () => this.#downstream.isPaused || this.#upstream.isCongested,
        pingMs: limits.pingMs,
        silenceMs: limits.providerSilenceMs,
        onSilent: () => this.end(reasons.providerSilent),
      }),
    ];
    if (limits.sessionMs > 0) {
      const timer = setTimeout(() => this.end(reasons.durationReached), limits.sessionMs);
      stops.push(() => clearTimeout(timer));
    }
    if (limits.idleMs > 0) stops.push(this.#watchIdle(limits.idleMs));
    return () => {
      for (const stop of stops) stop();
    };
  }

  #watchIdle(idleMs: number): () => void {
    let timer: NodeJS.Timeout;
    const arm = (afterMs: number): void => {
      timer = setTimeout(() => {
        const leftMs = this.#tap.lastFrameAt + idleMs - performance.now();
        if (leftMs <= 0) this.end(reasons.idle);
        else arm(leftMs);
      }, afterMs);
    };
    arm(idleMs);
    return () => clearTimeout(timer);
  }
}
