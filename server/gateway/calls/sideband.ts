// The WebSocket beside a call, over which its provider tells of it. Rule: one that is lost while the call goes on is dialled again, a few times;
// its owner hears at once when there is none any more.

import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';
import { newestPing, type ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import type { FrameReader } from '../../../codecs/websocket/frame-reader.ts';
import type { Limits } from '../../config/config.ts';
import { closeOf } from '../../session/close-reason.ts';
import { SourceReader } from '../../session/link/source-reader.ts';
import type { MessageWatch, UnfinishedMessages } from '../../session/unfinished-messages.ts';
import type { DialOutcome } from '../../transport/dial.ts';
import { startHeartbeat } from '../../transport/heartbeat.ts';
import { Peer } from '../../transport/peer.ts';

export interface SidebandOptions {
  readonly limits: Limits;
  readonly unfinished: UnfinishedMessages;
  dial(signal: AbortSignal): Promise<DialOutcome>;
  /** Gets each message of the provider; its bytes are valid during the call. */
  onFrame(frame: Frame): void;
  /** Called for each one that was lost while the call goes on: what is told before the next one is open is told to nobody. */
  onLost(): void;
  /** Called once, when there is none any more. `code`: of the provider's close; undefined where none can be had. */
  onOver(code: number | undefined): void;
  onFault(error: unknown): void;
}

/** Pauses before the tries to dial. A provider may take a moment to know a call that it has just answered. */
const PAUSES_MS = [0, 250, 1000, 3000];
/** One that stays open so long has all tries again. */
const STEADY_MS = 10_000;
/** Closes by which a provider says that the call is over: RFC 6455, section 7.4.1. */
const OVER = new Set([1000, 1001, 1005]);

export class Sideband {
  readonly #options: SidebandOptions;
  readonly #closed = new AbortController();
  #peer: Peer | undefined;
  #tried = 0;
  #hasBeenOpen = false;

  constructor(options: SidebandOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#peer?.isOpen === true;
  }

  /** Dials, until it is open or there is no sense in it. */
  async open(): Promise<void> {
    const { signal } = this.#closed;
    for (; this.#tried < PAUSES_MS.length; this.#tried++) {
      await delay(PAUSES_MS[this.#tried], undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const outcome = await this.#options.dial(signal).catch((): DialOutcome => NO_DIAL);
      if (signal.aborted) return void (outcome.kind === 'open' && outcome.socket.destroy());
      if (outcome.kind === 'open') {
        this.#tried += 1;
        return this.#listen(outcome.socket);
      }
      const isGone = outcome.kind === 'refused' && (outcome.reply.status === 404 || outcome.reply.status === 410);
      if (isGone && this.#hasBeenOpen) return this.#over(1000);
    }
    this.#over(undefined);
  }

  send(message: OutFrame): void {
    this.#peer?.sendMessage(message);
  }

  /** Closes it; nothing is heard of it any more. */
  close(): void {
    this.#closed.abort();
    this.#peer?.close(1000, 'the call is over');
  }

  #over(code: number | undefined): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#options.onOver(code);
  }

  #listen(socket: Socket): void {
    const { limits, unfinished, onFault } = this.#options;
    const peer = new Peer({ socket, role: 'provider', limits });
    this.#peer = peer;
    this.#hasBeenOpen = true;
    const steady = setTimeout(() => {
      this.#tried = 0;
    }, STEADY_MS);
    const drop = (): void => peer.terminate();
    const watch = unfinished.watch({ direction: 'downstream', peer, limits, onStalled: drop, onNoMemory: drop });
    const stopHeartbeat = startHeartbeat({
      peer,
      pingMs: limits.pingMs,
      silenceMs: limits.providerSilenceMs,
      isHeldBack: () => peer.isPaused,
      onSilent: drop,
    });
    const stop = (): void => {
      clearTimeout(steady);
      stopHeartbeat();
      watch.stop();
      source.stop();
    };
    const ended = (code: number): void => {
      stop();
      this.#ended(peer, code);
    };
    const source = new SourceReader({ source: peer, limits, read: this.#readerFor(peer, watch, ended), onFault });
    peer.start({ received: source.receive, lost: () => source.afterKept(() => ended(1006)), gone: stop }, BOUNDARY);
  }

  #readerFor(peer: Peer, watch: MessageWatch, ended: (code: number) => void) {
    const reader: FrameReader = watch.newReader();
    return (chunk: Buffer, at: number, maxFrames: number) => {
      const batch = reader.read(chunk, at, maxFrames);
      const ping = newestPing(batch);
      if (ping !== undefined) peer.pong(ping);
      for (const frame of batch.frames) this.#options.onFrame(frame);
      if (batch.end !== undefined) {
        peer.finish();
        ended(codeOf(batch.end));
      }
      return batch;
    };
  }

  #ended(peer: Peer, code: number): void {
    if (this.#peer !== peer) return;
    this.#peer = undefined;
    peer.close(1000);
    if (this.#closed.signal.aborted) return;
    if (OVER.has(code)) return void this.#over(code);
    this.#options.onLost();
    void this.open();
  }
}

const BOUNDARY = { isBetweenFrames: true, isBetweenMessages: true };
const NO_DIAL: DialOutcome = {
  kind: 'failed',
  refusal: { status: 502, code: 'upstream_unreachable', message: 'the sideband could not be dialled' },
};

function codeOf(end: ReadEnd): number {
  const close = closeOf(end);
  return close !== undefined && 'code' in close ? close.code : 1006;
}
