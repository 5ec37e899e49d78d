// Whether a peer is still there, judged on any byte it sends: real providers answered pings only after 8 to 30 seconds.

import { performance } from 'node:perf_hooks';
import type { Peer } from './peer.ts';

export interface HeartbeatOptions {
  readonly peer: Peer;
  /** While we do not read the peer, or it has yet to take what is queued, its silence says nothing. */
  readonly isHeldBack: () => boolean;
  readonly pingMs: number;
  readonly silenceMs: number;
  readonly onSilent: () => void;
}

/** Looks this often in one `pingMs`, so that a silent peer is found within a third of it. */
const LOOKS = 3;

/** Pings the peer, and reports it once when nothing came for `silenceMs`. Returns the function that stops the watch. */
export function startHeartbeat({ peer, isHeldBack, pingMs, silenceMs, onSilent }: HeartbeatOptions): () => void {
  let bytesRead = peer.socket.bytesRead;
  let heardAt = performance.now();
  let looks = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    const heldBack = isHeldBack();
    if (peer.socket.bytesRead !== bytesRead || heldBack) heardAt = now;
    bytesRead = peer.socket.bytesRead;
    if (now - heardAt >= silenceMs) return onSilent();
    looks += 1;
    // Nobody would see the answer, and a peer gives up when too many of its answers wait.
    if (looks % LOOKS === 0 && !heldBack) peer.ping();
  }, pingMs / LOOKS);
  return () => clearInterval(timer);
}
