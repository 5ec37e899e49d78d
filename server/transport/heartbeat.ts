// Tells when a peer has sent nothing for `silenceMs`. Any byte counts: real providers answered pings only after 8 to 30 seconds.

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

/**
 * Pings the peer, and reports it once when nothing came for `silenceMs`. Returns the function that stops the heartbeat. Checks are counted, and
 * not the time: where this process stood still, what the peer sent meanwhile is read before the next check.
 */
export function startHeartbeat({ peer, isHeldBack, pingMs, silenceMs, onSilent }: HeartbeatOptions): () => void {
  const checkMs = pingMs / CHECKS_PER_PING;
  let bytesRead = peer.socket.bytesRead;
  let silentMs = 0;
  let checks = 0;
  const timer = setInterval(() => {
    const heldBack = isHeldBack();
    silentMs = peer.socket.bytesRead !== bytesRead || heldBack ? 0 : silentMs + checkMs;
    bytesRead = peer.socket.bytesRead;
    if (silentMs >= silenceMs) return onSilent();
    checks += 1;
    peer.rest();
    // Its answer would not be read, and a peer gives up when too many of its answers wait.
    if (checks % CHECKS_PER_PING === 0 && !heldBack) peer.ping();
  }, checkMs);
  return () => clearInterval(timer);
}
