// The clocks that may end a session: an end that is silent, no message for too long, the longest duration. A frame costs them nothing.

import { performance } from 'node:perf_hooks';
import type { Limits } from '../config/config.ts';
import { startHeartbeat } from '../transport/heartbeat.ts';
import type { Peer } from '../transport/peer.ts';
import { type CloseReason, reasons } from './close-reason.ts';
import type { Link } from './link.ts';

interface SessionTimersOptions {
  readonly client: WatchedPeer;
  readonly provider: WatchedPeer;
  readonly limits: Pick<Limits, 'pingMs' | 'providerSilenceMs' | 'sessionMs' | 'idleMs'>;
  /** Monotonic ms. */
  readonly lastFrameAt: () => number;
  readonly end: (reason: CloseReason) => void;
}

interface WatchedPeer {
  readonly peer: Peer;
  /** The direction that ends at the peer. */
  readonly incoming: Link;
}

/** Returns the function that stops them all. */
export function startSessionTimers({ client, provider, limits, lastFrameAt, end }: SessionTimersOptions): () => void {
  const { pingMs, providerSilenceMs, sessionMs, idleMs } = limits;
  const stops = [
    heartbeat(client, { pingMs, silenceMs: 2 * pingMs, onSilent: () => end(reasons.clientSilent) }),
    heartbeat(provider, { pingMs, silenceMs: providerSilenceMs, onSilent: () => end(reasons.providerSilent) }),
  ];
  if (sessionMs > 0) {
    const timer = setTimeout(() => end(reasons.durationReached), sessionMs);
    stops.push(() => clearTimeout(timer));
  }
  if (idleMs > 0) stops.push(startIdleTimer(idleMs, lastFrameAt, () => end(reasons.idle)));
  return () => {
    for (const stop of stops) stop();
  };
}

interface HeartbeatTimes {
  readonly pingMs: number;
  readonly silenceMs: number;
  readonly onSilent: () => void;
}

function heartbeat({ peer, incoming }: WatchedPeer, times: HeartbeatTimes): () => void {
  return startHeartbeat({ ...times, peer, isHeldBack: () => peer.isPaused || incoming.isCongested });
}

/** Looks only when the time would be over, and sets the timer anew where a frame has passed since. */
function startIdleTimer(idleMs: number, lastFrameAt: () => number, onIdle: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (afterMs: number): void => {
    timer = setTimeout(() => {
      const leftMs = lastFrameAt() + idleMs - performance.now();
      if (leftMs <= 0) onIdle();
      else arm(leftMs);
    }, afterMs);
  };
  arm(idleMs);
  return () => clearTimeout(timer);
}
