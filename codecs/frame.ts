// A WebSocket message, which the gateway passes on. Its bytes are never changed.

/** A WebSocket message. `at`: time of receipt in monotonic milliseconds (`performance.now()`). */
export type Frame = { readonly data: Buffer; readonly binary: boolean; readonly at: number };

/** Upstream is toward the provider, downstream is toward the client. */
export type Direction = 'upstream' | 'downstream';

/** `both[direction]` for the hot path: a varying key costs V8 a lookup by hash. */
export function inDirection<T>(both: Readonly<Record<Direction, T>>, direction: Direction): T {
  return direction === 'upstream' ? both.upstream : both.downstream;
}
