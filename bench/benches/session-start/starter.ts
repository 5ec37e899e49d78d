// Starts sessions one at a time in a process of its own, and says what each step of a start took.

import type { RunningContender } from '../../bench.ts';
import { startRpcProcess } from '../../machine/rpc.ts';

/** Milliseconds: each step after the one before it, and all of them. */
export interface SessionStart {
  /** Time from the dialling to the TCP connection. */
  readonly tcp: number;
  /** Time until the handshake of TLS is done; next to nothing without TLS. */
  readonly tls: number;
  /** Time from the request to the end of the head of the 101. */
  readonly upgrade: number;
  /** Time from there to the last byte of the first event of the provider. */
  readonly event: number;
  readonly total: number;
}

export interface StartPlan {
  /** ws: or wss:, with an address for a host. */
  readonly url: string;
  readonly headers: RunningContender['headers'];
  /** PEM file that signed the certificate. */
  readonly ca?: string;
  readonly count: number;
  /** Pause from the end of one session to the start of the next. */
  readonly pauseMs: number;
}

export interface SessionStarter {
  /** Throws when one is refused, or is silent for two seconds. */
  start(starts: StartPlan): Promise<readonly SessionStart[]>;
  stop(): Promise<void>;
}

export function startSessionStarter(): SessionStarter {
  const child = startRpcProcess(new URL('./process.ts', import.meta.url));
  return { start: (starts) => child.call('start', starts), stop: child.stop };
}
