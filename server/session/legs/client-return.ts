// Lets a session wait for a client that went away without a word. What its provider says meanwhile is kept; the client comes back at another socket, and
// gets what it has not got.

import type { Socket } from 'node:net';
import type { MovingState } from '../../ipc/session-record.ts';
import type { Peer } from '../../transport/peer.ts';
import type { Survives } from '../../transport/upgrade.ts';
import type { ClientGate, ClientRule } from '../hold/client-gate.ts';
import type { Link } from '../link/link.ts';
import type { Tap } from '../tap/tap.ts';
import { SentMessages } from './sent-messages.ts';

/** The means of a session that goes on without its client for a while. */
export interface ClientSurvival {
  /** Longest time without it. */
  readonly maxMs: number;
  /** Most bytes of messages that are kept for it. */
  readonly maxBytes: number;
  /** Digest of the credential that opened the session, which alone may come back to it; undefined where there was none. */
  readonly owner: string | undefined;
  /** See `UpgradeAnswer`. */
  readonly survives: Survives;
  /** Set where another process had the session before. */
  readonly before?: Pick<MovingState, 'received' | 'sent' | 'kept'> | undefined;
}

interface ClientReturnOptions {
  readonly survival: ClientSurvival;
  readonly tap: Pick<Tap, 'returned'>;
  readonly client: Peer;
  /** The link toward the client. */
  readonly downstream: () => Link;
  isOpen(): boolean;
  /** Ends the session: the client did not come back. */
  onOver(): void;
}

export class ClientReturn {
  /** The rule that lets every message pass, as a whole: what was begun when the client left goes nowhere. */
  readonly rule: ClientRule = { verdictOn: () => undefined, goesOn: () => true };
  readonly sent: SentMessages;
  #gate: Pick<ClientGate, 'forgetUnfinished'> | undefined;
  readonly #options: ClientReturnOptions;
  #received = 0;
  #expiresAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #leftAt = 0;

  constructor(options: ClientReturnOptions) {
    this.#options = options;
    const { maxBytes, before } = options.survival;
    this.sent = new SentMessages(maxBytes, before);
    this.#received = before?.received ?? 0;
  }

  get owner(): string | undefined {
    return this.#options.survival.owner;
  }

  get survives(): Survives {
    return this.#options.survival.survives;
  }

  get isAway(): boolean {
    return this.#expiresAt !== undefined;
  }

  /** The messages of the client that were taken, those that it was sent, and the time until which it may come back (ms since the epoch). */
  get state(): { readonly received: number; readonly sent: number; readonly expiresAt?: number | undefined } {
    return { received: this.#received, sent: this.sent.count, expiresAt: this.#expiresAt };
  }

  /** Takes what reads the client. */
  over(gate: Pick<ClientGate, 'forgetUnfinished'>): void {
    this.#gate = gate;
  }

  /** Counts a whole message of the client. */
  readonly took = (): void => {
    this.#received += 1;
  };

  /** Takes the loss of the client. False: the session ends with it. */
  leaves(): boolean {
    const { survival, isOpen, downstream, onOver } = this.#options;
    if (!isOpen()) return false;
    if (this.isAway) return true;
    downstream().targetLeft();
    this.#gate?.forgetUnfinished();
    this.#expiresAt = Date.now() + survival.maxMs;
    this.#leftAt = performance.now();
    this.#timer = setTimeout(onOver, survival.maxMs);
    return true;
  }

  /** Tells whether a client can come back that has got so many messages. */
  mayComeBack(received: number): boolean {
    return this.#options.isOpen() && this.sent.has(received);
  }

  /** Goes on with the client at this socket, which has its 101. */
  comesBack(socket: Socket, received: number): void {
    const { client, downstream, tap } = this.#options;
    // The former socket may not have noticed that its network is gone.
    this.leaves();
    this.stop();
    client.adopt(socket);
    tap.returned(this.#leftAt, performance.now() - this.#leftAt);
    downstream().targetCame(received);
  }

  /** Sends a client that came here, and has got so many of all messages, those behind them. */
  isHere(received: number): void {
    const { downstream } = this.#options;
    downstream().targetLeft();
    downstream().targetCame(received);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#expiresAt = undefined;
  }
}
