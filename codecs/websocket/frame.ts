// A WebSocket message, which the gateway passes on. Its bytes are never changed.

/** A WebSocket message. `at`: time of receipt in monotonic milliseconds (`performance.now()`). */
export type Frame = { readonly data: Buffer; readonly binary: boolean; readonly at: number };

/** A message of our own: it goes out in one frame. */
export type OutFrame = Omit<Frame, 'at'>;

/** An event as a text message. */
export function jsonFrame(event: object): OutFrame {
  return { data: Buffer.from(JSON.stringify(event)), binary: false };
}

/** Upstream is toward the provider, downstream is toward the client. */
export type Direction = 'upstream' | 'downstream';

/** `both[direction]` for the hot path: a varying key costs V8 a lookup by hash. */
export function inDirection<T>(both: Readonly<Record<Direction, T>>, direction: Direction): T {
  return direction === 'upstream' ? both.upstream : both.downstream;
}
