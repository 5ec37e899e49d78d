// Starts sessions one at a time in a process of its own, and says what each step of a start took.

import type { Running } from '../bench.ts';
import { startRemote } from './remote.ts';

/** Milliseconds: each step after the one before it, and all of them. */
export interface SessionStart {
  /** From the dialling to the TCP connection. */
  readonly tcp: number;
  /** Until the handshake of TLS is done; without TLS next to nothing. */
  readonly tls: number;
  /** From the request to the end of the head of the 101. */
  readonly upgrade: number;
  /** From there to the last byte of the first event of the provider. */
  readonly event: number;
  readonly total: number;
}

export interface Starts {
  /** ws: or wss:, with an address for a host. */
  readonly url: string;
  readonly headers: Running['headers'];
  /** PEM file that signed the certificate. */
  readonly ca?: string;
  readonly count: number;
  /** From the end of one session to the start of the next. */
  readonly pauseMs: number;
}

export interface Starter {
  /** Throws when one is refused, or is silent for two seconds. */
  start(starts: Starts): Promise<readonly SessionStart[]>;
  stop(): Promise<void>;
}

export function startStarter(): Starter {
  const remote = startRemote(new URL('./starter-process.ts', import.meta.url));
  return { start: (starts) => remote.ask('start', starts), stop: remote.stop };
}
