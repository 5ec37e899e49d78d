// Runs the timers that may end a session: silence of a peer, no message for too long, the longest duration. That of the provider is with its leg.
// Rule: no timer does anything for a single frame.

import { performance } from 'node:perf_hooks';
import type { Limits } from '../../config/config.ts';
import { type HeartbeatOptions, startHeartbeat } from '../../transport/heartbeat.ts';
import type { Peer } from '../../transport/peer.ts';
import { type CloseReason, reasons, sessionLimit } from '../close-reason.ts';
import type { Link } from '../link/link.ts';

interface TimersOptions {
  readonly limits: Pick<Limits, 'sessionMs' | 'idleMs'>;
  /** See `SessionSubject`. */
  readonly maxSeconds: number | undefined;
  /** Monotonic ms. */
  readonly lastFrameAt: () => number;
  readonly end: (reason: CloseReason) => void;
}

interface SessionTimersOptions extends TimersOptions {
  readonly client: WatchedPeer;
  readonly limits: Pick<Limits, 'pingMs' | 'sessionMs' | 'idleMs'>;
}

interface WatchedPeer {
  readonly peer: Peer;
  /** The link that writes to the peer. */
  readonly linkToPeer: Pick<Link, 'isCongested'>;
}

/** Returns the function that stops them all. */
export function startSessionTimers({ client, limits, ...times }: SessionTimersOptions): () => void {
  const { pingMs } = limits;
  const onSilent = () => times.end(reasons.clientSilent);
  const stopWatching = watchSilence(client, { pingMs, silenceMs: 2 * pingMs, onSilent });
  const stopTimers = startTimers({ limits, ...times });
  return () => {
    stopWatching();
    stopTimers();
  };
}

/** Runs those timers that a session without a socket of its client has, too. Returns the function that stops them. */
export function startTimers({ limits, maxSeconds, lastFrameAt, end }: TimersOptions): () => void {
  const { sessionMs, idleMs } = limits;
  const stops: (() => void)[] = [];
  if (sessionMs > 0) stops.push(startTimer(sessionMs, () => end(reasons.durationReached)));
  if (maxSeconds !== undefined) stops.push(startTimer(1000 * maxSeconds, () => end(sessionLimit(maxSeconds))));
  if (idleMs > 0) stops.push(startIdleTimer(idleMs, lastFrameAt, () => end(reasons.idle)));
  return () => {
    for (const stop of stops) stop();
  };
}

function startTimer(ms: number, onOver: () => void): () => void {
  const timer = setTimeout(onOver, ms);
  return () => clearTimeout(timer);
}

type HeartbeatTimes = Omit<HeartbeatOptions, 'peer' | 'isHeldBack'>;

/** Returns the function that stops it. */
export function watchSilence({ peer, linkToPeer }: WatchedPeer, times: HeartbeatTimes): () => void {
  return startHeartbeat({ ...times, peer, isHeldBack: () => peer.isPaused || linkToPeer.isCongested });
}

/** Fires when the time would be over; starts again for the rest of the time when a frame has passed since. */
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
