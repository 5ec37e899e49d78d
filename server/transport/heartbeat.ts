// Tells when a peer has sent nothing for `silenceMs`. Any byte counts: real providers answered pings only after 8 to 30 seconds.

import { performance } from 'node:perf_hooks';
import type { Peer } from './peer.ts';

export interface HeartbeatOptions {
  readonly peer: Peer;
  /** Tells whether the peer is not read, or has yet to take what is queued: its silence says nothing then. */
  readonly isHeldBack: () => boolean;
  readonly pingMs: number;
  readonly silenceMs: number;
  readonly onSilent: () => void;
}

/** Checks in one `pingMs`, so that a silent peer is found within a third of it. */
const CHECKS_PER_PING = 3;

/** Pings the peer, and reports it once when nothing came for `silenceMs`. Returns the function that stops the heartbeat. */
export function startHeartbeat({ peer, isHeldBack, pingMs, silenceMs, onSilent }: HeartbeatOptions): () => void {
  let bytesRead = peer.socket.bytesRead;
  let heardAt = performance.now();
  let checks = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    const heldBack = isHeldBack();
    if (peer.socket.bytesRead !== bytesRead || heldBack) heardAt = now;
    bytesRead = peer.socket.bytesRead;
    if (now - heardAt >= silenceMs) return onSilent();
    checks += 1;
    peer.rest();
    // Its answer would not be read, and a peer gives up when too many of its answers wait.
    if (checks % CHECKS_PER_PING === 0 && !heldBack) peer.ping();
  }, pingMs / CHECKS_PER_PING);
  return () => clearInterval(timer);
}
